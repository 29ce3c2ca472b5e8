.PHONY: generate
generate: ## Regenerate the deep-copy code and the CRDs from the Go types in api/.
	go run ./api/crdgen
