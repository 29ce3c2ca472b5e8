package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestKubernetesMustBeNewEnough(t *testing.T) {
	for version, wantErr := range map[string]string{
		"v1.37.2":          "",
		"v1.31.0":          "",
		"v1.32.4-gke.1200": "",
		"v1.30.9":          "needs 1.31.0 or later",
		"unknown":          "read the API server's version",
	} {
		err := tooOld(version)
		if (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%s: got %v, want %q", version, err, wantErr)
		}
	}
}

func TestClusterDomainIsReadFromTheSearchList(t *testing.T) {
	for content, want := range map[string][]string{
		"search apps.svc.corp.example svc.corp.example corp.example\nnameserver 10.96.0.10\n": {"corp.example"},
		"nameserver 192.0.2.1\n": nil,
		"search\n":               nil,
	} {
		path := filepath.Join(t.TempDir(), "resolv.conf")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := clusterDomains(path); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", content, got, want)
		}
	}
	if got := clusterDomains(filepath.Join(t.TempDir(), "missing")); got != nil {
		t.Errorf("without the file: got %v", got)
	}
}
