package e2e

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/test/storeserver"
)

// client is the test's own client of the store. It speaks to the server itself
// and is never slow.
func (st *store) client() *storeserver.Client {
	st.t.Helper()
	return st.clientWith(st.secret())
}

// clientWith has the keys and the CA of another Secret.
func (st *store) clientWith(secret string) *storeserver.Client {
	st.t.Helper()
	return st.clientBy(st.line(storeserver.Port, st.present), secret)
}

// podsClient reaches the store as pods do, by its name in DNS and through its
// Service, from a pod that passes on what the test sends. There is one for each
// store.
func (st *store) podsClient() *storeserver.Client {
	st.t.Helper()
	name, port, no, now := st.name+"-user", int32(8080), false, int64(1)
	relay := relayContainer(port, fmt.Sprintf("%s:%d", st.host(), storeserver.Port), 1<<30)
	st.create(&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: &no, TerminationGracePeriodSeconds: &now,
			Containers: []corev1.Container{relay},
		},
	})
	st.awaitPod(name, "passes on", podReady)
	l := st.line(int(port), func(ctx context.Context) (*corev1.Pod, error) {
		p := &corev1.Pod{}
		return p, world.Get(ctx, st.key(name), p)
	})
	return st.clientBy(l, st.secret())
}

func (st *store) clientBy(l *line, secret string) *storeserver.Client {
	st.t.Helper()
	keys := &corev1.Secret{}
	st.read(secret, keys)
	c, err := storeserver.NewClient(storeserver.Access{
		Endpoint: st.endpoint(), Bucket: storeBucket, Dial: l.dial,
		AccessKeyID: string(keys.Data[secretAccessKeyID]), SecretAccessKey: string(keys.Data[secretAccessKey]), CA: keys.Data[secretCA],
	})
	if err != nil {
		st.t.Fatalf("Secret %s: %v", secret, err)
	}
	return c
}

// present is the one pod that the store has now.
func (st *store) present(ctx context.Context) (*corev1.Pod, error) {
	pods, err := st.pods(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(pods) != 1:
		return nil, fmt.Errorf("store %s has %d pods", st.name, len(pods))
	}
	return &pods[0], nil
}
