# A real S3 server for the tests, built as its module is: hack/versitygw.

.PHONY: e2e-stores

e2e-stores: cluster-up $(images_dir)/versitygw.tar ## Build the S3 server of the tests and load it into the local Kubernetes
	@$(QUORATE_CLUSTER) load $(images_dir)/versitygw.tar

dist/versitygw: FORCE
	@mkdir -p $(@D)
	@cd hack/versitygw && CGO_ENABLED=0 GOOS=linux go build -trimpath -buildvcs=false -ldflags "-s -w" \
		-o $(CURDIR)/$@.new github.com/versity/versitygw/cmd/versitygw
	@$(images_replace)

$(images_dir)/versitygw.tar: dist/versitygw | images-tool
	@mkdir -p $(@D)
	@$(QUORATE_CLUSTER) image --name quorate.dev/e2e-versitygw:e2e --binary $<:/versitygw --entrypoint /versitygw --user $(images_user) --out $@
