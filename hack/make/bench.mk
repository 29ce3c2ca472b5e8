# Figures, measured on the local Kubernetes beside a bare StatefulSet of plain etcd.

BENCH_ETCD_IMAGE := quorate.dev/bench-etcd:bench
BENCH_PEER_IMAGE := quorate.dev/bench-peer:bench
BENCH_RUNS ?= 5
BENCH_ROUNDS ?= 3
BENCH_ONLY ?=

bench_dir := .images

bench_sweep := $(if $(BENCH_ONLY),$(findstring crashsweep,$(BENCH_ONLY)),crashsweep)

.PHONY: bench

bench: e2e-install load-image-load $(bench_dir)/bench-etcd.tar $(bench_dir)/bench-peer.tar $(bench_sweep:%=$(bench_dir)/%.json) ## Measure creation, puts, silence, memory, changes of the size, backups; BENCH_ONLY=scale,replace BENCH_RUNS=5
	@$(QUORATE_CLUSTER) load $(bench_dir)/bench-etcd.tar $(bench_dir)/bench-peer.tar
	@mkdir -p bin && go build -o bin/bench ./test/bench
	@bin/bench --kubeconfig "$(CLUSTER_STATE)/kubeconfig" --runs $(BENCH_RUNS) --rounds $(BENCH_ROUNDS) --only "$(BENCH_ONLY)" \
		--load-image "$(LOAD_IMAGE)" --client-image quorate.dev/e2e-client:e2e --crashsweep $(bench_dir)/crashsweep.json \
		--etcd-image "$(BENCH_ETCD_IMAGE)" --peer-image "$(BENCH_PEER_IMAGE)" --etcd-version "$(ETCD_VERSION)"

# A sweep of this very operator, if only its short form. Where it finds
# failures, its figures say so; where it does not end, there are none.
$(bench_dir)/crashsweep.json: $(bench_dir)/bin/operator-faults | e2e-install
	@rm -f $@
	-@E2E_KUBECONFIG=$(CLUSTER_STATE)/kubeconfig go test ./test/e2e -count=1 -timeout $(E2E_TIMEOUT) -parallel $(E2E_PARALLEL) -run '^TestCrashSweep$$'

# Upstream's own main, as the control plane runs it. Made each time: the same binary gives the same image.
$(bench_dir)/bench-etcd.tar: FORCE | cluster-binaries
	@$(QUORATE_CLUSTER) image --name $(BENCH_ETCD_IMAGE) --binary $(CLUSTER_STATE)/bin/etcd:/etcd --entrypoint /etcd --user $(images_user) --out $@

# etcdctl as the local control plane has it: one binary with etcd, which becomes what it is called.
$(bench_dir)/bench-peer.tar: $(bench_dir)/bin/bench-peer FORCE | cluster-binaries
	@$(QUORATE_CLUSTER) image --name $(BENCH_PEER_IMAGE) --binary $<:/peer --binary $(CLUSTER_STATE)/bin/etcd:/etcdctl \
		--entrypoint /peer --user $(images_user) --out $@

$(bench_dir)/bin/bench-peer: FORCE
	@mkdir -p $(@D)
	@CGO_ENABLED=0 GOOS=linux go build -trimpath -buildvcs=false -ldflags '-s -w' -o $@.new ./test/bench/peer
	@$(images_replace)
