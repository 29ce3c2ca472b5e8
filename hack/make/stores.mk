# Real servers of what Quorate keeps backups in, for the tests of internal/snapshot/store: built here, started by the tests.

.PHONY: test-stores store-servers

test-stores: store-servers ## Run the stores' tests against real servers: S3, Google Cloud Storage, Azure
	@go test -tags stores -timeout 5m ./internal/snapshot/store

store-servers: dist/versitygw dist/fake-gcs-server dist/azurite/package-lock.json ## Build the servers that the stores' tests start, into dist/

dist/fake-gcs-server: FORCE
	@mkdir -p $(@D)
	@cd hack/fakegcs && CGO_ENABLED=0 GOOS=linux go build -trimpath -buildvcs=false -ldflags "-s -w" \
		-o $(CURDIR)/$@.new github.com/fsouza/fake-gcs-server
	@$(images_replace)

# The lock file is copied last: it stands for what npm has installed.
dist/azurite/package-lock.json: hack/azurite/package.json hack/azurite/package-lock.json
	@mkdir -p $(@D)
	@cp hack/azurite/package.json hack/azurite/package-lock.json $(@D)/
	@touch -d @0 $@
	@cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
