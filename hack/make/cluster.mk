# The local Kubernetes: built from Go modules, run by hack/cluster. `make cluster-up` is all that is needed.

CLUSTER_STATE ?= $(CURDIR)/.cluster
NODES ?= 3
FAMILY ?= ipv4
CLUSTER_DOMAIN ?= cluster.local

QUORATE_CLUSTER := $(CLUSTER_STATE)/bin/quorate-cluster --state $(CLUSTER_STATE)

.PHONY: cluster-binaries cluster-up cluster-down cluster-status cluster-test

cluster-binaries: ## Build the local Kubernetes (about eight minutes the first time, a second when nothing changed)
	@hack/cluster/build.sh $(CLUSTER_STATE)/bin

cluster-up: cluster-binaries ## Start or mend the local Kubernetes: NODES=3 FAMILY=ipv4|ipv6|dual CLUSTER_DOMAIN=cluster.local
	@$(QUORATE_CLUSTER) up --nodes $(NODES) --family $(FAMILY) --cluster-domain $(CLUSTER_DOMAIN)

cluster-down: ## End the local Kubernetes and leave nothing of it but the built binaries
	@hack/cluster/build.sh $(CLUSTER_STATE)/bin tool
	@$(QUORATE_CLUSTER) down

cluster-status: ## Say what of the local Kubernetes runs
	@$(QUORATE_CLUSTER) status

cluster-test: cluster-binaries ## Test the local Kubernetes itself, on clusters of the test's own
	@cd hack/cluster && QUORATE_CLUSTER_BIN=$(CLUSTER_STATE)/bin go test -count=1 -timeout 20m ./...
