# Quorate's commands. `make` alone lists them. Each group has its file in hack/make.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

include $(sort $(wildcard hack/make/*.mk))

# The stages of `make test`, cheap ones first: a slip shows before Kubernetes is built.
test_stages := lint test-unit test-stores test-lines cluster-binaries test-api cluster-up e2e test-docs

# These packages need a Kubernetes: test-api, e2e and test-docs run them.
# What hack/cluster tests by making clusters of its own takes minutes, and runs in `make soak`.
api_packages := ./controllers/... ./test/api/...
unit_packages = $$(go list ./... | grep -v -E '/(controllers|test/(api|e2e|docs/run))(/|$$)')

# Packages without a test need no line of their own.
tests_only := { grep -v 'no test files' || true; }

.PHONY: help test test-unit test-api test-docs

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z][a-z0-9-]*:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST) | sort

test: ## Run every test: lint, unit, API tests, end-to-end on a real Kubernetes that it starts
	@hack/make/stages.sh $(test_stages)

test-unit: dist/versitygw ## Run the tests that need no Kubernetes
	@go test $(unit_packages) | $(tests_only)
	@cd hack/cluster && go test $$(go list ./... | grep -v '/test$$') | $(tests_only)

test-api: cluster-binaries ## Run the tests against a real kube-apiserver
	@KUBEBUILDER_ASSETS="$(CURDIR)/.cluster/bin" go test $(api_packages)

test-docs: cluster-up images-load load-image-load ## Run the commands of the documentation on the local Kubernetes
	@CLUSTER_STATE="$(CLUSTER_STATE)" go test -count=1 -timeout 20m ./test/docs/run
