package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	crdDir := flag.String("crd", "config/crd/bases", "folder to write the CustomResourceDefinitions to")
	codeDir := flag.String("deepcopy", "api/v1alpha1", "folder to write zz_generated.deepcopy.go to")
	flag.Parse()
	if err := generate(*crdDir, *codeDir); err != nil {
		fmt.Fprintln(os.Stderr, "crdgen:", err)
		os.Exit(1)
	}
}
