# Everything that is checked without running the code.

GOLANGCI_LINT_VERSION := v2.15.0

golangci_lint := bin/golangci-lint-$(GOLANGCI_LINT_VERSION)

# The modules that are ours to read. hack/versitygw and what lies below hack/cluster in modules of its own only name what to
# build.
lint_modules := . hack/cluster hack/certmanager test/linearizability

# What `make generate` writes.
lint_generated = git ls-files -z --cached --others --exclude-standard -- api config | xargs -0 sha256sum

.PHONY: lint lint-format lint-vet lint-go lint-lines lint-modules lint-generated lint-kustomize lint-sizes

lint: lint-format lint-vet lint-go lint-lines lint-modules lint-generated lint-kustomize lint-sizes ## Check formatting, code, modules, generated files and manifests

lint-format:
	@unformatted=$$(git ls-files --cached --others --exclude-standard '*.go' | xargs -r ls -d 2>/dev/null | xargs -r gofmt -l); \
	test -z "$$unformatted" || { echo "not formatted; run gofmt -w on:"; echo "$$unformatted"; exit 1; } >&2

lint-vet:
	@for module in $(lint_modules); do (cd $$module && go vet ./...); done

lint-go: $(golangci_lint)
	@for module in $(lint_modules); do (cd $$module && $(CURDIR)/$(golangci_lint) run --config $(CURDIR)/.golangci.yml); done

# Go's tidy looks at all files whatever their tags, and stumbles over packages that only etcd 3.5 has. So it is shown the
# root without the adapter to that line.
lint_overlay := dist/tidy-overlay.json

.PHONY: tidy
tidy: $(lint_overlay) ## Tidy the root's go.mod and go.sum; plain go mod tidy cannot
	@go mod tidy -overlay=$(lint_overlay)

$(lint_overlay): FORCE
	@mkdir -p $(@D)
	@printf '{"Replace":{%s}}' "$$(ls internal/agent/line_35*.go | sed 's/.*/"&":""/' | paste -sd,)" > $@

lint-modules: $(lint_overlay)
	@go mod tidy -diff -overlay=$(lint_overlay) || { echo "go.mod or go.sum is not tidy; run: make tidy" >&2; exit 1; }
	@for module in $(filter-out .,$(lint_modules)); do \
		(cd $$module && go mod tidy -diff) || { echo "go.mod or go.sum is not tidy; run: (cd $$module && go mod tidy)" >&2; exit 1; }; \
	done

lint-generated:
	@before=$$($(lint_generated)); \
	$(MAKE) --no-print-directory generate; \
	after=$$($(lint_generated)); \
	changed=$$(diff <(echo "$$before") <(echo "$$after") | awk '/^>/ { print $$3 }'); \
	test -z "$$changed" || { echo "generated files were stale; make generate has mended them, commit:"; echo "$$changed"; exit 1; } >&2

# Its tests build every kustomization and judge what comes out.
lint-kustomize:
	@go test ./config

# A report, not a limit: STYLE asks a question at 300 lines.
lint-sizes:
	@git ls-files --cached --others --exclude-standard '*.go' | grep -v -E 'zz_generated|_test\.go$$' | xargs -r wc -l 2>/dev/null \
		| awk '$$2 != "total" && $$1 > 300 { print "long file: " $$2 ", " $$1 " lines"; n++ } END { if (!n) print "no file above 300 lines" }'

$(golangci_lint):
	@echo "lint: building golangci-lint $(GOLANGCI_LINT_VERSION), a minute the first time"
	@mkdir -p bin
	@GOBIN=$(CURDIR)/bin/.install go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@mv bin/.install/golangci-lint $@
