// Package dial is the operator's client of the control protocol. It imports
// internal/control, whose types stay free of any network code.
package dial

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/fault"
)

// maxAnswer bounds what a client reads from an agent: a report of nine
// members is below 4 KiB, and a pod is not trusted to stop.
const maxAnswer = 1 << 20

// Client speaks to one agent.
type Client struct {
	base string
	http *http.Client
}

// New returns a client for the agent at address (host or IP, without
// port). The server must present a certificate for serverName under the roots
// of tlsConfig. Calls are bounded by their context and by timeout.
func New(address, serverName string, tlsConfig *tls.Config, timeout time.Duration) *Client {
	config := tlsConfig.Clone()
	config.ServerName = serverName
	return &Client{
		base: "https://" + net.JoinHostPort(address, strconv.Itoa(control.Port)),
		http: &http.Client{
			Timeout: timeout,
			Transport: fault.Agent(&http.Transport{
				TLSClientConfig:     config,
				MaxIdleConnsPerHost: 1,
				IdleConnTimeout:     time.Minute,
				TLSHandshakeTimeout: timeout,
			}),
		},
	}
}

// Close drops the client's idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Report asks what the agent sees.
func (c *Client) Report(ctx context.Context) (control.Report, error) {
	return c.call(ctx, http.MethodGet, control.PathReport, nil)
}

// Admit admits the agent's empty volume to the birth of a cluster.
func (c *Client) Admit(ctx context.Context, req control.AdmitRequest) (control.Report, error) {
	return c.call(ctx, http.MethodPost, control.PathAdmit, req)
}

// Formed confirms that the cluster is formed.
func (c *Client) Formed(ctx context.Context, req control.FormedRequest) (control.Report, error) {
	return c.call(ctx, http.MethodPost, control.PathFormed, req)
}

// Discard ends a birth that never reached a quorum.
func (c *Client) Discard(ctx context.Context, req control.DiscardRequest) (control.Report, error) {
	return c.call(ctx, http.MethodPost, control.PathDiscard, req)
}

// Join admits the agent's empty volume to a formed cluster, as a learner.
func (c *Client) Join(ctx context.Context, req control.JoinRequest) (control.Report, error) {
	return c.call(ctx, http.MethodPost, control.PathJoin, req)
}

// Leave tells the agent's member that the cluster has removed it.
func (c *Client) Leave(ctx context.Context, req control.LeaveRequest) (control.Report, error) {
	return c.call(ctx, http.MethodPost, control.PathLeave, req)
}

// Drain tells the agent's member to send its clients elsewhere.
func (c *Client) Drain(ctx context.Context, req control.DrainRequest) (control.Report, error) {
	return c.call(ctx, http.MethodPost, control.PathDrain, req)
}

// Prepare tells the agent's member to prepare for a step to another release line.
func (c *Client) Prepare(ctx context.Context, req control.PrepareRequest) (control.Report, error) {
	return c.call(ctx, http.MethodPost, control.PathPrepare, req)
}

// Defragment tells the agent's member to copy its database.
func (c *Client) Defragment(ctx context.Context, req control.DefragmentRequest) (control.Report, error) {
	return c.call(ctx, http.MethodPost, control.PathDefragment, req)
}

// call returns the report of a success. A refusal of the agent is a *Refusal.
func (c *Client) call(ctx context.Context, method, path string, body any) (control.Report, error) {
	var payload io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return control.Report{}, fmt.Errorf("encode %s: %w", path, err)
		}
		payload = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, payload)
	if err != nil {
		return control.Report{}, fmt.Errorf("build request %s: %w", path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return control.Report{}, fmt.Errorf("call agent: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	decoder := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode != http.StatusOK {
		refusal := &control.Refusal{}
		if err := decoder.Decode(refusal); err != nil {
			return control.Report{}, fmt.Errorf("agent answered %s: %s", path, resp.Status)
		}
		return control.Report{}, refusal
	}
	var report control.Report
	if err := decoder.Decode(&report); err != nil {
		return control.Report{}, fmt.Errorf("decode report: %w", err)
	}
	return report, nil
}
