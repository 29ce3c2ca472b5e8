package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
)

// forward opens a port of a pod on 127.0.0.1 until the test ends, and returns
// its address there.
func (s *space) forward(pod string, port int) string {
	s.t.Helper()
	return forward(s.t, s.name, pod, port)
}

func forward(t testing.TB, namespace, pod string, port int) string {
	t.Helper()
	address, stop, err := openForward(namespace, pod, port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return address
}

// openForward does the same for as long as the caller likes.
func openForward(namespace, pod string, port int) (address string, stop func(), err error) {
	fail := func(err error) (string, func(), error) {
		return "", nil, fmt.Errorf("forward port %d of pod %s: %w", port, pod, err)
	}
	transport, upgrader, err := spdy.RoundTripperFor(world.config)
	if err != nil {
		return fail(err)
	}
	url := world.clientset.CoreV1().RESTClient().Post().Namespace(namespace).Resource("pods").Name(pod).SubResource("portforward").URL()
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	done, ready, out := make(chan struct{}), make(chan struct{}), &bytes.Buffer{}
	forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", port)}, done, ready, nil, nil)
	if err != nil {
		return fail(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-ended:
		return fail(fmt.Errorf("%w %s", err, out))
	case <-time.After(short):
		close(done)
		return fail(fmt.Errorf("no answer within %s", short))
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		close(done)
		return fail(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", ports[0].Local), func() { close(done) }, nil
}
