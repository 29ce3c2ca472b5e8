package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestLeafRotation: certificates that are due are issued anew, and members take
// them without a restart. Clients that connect anew all the while never fail,
// with the old certificate as with the new one.
func TestLeafRotation(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	op := s.operator(flag("--secret-interval=1s"))
	c := s.readyEtcd("demo", 3, operatedBy(op.identity()))
	before, old := c.identities(), c.userTLS()
	first := map[string]string{}
	dials := map[string]func(*tls.Config) string{}
	for _, member := range c.members() {
		address := c.forward(member, clientPort)
		dials[member] = func(config *tls.Config) string { return c.serialAt(address, config) }
		first[member] = dials[member](old)
	}
	c.change(func(o *v1alpha1.EtcdCluster) {
		// Both ends move so that what was issued for a year is due today.
		o.Spec.TLS.Validity, o.Spec.TLS.RenewBefore = duration("1h"), duration("59m50s")
	})
	handshakes := 0
	eventually(t, long, "every member shows a new certificate", func(context.Context) error {
		var left []string
		for member, dial := range dials {
			for _, config := range []*tls.Config{old, c.userTLS()} {
				if handshakes++; dial(config) == first[member] {
					left = append(left, member)
				}
			}
		}
		if len(left) > 0 {
			return fmt.Errorf("%v show the old one", left)
		}
		return nil
	})
	t.Logf("%d handshakes, none failed", handshakes)
	c.writeWith(c.dial(c.member(0)), "renewed", 3).verify()
	c.same(before)
	for name, p := range c.pods() {
		if n := p.Status.ContainerStatuses[0].RestartCount; n != 0 {
			t.Errorf("the container of %s has restarted %d times", name, n)
		}
	}
	c.sameEverywhere() // peers have connected anew, too, or were never cut
}

// servedSerial is the serial number of the certificate that member 0 shows to
// clients.
func (c *cluster) servedSerial() string {
	c.t.Helper()
	return c.serialAt(c.forward(c.member(0), clientPort), c.userTLS())
}

// serialAt is the serial number of the certificate that is shown at an address.
// A handshake that fails fails the test.
func (c *cluster) serialAt(address string, config *tls.Config) string {
	c.t.Helper()
	config = config.Clone()
	config.NextProtos = []string{"h2"} // without it etcd's server hangs up
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		c.t.Fatalf("connect to %s: %v", address, err)
	}
	defer func() { _ = conn.Close() }()
	// The server judges a client's certificate after the client's handshake; then
	// it speaks first.
	_ = conn.SetReadDeadline(time.Now().Add(callTimeout))
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		c.t.Fatalf("%s ends the connection: %v", address, err)
	}
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func duration(text string) *metav1.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return &metav1.Duration{Duration: d}
}
