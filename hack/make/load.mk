# The image of test/load, an etcd client that the demo and the benchmark run in pods.

LOAD_IMAGE ?= ghcr.io/quorate/load:$(VERSION)

.PHONY: load-image load-image-load docker-load-image

load-image: $(images_dir)/load.tar

load-image-load: load-image
	@$(QUORATE_CLUSTER) load $(images_dir)/load.tar

$(images_dir)/bin/load: FORCE
	@mkdir -p $(@D)
	@CGO_ENABLED=0 GOOS=linux go build -trimpath -buildvcs=false -ldflags '-s -w' -o $@.new ./test/load
	@$(images_replace)

$(images_dir)/load.ref: reference = $(LOAD_IMAGE)
$(images_dir)/load.ref: FORCE
	@mkdir -p $(@D)
	@echo "$(reference)" > $@.new
	@$(images_replace)

docker-load-image: $(images_dir)/bin/load ## Build the demo's client image with Docker
	@printf 'FROM scratch\nCOPY load /load\nUSER 65532:65532\nENTRYPOINT ["/load"]\n' \
		| docker build --quiet --tag $(LOAD_IMAGE) --file - $(images_dir)/bin
