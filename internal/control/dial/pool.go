package dial

import (
	"context"
	"crypto/tls"
	"strings"
	"sync"
	"time"

	"github.com/quorate/quorate/internal/control"
)

// reportTimeout bounds each report: a hung member must not hold up what the
// others say. callTimeout bounds what changes something: the agent answers once
// that is durable, and a disk may be slow.
const (
	reportTimeout = time.Second
	callTimeout   = 5 * time.Second
)

// Agent is one agent to speak to.
type Agent struct {
	// Address is the pod's IP; ServerName the name its certificate must bear.
	Address, ServerName string
	TLS                 *tls.Config
	// Version names the credentials, so that a client with old ones is dropped.
	Version string
}

// Pool keeps a client for each agent, so that a poll costs no handshake.
type Pool struct {
	mu      sync.Mutex
	clients map[string]*pooledAgent
}

type pooledAgent struct {
	client *Client
	used   time.Time
}

// idleAgent is how long a client without calls is kept.
const idleAgent = 5 * time.Minute

// NewPool returns an empty pool.
func NewPool() *Pool { return &Pool{clients: map[string]*pooledAgent{}} }

// Client returns the client for an agent.
func (p *Pool) Client(agent Agent) *Client {
	key := strings.Join([]string{agent.Address, agent.ServerName, agent.Version}, "|")
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if have, ok := p.clients[key]; ok {
		have.used = now
		return have.client
	}
	for k, c := range p.clients {
		if now.Sub(c.used) > idleAgent {
			c.client.Close()
			delete(p.clients, k)
		}
	}
	made := New(agent.Address, agent.ServerName, agent.TLS, callTimeout)
	p.clients[key] = &pooledAgent{made, now}
	return made
}

// Report asks one agent.
func (p *Pool) Report(ctx context.Context, agent Agent) (*control.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	report, err := p.Client(agent).Report(ctx)
	if err != nil {
		return nil, err
	}
	return &report, nil
}
