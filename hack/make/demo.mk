# The whole way in one command. Only a word on the command line lets it touch a cluster that it did not make.

CLUSTER = local

.PHONY: demo

demo: ## Start Kubernetes, install Quorate, run an etcd cluster and use it: CLUSTER=local|kind|current
	@mkdir -p bin && go build -o bin/demo ./hack/demo
	@LOAD_IMAGE="$(LOAD_IMAGE)" OPERATOR_IMAGE="$(OPERATOR_IMAGE)" MEMBER_IMAGE="$(MEMBER_IMAGE)" BACKUP_IMAGE="$(BACKUP_IMAGE)" \
		bin/demo --cluster "$(CLUSTER)" --state "$(CLUSTER_STATE)"
