# One source of the member, three release lines of etcd: hack/etcd has a go.mod for each that is not the root's.

lines := $(sort $(patsubst hack/etcd/%/go.mod,%,$(wildcard hack/etcd/*/go.mod)))
lines_packages := ./internal/agent ./cmd/member
lines_flags = -modfile=hack/etcd/$$line/go.mod -tags=etcd$${line/./}

.PHONY: member-image test-lines lint-lines

member-image: $(images_dir)/member-$(ETCD_VERSION).tar ## Build the member's image with an etcd release into .images/: ETCD_VERSION=3.6.16

$(images_dir)/bin/member-$(ETCD_VERSION): FORCE
	@mkdir -p $(@D)
	@GOOS=linux hack/etcd/build.sh $(ETCD_VERSION) $@.new -trimpath -buildvcs=false -ldflags "$(images_ldflags)"
	@$(images_replace)

$(images_dir)/member-$(ETCD_VERSION).ref: reference = $(MEMBER_IMAGE)
$(images_dir)/member-$(ETCD_VERSION).ref: FORCE
	@mkdir -p $(@D)
	@echo "$(reference)" > $@.new
	@$(images_replace)

$(images_dir)/member-$(ETCD_VERSION).tar: $(images_dir)/bin/member-$(ETCD_VERSION) $(images_dir)/member-$(ETCD_VERSION).ref | images-tool
	@$(QUORATE_CLUSTER) image --name "$$(cat $(images_dir)/member-$(ETCD_VERSION).ref)" --binary $<:/member \
		--entrypoint /member --user $(images_user) --out $@

# Last, one cluster goes through all lines: each member is a process of the line's own test binary.
test-lines: ## Run the member's tests on the other release lines of etcd, and take clusters from one line to the next
	@for line in $(lines); do \
		echo "etcd $$line"; \
		go test $(lines_flags) $(lines_packages) | $(tests_only); \
		go test -c -o dist/lines/$$line.test $(lines_flags) ./internal/agent; \
	done
	@echo "from line to line"
	@AGENT_TEST_LINES="$(CURDIR)/dist/lines" go test -count=1 -tags=lines -run '^TestLines' ./internal/agent

# That each line's go.mod is complete, and its adapter good. The root's own go.mod is looked at by lint-modules. The linter
# cannot be given another go.mod: it sees a copy that has it.
lint-lines: $(golangci_lint)
	@for line in $(lines); do \
		go list $(lines_flags) -mod=readonly -deps -test $(lines_packages) >/dev/null || exit 1; \
		tree=dist/lines/$$line; rm -rf $$tree; mkdir -p $$tree/cmd; \
		cp hack/etcd/$$line/go.* $$tree/; cp -r cmd/member $$tree/cmd/; cp -r internal $$tree/; \
		(cd $$tree && $(CURDIR)/$(golangci_lint) run --config $(CURDIR)/.golangci.yml --build-tags etcd$${line/./} $(lines_packages)); \
	done
