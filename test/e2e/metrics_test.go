package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// metricsPort is where the operator serves its metrics, over TLS.
const metricsPort = 8443

// TestMetrics: the operator's metrics go to those alone whom the API server
// authenticates and authorizes, and tell of each cluster.
func TestMetrics(t *testing.T) {
	t.Parallel()
	c := sharedCluster(t)
	s := newSpace(t)
	address := operatorMetrics(t)
	stranger, collector := s.account("stranger"), s.account("collector")
	s.mayCollect("collector")
	for name, token := range map[string]string{"nobody": "", "a forged token": "forged", "a stranger": stranger} {
		if status, text := scrape(t, address, token); status < 400 || strings.Contains(text, "quorate_cluster") {
			t.Errorf("%s gets %d from /metrics: %.80s", name, status, text)
		}
	}
	mine := fmt.Sprintf(`name="%s",namespace="%s"`, c.name, c.space.name)
	wanted := []string{
		"quorate_cluster_ready{" + mine + "} 1",
		"quorate_cluster_stalled{" + mine + "} 0",
		"quorate_cluster_quorum_margin{" + mine + "} 1",
		"quorate_cluster_certificate_expiry_timestamp_seconds{" + mine + "}",
		`quorate_cluster_members{healthy="true",` + mine + `,role="Leader"} 1`,
		`quorate_cluster_members{healthy="true",` + mine + `,role="Voter"} 2`,
		"quorate_cluster_database_size_bytes{member=",
		"quorate_cluster_database_in_use_bytes{member=",
		"quorate_cluster_database_quota_bytes{member=",
		"quorate_cluster_actions_total{",
	}
	eventually(t, medium, "the collector sees the cluster", func(context.Context) error {
		status, text := scrape(t, address, collector)
		if status != http.StatusOK {
			return fmt.Errorf("status %d: %s", status, text)
		}
		for _, series := range wanted {
			if !strings.Contains(text, series) {
				return fmt.Errorf("there is no %s", series)
			}
		}
		return nil
	})
}

// operatorMetrics forwards the metrics port of the operator that leads.
func operatorMetrics(t *testing.T) string {
	t.Helper()
	list := &corev1.PodList{}
	if err := world.List(bounded(t), list, client.InNamespace(systemNamespace)); err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		if podReady(&list.Items[i]) == nil {
			return forward(t, systemNamespace, list.Items[i].Name, metricsPort)
		}
	}
	t.Fatal("no operator pod is ready")
	return ""
}

// account makes a ServiceAccount and returns a token of its.
func (s *space) account(name string) string {
	s.t.Helper()
	s.create(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}})
	request := &authenticationv1.TokenRequest{}
	made, err := world.clientset.CoreV1().ServiceAccounts(s.name).CreateToken(bounded(s.t), name, request, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatalf("make a token for %s: %v", name, err)
	}
	return made.Status.Token
}

// mayCollect binds the role that config/rbac makes for collectors.
func (s *space) mayCollect(account string) {
	s.t.Helper()
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: s.name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "quorate-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account, Namespace: s.name}},
	}
	if err := world.Create(bounded(s.t), binding); err != nil {
		s.t.Fatal(err)
	}
	removeAtEnd(s.t, binding)
}

// scrape asks for the metrics with a token, or without.
func scrape(t *testing.T, address, token string) (status int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(bounded(t), http.MethodGet, "https://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// The operator makes its own serving certificate at each start.
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // a self-signed certificate: who may read is what is tested
	defer browser.CloseIdleConnections()
	answer, err := browser.Do(request)
	if err != nil {
		t.Fatalf("ask for metrics: %v", err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("read metrics: %v", err)
	}
	return answer.StatusCode, string(body)
}
