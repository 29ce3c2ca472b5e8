package agent

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/control/dial"
)

func TestOnlyTheOperatorIsServed(t *testing.T) {
	t.Parallel()
	as := newAuthorities(t)
	p := newPod(t, as, "demo-0")
	p.start()
	for name, config := range map[string]*tls.Config{
		"another name under the control CA": as.control.client("somebody"),
		"the right name under another CA":   trusting(as.client.client(control.OperatorCommonName), as),
		"no certificate":                    trusting(&tls.Config{MinVersion: tls.VersionTLS12}, as),
		"TLS 1.2":                           oldTLS(as),
	} {
		c := dial.New(p.host, p.host, config, 5*time.Second)
		defer c.Close()
		if r, err := c.Report(t.Context()); err == nil {
			t.Errorf("%s was served: %+v", name, r)
		}
	}
	plaintext := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := plaintext.Get("http://" + p.host + ":2382" + control.PathReport)
	if err == nil {
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			t.Error("plaintext was served")
		}
	}
	p.report() // and the operator is
}

func trusting(c *tls.Config, as authorities) *tls.Config {
	c.RootCAs = as.operator().RootCAs
	return c
}

func oldTLS(as authorities) *tls.Config {
	c := as.operator()
	c.MaxVersion = tls.VersionTLS12
	return c
}

// A new leaf, and even a new CA, is used from the next handshake on.
func TestControlCertificatesAreReadAtEachHandshake(t *testing.T) {
	t.Parallel()
	old, renewed := newAuthorities(t), newAuthorities(t)
	p := newPod(t, old, "demo-0")
	p.start()
	p.report()
	fresh := renewed.mount(t, p.host)
	for _, name := range []string{"control.crt", "control.key", "control-ca.crt"} {
		content, err := os.ReadFile(filepath.Join(fresh, name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(p.config.TLSDir, name), content, 0o600))
	}
	c := dial.New(p.host, p.host, old.operator(), 5*time.Second)
	defer c.Close()
	if _, err := c.Report(t.Context()); err == nil {
		t.Error("the old CA is still trusted")
	}
	p.as = renewed
	p.report()
}

func TestMalformedRequestsAreRefusedAsSuch(t *testing.T) {
	t.Parallel()
	p := newPod(t, newAuthorities(t), "demo-0")
	p.start()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: p.as.operator()}}
	defer client.CloseIdleConnections()
	for path, want := range map[string]int{
		control.PathAdmit: http.StatusBadRequest, control.PathFormed: http.StatusBadRequest,
		control.PathDiscard: http.StatusBadRequest, control.PathJoin: http.StatusBadRequest,
		"/v1/other": http.StatusNotFound,
	} {
		resp, err := client.Post("https://"+p.host+":2382"+path, "application/json", bytes.NewBufferString("{"))
		must(t, err)
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, resp.StatusCode, want)
		}
	}
}

// Clients and peers without the cluster's certificates get nowhere.
func TestEtcdPortsNeedCertificates(t *testing.T) {
	t.Parallel()
	as := newAuthorities(t)
	p := newPod(t, as, "demo-0")
	p.start()
	form(t, []*pod{p})
	_, err := p.etcd().Put(t.Context(), "k", "v")
	must(t, err)
	for _, u := range []string{p.config.ClientURL + "/health", p.config.PeerURL + "/members"} {
		for _, config := range []*tls.Config{{InsecureSkipVerify: true}, as.control.client("root")} {
			config.InsecureSkipVerify = true // it is the server that must refuse
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: 5 * time.Second}
			resp, err := client.Get(u)
			client.CloseIdleConnections()
			if err == nil {
				_ = resp.Body.Close()
				t.Errorf("%s answered %s", u, resp.Status)
			}
		}
	}
}

func TestBadConfigIsSaidAndNotStarted(t *testing.T) {
	t.Parallel()
	for option, says := range map[string]string{
		"no-such-setting=1":             `no setting "no-such-setting"`,
		"quota-backend-bytes=much":      "quota-backend-bytes",
		"election-timeout=100":          "election-timeout",
		"data-dir=/elsewhere":           "set by Quorate",
		"auto-compaction-retention=now": "auto-compaction-retention",
		"log-level=loud":                "log-level",
	} {
		t.Run(option, func(t *testing.T) {
			t.Parallel()
			p := newPod(t, newAuthorities(t), "demo-0")
			p.config.Options = []string{option}
			p.start()
			waitFor(t, "refusal", func() bool { return p.report().State == control.StateRefused })
			r := p.report()
			if r.Reason != control.ReasonBadConfig || !strings.Contains(r.Message, says) {
				t.Errorf("got %+v", r)
			}
			_, err := p.admit("one", []control.Peer{p.peer()})
			refusedWith(t, err, says)
			if _, body := p.probe("/readyz"); !strings.Contains(body, says) {
				t.Errorf("readyz says %q", body)
			}
		})
	}
}
