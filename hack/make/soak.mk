# Longer runs: the local Kubernetes' own tests, the end-to-end tests again and again, every write disturbed, the planner and the agent under the race detector, and IPv6.

SOAK_ROUNDS ?= 5
SOAK_IPV6_STATE ?= $(CURDIR)/dist/ipv6

.PHONY: soak soak-e2e soak-restore soak-sweep soak-race soak-ipv6

soak: ## Run for hours: end-to-end again and again in random order, every write disturbed, races, IPv6; SOAK_ROUNDS=5
	@hack/make/stages.sh cluster-test soak-race soak-restore e2e-install e2e-certmanager soak-e2e soak-sweep soak-ipv6

# Each round shuffles the tests by a seed that go test prints: -shuffle=SEED repeats it.
soak-e2e:
	@for round in $$(seq 1 $(SOAK_ROUNDS)); do \
		echo "round $$round of $(SOAK_ROUNDS)"; \
		E2E_KUBECONFIG="$(CLUSTER_STATE)/kubeconfig" \
			go test ./test/e2e -count=1 -timeout $(E2E_TIMEOUT) -parallel $(E2E_PARALLEL) -shuffle=on -run "$(RUN)"; \
	done

# Each change that a restore makes to a volume is its last.
soak-restore:
	@QUORATE_AGENT_SWEEP=all go test -count=1 -timeout 30m -run '^TestRestoreKilledAtEachChange$$' ./internal/agent

# Each write of each scenario fails, loses its reply, and is the operator's last.
soak-sweep: e2e-faults ## Disturb every write of the operator in turn: crash sweep, an hour; part of soak
	@QUORATE_SWEEP=all E2E_KUBECONFIG="$(CLUSTER_STATE)/kubeconfig" \
		go test ./test/e2e -count=1 -timeout 4h -parallel $(E2E_PARALLEL) -run '^TestCrashSweep$$'
	@$(e2e_tell_sweep)

# What runs in several goroutines, and the planner's exploration.
soak-race:
	@go test -race -count=1 -timeout 20m ./internal/...

# A second Kubernetes in a state folder of its own, which knows no IPv4 at all: the demo is the test.
soak-ipv6: cluster-binaries
	@mkdir -p $(SOAK_IPV6_STATE) && ln -sfn $(CLUSTER_STATE)/bin $(SOAK_IPV6_STATE)/bin
	@trap '$(MAKE) --no-print-directory cluster-down CLUSTER_STATE=$(SOAK_IPV6_STATE)' EXIT; \
		$(MAKE) --no-print-directory demo CLUSTER_STATE=$(SOAK_IPV6_STATE) FAMILY=ipv6
