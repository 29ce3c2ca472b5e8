package e2e

import (
	"context"
	"net"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// line leads to a port of whatever pod is there now. The port is forwarded anew
// when the pod is another, and when the old way has closed: one connection that
// the pod's end resets takes all of it down.
type line struct {
	port int
	pod  func(ctx context.Context) (*corev1.Pod, error)

	mu      sync.Mutex
	to      types.UID
	address string
	stop    func()
}

// line makes one that lasts until the test ends.
func (s *space) line(port int, pod func(ctx context.Context) (*corev1.Pod, error)) *line {
	l := &line{port: port, pod: pod}
	s.t.Cleanup(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.hangUp()
	})
	return l
}

// dial is what http.Transport wants; it has its own idea of the address.
func (l *line) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	p, err := l.pod(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil && l.to == p.UID {
		if conn, err := (&net.Dialer{}).DialContext(ctx, network, l.address); err == nil {
			return conn, nil
		}
	}
	l.hangUp()
	address, stop, err := openForward(p.Namespace, p.Name, l.port)
	if err != nil {
		return nil, err
	}
	l.to, l.address, l.stop = p.UID, address, stop
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func (l *line) hangUp() {
	if l.stop != nil {
		l.stop()
		l.stop = nil
	}
}
