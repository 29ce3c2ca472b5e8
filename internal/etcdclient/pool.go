package etcdclient

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Every call is bounded: one hung cluster must not hold a worker. A change
// waits for a disk on a quorum of members, and may have been made when it
// fails: it is given longer.
const (
	askTimeout    = 2 * time.Second
	changeTimeout = 5 * time.Second
)

// Pool keeps the connections to the members of each cluster.
type Pool struct {
	mu       sync.Mutex
	clusters map[string]*connections
	replaced func(cluster string, target Target) (Changer, error)
}

// connections are those to one cluster, by endpoint.
type connections struct {
	version string
	members map[string]*clientv3.Client
}

// NewPool returns an empty pool.
func NewPool() *Pool { return &Pool{clusters: map[string]*connections{}} }

// PoolOf returns a pool of clusters that get reaches, for tests.
func PoolOf(get func(cluster string, target Target) (Changer, error)) *Pool {
	return &Pool{clusters: map[string]*connections{}, replaced: get}
}

// Get returns the client for a cluster, by the UID of its EtcdCluster. version
// names the credentials: when they change, every connection is made anew.
// Connections to endpoints that are not named any more are closed.
func (p *Pool) Get(cluster string, target Target, version string) (Changer, error) {
	if len(target.Endpoints) == 0 {
		return nil, fmt.Errorf("create etcd client: no member has an address yet")
	}
	if p.replaced != nil {
		return p.replaced(cluster, target)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	have := p.clusters[cluster]
	if have == nil || have.version != version {
		p.drop(cluster)
		have = &connections{version: version, members: map[string]*clientv3.Client{}}
		p.clusters[cluster] = have
	}
	for endpoint, member := range have.members {
		if !slices.Contains(target.Endpoints, endpoint) {
			_ = member.Close()
			delete(have.members, endpoint)
		}
	}
	for _, endpoint := range target.Endpoints {
		if have.members[endpoint] != nil {
			continue
		}
		made, err := dial(target, endpoint)
		if err != nil {
			return nil, err
		}
		have.members[endpoint] = made
	}
	c := &client{asking: askTimeout, changing: changeTimeout}
	for _, endpoint := range slices.Sorted(maps.Keys(have.members)) {
		c.members = append(c.members, have.members[endpoint])
	}
	return c, nil
}

// Drop closes the connections to a cluster that is gone.
func (p *Pool) Drop(cluster string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(cluster)
}

func (p *Pool) drop(cluster string) {
	if have := p.clusters[cluster]; have != nil {
		for _, member := range have.members {
			_ = member.Close()
		}
	}
	delete(p.clusters, cluster)
}
