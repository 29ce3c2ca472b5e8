//go:build faults

package fault

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// afresh sets the environment of a process that has written nothing yet.
func afresh(t *testing.T, fault string) (log, once string) {
	t.Helper()
	writes.all, writes.named = 0, nil
	dir := t.TempDir()
	log, once = filepath.Join(dir, "log"), filepath.Join(dir, "once")
	t.Setenv("QUORATE_FAULT", fault)
	t.Setenv("QUORATE_FAULT_ONCE", once)
	t.Setenv("QUORATE_WRITES", log)
	return log, once
}

// server counts the requests that reach it, and refuses the first ones.
func server(t *testing.T, refusals int) (url string, reached *int) {
	t.Helper()
	reached = new(int)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		*reached++
		if *reached <= refusals {
			w.WriteHeader(http.StatusConflict)
			return
		}
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(s.Close)
	return s.URL, reached
}

func call(t *testing.T, method, url, body string) error {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: Kubernetes(http.DefaultTransport)}).Do(req)
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	return err
}

func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

const (
	pods    = "/api/v1/namespaces/a/pods"
	cluster = "/apis/etcd.quorate.dev/v1alpha1/namespaces/a/etcdclusters/demo/status?fieldManager=quorate"
)

func TestWritesAreNamed(t *testing.T) {
	log, _ := afresh(t, "")
	url, _ := server(t, 0)
	for _, c := range [][3]string{
		{"GET", pods, ""},
		{"POST", pods, "{}"},
		{"POST", pods, "{}"},
		{"POST", pods + "/demo-0/eviction", "{}"},
		{"PATCH", cluster, `{"status":{"intent":{"action":"Join","number":3}}}`},
		{"PATCH", cluster, `{"status":{"intent":{"number":4}}}`},
		{"POST", "/apis/coordination.k8s.io/v1/namespaces/a/leases", "{}"},
		{"PATCH", "/apis/events.k8s.io/v1/namespaces/a/events/b", "{}"},
		{"POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", "{}"},
	} {
		if err := call(t, c[0], url+c[1], c[2]); err != nil {
			t.Fatal(err)
		}
	}
	want := "1\tPOST pods#1\t201 Created\n" +
		"2\tPOST pods#2\t201 Created\n" +
		"3\tPOST pods/demo-0/eviction#1\t201 Created\n" +
		"4\tPATCH etcdclusters/demo/status Join#1\t201 Created\n" +
		"5\tPATCH etcdclusters/demo/status quorate#1\t201 Created\n"
	if got := content(t, log); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestOneWriteFailsOnce(t *testing.T) {
	for _, c := range []struct {
		fault   string
		reached int
		log     string
	}{
		{"2:fail", 2, "2\tPOST pods#2\tnot sent"},
		{"POST pods#2:fail", 2, "2\tPOST pods#2\tnot sent"},
		{"POST pods#2:lose", 3, "2\tPOST pods#2\t201 Created, lost"},
	} {
		log, once := afresh(t, c.fault)
		url, reached := server(t, 0)
		for n := 1; n <= 3; n++ {
			if err := call(t, "POST", url+pods, "{}"); (err != nil) != (n == 2) {
				t.Errorf("%s: write %d: %v", c.fault, n, err)
			}
		}
		if *reached != c.reached || !strings.Contains(content(t, log), c.log+"\n") {
			t.Errorf("%s: %d writes were sent, log\n%s", c.fault, *reached, content(t, log))
		}
		writes.all, writes.named = 0, nil // the next process
		for n := 1; n <= 3; n++ {
			if err := call(t, "POST", url+pods, "{}"); err != nil {
				t.Errorf("%s happened again, though there is %s: %v", c.fault, once, err)
			}
		}
	}
}

// TestRefusalsAreNotLost: a write that is tried until it is accepted is one, and
// only then its reply is lost.
func TestRefusalsAreNotLost(t *testing.T) {
	log, _ := afresh(t, "POST pods#1:lose")
	url, _ := server(t, 2)
	for n := 1; n <= 4; n++ {
		if err := call(t, "POST", url+pods, "{}"); (err != nil) != (n == 3) {
			t.Errorf("write %d: %v", n, err)
		}
	}
	want := "1\tPOST pods#1\t409 Conflict\n2\tPOST pods#1\t409 Conflict\n3\tPOST pods#1\t201 Created, lost\n4\tPOST pods#2\t201 Created\n"
	if got := content(t, log); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestDeath: the write was sent and told before the process ended.
func TestDeath(t *testing.T) {
	if url := os.Getenv("FAULT_TEST_URL"); url != "" {
		_ = call(t, "DELETE", url+pods+"/demo-0", "")
		return
	}
	log, _ := afresh(t, "DELETE pods/demo-0#1:die")
	url, reached := server(t, 0)
	child := exec.Command(os.Args[0], "-test.run=^TestDeath$")
	child.Env = append(os.Environ(), "FAULT_TEST_URL="+url)
	err := child.Run()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 137 {
		t.Errorf("the process ended with %v", err)
	}
	if got := content(t, log); *reached != 1 || got != "1\tDELETE pods/demo-0#1\t201 Created, died\n" {
		t.Errorf("%d writes were sent, log\n%s", *reached, got)
	}
}

func TestChangesOfEtcd(t *testing.T) {
	log, _ := afresh(t, "etcd MemberAdd#1:lose")
	sent := 0
	invoke := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
		sent++
		return nil
	}
	ask := func(method string, req any) error {
		return intercept(context.Background(), method, req, nil, nil, invoke)
	}
	if err := ask(etcdserverpb.Cluster_MemberAdd_FullMethodName, &etcdserverpb.MemberAddRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("the lost reply is %v", err)
	}
	for method, req := range map[string]any{
		etcdserverpb.Cluster_MemberList_FullMethodName: &etcdserverpb.MemberListRequest{},
		etcdserverpb.Maintenance_Alarm_FullMethodName:  &etcdserverpb.AlarmRequest{},
	} {
		if err := ask(method, req); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
	if got := content(t, log); sent != 3 || got != "1\tetcd MemberAdd#1\tOK, lost\n" {
		t.Errorf("%d calls were sent, log\n%s", sent, got)
	}
}
