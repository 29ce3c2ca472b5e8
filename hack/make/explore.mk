# A longer search for histories in which the planner breaks a promise. The same seed walks the same ways.

MINUTES ?= 10
SEED ?= 0

.PHONY: explore

explore: ## Explore the planner: every history of small worlds, then random ones: MINUTES=10 SEED=0 (by the clock)
	@mkdir -p bin && go build -o bin/explore ./internal/plan/sim/explore
	@bin/explore -minutes $(MINUTES) -seed $(SEED)
