package e2e

import (
	"crypto/tls"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// servedSerial is the serial number of the certificate that member 0 shows to
// clients.
func (c *cluster) servedSerial() string {
	c.t.Helper()
	config := c.userTLS()
	conn, err := tls.Dial("tcp", c.forward(c.member(0), clientPort), config)
	if err != nil {
		return "none: " + err.Error()
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func duration(text string) *metav1.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return &metav1.Duration{Duration: d}
}
