package etcdclient

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// callTimeout bounds every call: one hung cluster must not hold a worker.
const callTimeout = 2 * time.Second

// Pool keeps one client per cluster, replaced when its target changes.
type Pool struct {
	mu      sync.Mutex
	clients map[string]pooled
}

type pooled struct {
	target string
	client *client
}

// NewPool returns an empty pool.
func NewPool() *Pool { return &Pool{clients: map[string]pooled{}} }

// Get returns the client for a cluster, by the UID of its EtcdCluster. version
// names the credentials: when they or the endpoints change, the old client is
// closed and a new one made.
func (p *Pool) Get(cluster string, target Target, version string) (Lister, error) {
	if len(target.Endpoints) == 0 {
		return nil, fmt.Errorf("create etcd client: no member has an address yet")
	}
	endpoints := slices.Sorted(slices.Values(target.Endpoints))
	key := strings.Join(endpoints, ",") + "|" + version
	p.mu.Lock()
	defer p.mu.Unlock()
	if have, ok := p.clients[cluster]; ok {
		if have.target == key {
			return have.client, nil
		}
		_ = have.client.etcd.Close()
		delete(p.clients, cluster)
	}
	made, err := dial(target, callTimeout)
	if err != nil {
		return nil, err
	}
	p.clients[cluster] = pooled{key, made}
	return made, nil
}

// Drop closes the client of a cluster that is gone.
func (p *Pool) Drop(cluster string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if have, ok := p.clients[cluster]; ok {
		_ = have.client.etcd.Close()
		delete(p.clients, cluster)
	}
}
