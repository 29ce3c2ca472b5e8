# The images of operator, member and backup: with Docker, or without.

VERSION ?= v0.1.0
ETCD_VERSION ?= 3.7.3
OPERATOR_IMAGE ?= ghcr.io/quorate/operator:$(VERSION)
MEMBER_IMAGE ?= ghcr.io/quorate/member:$(VERSION)-etcd$(ETCD_VERSION)
BACKUP_IMAGE ?= ghcr.io/quorate/backup:$(VERSION)

images_dir := .images
images_tars := $(images_dir)/operator.tar $(images_dir)/member.tar $(images_dir)/backup.tar
images_user := 65532:65532
images_ldflags = -s -w -X github.com/quorate/quorate/internal/version.Version=$(VERSION)
images_etcd = $$(go list -m -f '{{.Version}}' go.etcd.io/etcd/server/v3)

# Keep the old file when the new one is the same: what depends on it then stays.
images_replace = if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

.PHONY: images images-load docker-images images-tool images-etcd-version FORCE
FORCE:

images: $(images_tars) ## Build the three images into .images/, without Docker

images-load: images ## Load the three images into the local cluster
	@$(QUORATE_CLUSTER) load $(images_tars)

docker-images: ## Build the three images with Docker: ETCD_VERSION=3.6.16
	docker build --target operator --build-arg VERSION=$(VERSION) --tag $(OPERATOR_IMAGE) .
	docker build --target member --build-arg VERSION=$(VERSION) --build-arg ETCD_VERSION=$(ETCD_VERSION) --tag $(MEMBER_IMAGE) .
	docker build --target backup --build-arg VERSION=$(VERSION) --tag $(BACKUP_IMAGE) .

# The member's tag promises an etcd release: refuse to build another one under it.
images-etcd-version:
	@test "v$(ETCD_VERSION)" = "$(images_etcd)" || { \
		echo "ETCD_VERSION=$(ETCD_VERSION), but go.mod embeds etcd $(images_etcd): set ETCD_VERSION to that" >&2; exit 1; }

# go build decides what is to be compiled. Without the commit in the binary,
# the same source gives the same file, and no image is made or loaded again.
$(images_dir)/bin/member: images-etcd-version
$(images_dir)/bin/operator $(images_dir)/bin/member $(images_dir)/bin/backup: FORCE
	@mkdir -p $(@D)
	@CGO_ENABLED=0 GOOS=linux go build -trimpath -buildvcs=false -ldflags "$(images_ldflags)" -o $@.new ./cmd/$(@F)
	@$(images_replace)

$(images_dir)/operator.ref: reference = $(OPERATOR_IMAGE)
$(images_dir)/member.ref: reference = $(MEMBER_IMAGE)
$(images_dir)/backup.ref: reference = $(BACKUP_IMAGE)
$(images_dir)/operator.ref $(images_dir)/member.ref $(images_dir)/backup.ref: FORCE
	@mkdir -p $(@D)
	@echo "$(reference)" > $@.new
	@$(images_replace)

# Of the local Kubernetes only the tool is needed here.
images-tool:
	@hack/cluster/build.sh $(CLUSTER_STATE)/bin tool

# The tool is order-only: a new build of it makes no new image.
$(images_dir)/%.tar: $(images_dir)/bin/% $(images_dir)/%.ref | images-tool
	@$(QUORATE_CLUSTER) image --name "$$(cat $(images_dir)/$*.ref)" --binary $(images_dir)/bin/$*:/$* \
		--entrypoint /$* --user $(images_user) --out $@
