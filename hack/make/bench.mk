# Figures, measured on the local Kubernetes beside a bare StatefulSet of plain etcd.

BENCH_ETCD_IMAGE := quorate.dev/bench-etcd:bench
BENCH_RUNS ?= 5

bench_dir := .images

.PHONY: bench

bench: e2e-install load-image-load $(bench_dir)/bench-etcd.tar ## Measure creation, puts, silence and memory; BENCH_RUNS=5
	@$(QUORATE_CLUSTER) load $(bench_dir)/bench-etcd.tar
	@mkdir -p bin && go build -o bin/bench ./test/bench
	@bin/bench --kubeconfig "$(CLUSTER_STATE)/kubeconfig" --runs $(BENCH_RUNS) \
		--load-image "$(LOAD_IMAGE)" --etcd-image "$(BENCH_ETCD_IMAGE)" --etcd-version "$(ETCD_VERSION)"

# Upstream's own main, as the control plane runs it. Made each time: the same binary gives the same image.
$(bench_dir)/bench-etcd.tar: FORCE | cluster-binaries
	@$(QUORATE_CLUSTER) image --name $(BENCH_ETCD_IMAGE) --binary $(CLUSTER_STATE)/bin/etcd:/etcd --entrypoint /etcd --user $(images_user) --out $@
