# End-to-end tests on the local Kubernetes: test/e2e.

RUN ?=
E2E_PARALLEL ?= 4
E2E_TIMEOUT ?= 45m

e2e_dir := .images
e2e_user := 65532:65532
e2e_kubectl = $(CLUSTER_STATE)/bin/kubectl --kubeconfig $(CLUSTER_STATE)/kubeconfig
e2e_tars := $(e2e_dir)/operator-faults.tar $(e2e_dir)/e2e-client.tar $(e2e_dir)/kube-apiserver.tar $(e2e_dir)/certmanager.tar \
	$(e2e_dir)/versitygw.tar
# The releases of etcd that tests go through beside the usual one.
e2e_releases := 3.5.35 3.6.16 3.7.2
e2e_members := $(e2e_releases:%=$(e2e_dir)/member-%.tar)
# What TestCrashSweep found out: a test that passes prints nothing.
e2e_sweep := $(e2e_dir)/crashsweep.json
e2e_tell_sweep = test ! -f $(e2e_sweep) || { tr -d '{}"' <$(e2e_sweep) | tr ':,' '= '; echo; }

.PHONY: e2e e2e-images e2e-members e2e-install e2e-certmanager e2e-linearizability e2e-faults

e2e: e2e-install e2e-certmanager e2e-linearizability e2e-faults ## Run the end-to-end tests on the local Kubernetes; one of them: make e2e RUN=TestCreate
	@rm -f $(e2e_sweep)
	@E2E_KUBECONFIG=$(CLUSTER_STATE)/kubeconfig go test ./test/e2e -count=1 -timeout $(E2E_TIMEOUT) -parallel $(E2E_PARALLEL) -run "$(RUN)"
	@$(e2e_tell_sweep)

# A module of its own: what judges the histories of e2e is itself under test first.
e2e-linearizability:
	@cd test/linearizability && go test . >/dev/null

# So is what disturbs the operator's writes.
e2e-faults:
	@go test -tags faults ./internal/fault >/dev/null

e2e-images: cluster-up images $(e2e_tars) e2e-members
	@$(QUORATE_CLUSTER) load $(images_tars) $(e2e_tars) $(e2e_members)

e2e-members:
	@for release in $(e2e_releases); do $(MAKE) --no-print-directory member-image ETCD_VERSION=$$release || exit 1; done

# The tag stays the same while the code changes: the annotation makes the pod
# anew when the binary is another one.
e2e-install: e2e-images
	@$(e2e_kubectl) apply --server-side --force-conflicts -k config/default >/dev/null
	@sum=$$(sha256sum <$(e2e_dir)/bin/operator | cut -c1-16); \
		$(e2e_kubectl) -n quorate-system patch deployment quorate-operator --type merge --patch \
		"{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"e2e.quorate.dev/binary\":\"$$sum\"}}}}}" >/dev/null
	@$(e2e_kubectl) -n quorate-system rollout status deployment/quorate-operator --timeout 120s

# cert-manager's own controllers, and its CRDs from the module that they are built from.
e2e-certmanager: e2e-images
	@crds=$$(cd hack/certmanager && go mod download && go list -m -f '{{.Dir}}/deploy/crds' github.com/cert-manager/cert-manager); \
		for crd in $$crds/*.yaml; do $(e2e_kubectl) apply --server-side --force-conflicts -f $$crd >/dev/null; done
	@$(e2e_kubectl) apply --server-side --force-conflicts -f hack/certmanager/deploy.yaml >/dev/null
	@sum=$$(sha256sum <$(e2e_dir)/bin/certmanager | cut -c1-16); \
		$(e2e_kubectl) -n cert-manager patch deployment cert-manager --type merge --patch \
		"{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"e2e.quorate.dev/binary\":\"$$sum\"}}}}}" >/dev/null
	@$(e2e_kubectl) -n cert-manager rollout status deployment/cert-manager --timeout 120s

$(e2e_dir)/bin/certmanager: FORCE
	@mkdir -p $(@D)
	@cd hack/certmanager && CGO_ENABLED=0 GOOS=linux go build -trimpath -buildvcs=false -ldflags "-s -w" -o $(CURDIR)/$@.new .
	@$(images_replace)

$(e2e_dir)/certmanager.tar: $(e2e_dir)/bin/certmanager | images-tool
	@$(QUORATE_CLUSTER) image --name quorate.dev/e2e-certmanager:e2e --binary $<:/certmanager --entrypoint /certmanager --user $(e2e_user) --out $@

# The operator as it is, but for the points at which tests let it die, and the writes that they disturb.
$(e2e_dir)/bin/operator-faults: FORCE
	@mkdir -p $(@D)
	@CGO_ENABLED=0 GOOS=linux go build -tags faults -trimpath -buildvcs=false -ldflags "$(images_ldflags)" -o $@.new ./cmd/operator
	@$(images_replace)

$(e2e_dir)/bin/e2e-client: FORCE
	@mkdir -p $(@D)
	@CGO_ENABLED=0 GOOS=linux go build -trimpath -buildvcs=false -ldflags "-s -w" -o $@.new ./test/e2e/client
	@$(images_replace)

$(e2e_dir)/operator-faults.tar: $(e2e_dir)/bin/operator-faults | images-tool
	@$(QUORATE_CLUSTER) image --name $(OPERATOR_IMAGE)-faults --binary $<:/operator --entrypoint /operator --user $(e2e_user) --out $@

$(e2e_dir)/e2e-client.tar: $(e2e_dir)/bin/e2e-client | images-tool
	@$(QUORATE_CLUSTER) image --name quorate.dev/e2e-client:e2e --binary $<:/client --entrypoint /client --user $(e2e_user) --out $@

# For TestRealAPIServer: the binary becomes what it is called.
$(e2e_dir)/kube-apiserver.tar: $(CLUSTER_STATE)/bin/kubernetes | images-tool
	@$(QUORATE_CLUSTER) image --name quorate.dev/e2e-kube-apiserver:e2e --binary $<:/kube-apiserver --entrypoint /kube-apiserver --user $(e2e_user) --out $@

$(CLUSTER_STATE)/bin/kubernetes: | cluster-binaries
