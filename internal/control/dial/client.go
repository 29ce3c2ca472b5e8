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
	"net/url"
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
	long *http.Client // bounded by the call's context alone
}

// New returns a client for the agent at address (host or IP, without
// port). The server must present a certificate for serverName under the roots
// of tlsConfig. Calls are bounded by their context and by timeout.
func New(address, serverName string, tlsConfig *tls.Config, timeout time.Duration) *Client {
	config := tlsConfig.Clone()
	config.ServerName = serverName
	transport := fault.Agent(&http.Transport{
		TLSClientConfig:       config,
		MaxIdleConnsPerHost:   1,
		IdleConnTimeout:       time.Minute,
		TLSHandshakeTimeout:   timeout,
		ExpectContinueTimeout: timeout,
	})
	return &Client{
		base: "https://" + net.JoinHostPort(address, strconv.Itoa(control.Port)),
		http: &http.Client{Timeout: timeout, Transport: transport},
		long: &http.Client{Transport: transport},
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

// PutSnapshot puts a snapshot onto the agent's empty volume. It takes as long as
// body does and is bounded by ctx alone; body is not read where the agent refuses,
// or has that very snapshot.
func (c *Client) PutSnapshot(ctx context.Context, req control.SnapshotRequest, body io.Reader) (control.Snapshot, error) {
	query := url.Values{"volume": {req.VolumeID}, "size": {strconv.FormatInt(req.Size, 10)}, "sha256": {req.SHA256}}
	put, err := http.NewRequestWithContext(ctx, http.MethodPut, c.base+control.PathSnapshot+"?"+query.Encode(), body)
	if err != nil {
		return control.Snapshot{}, fmt.Errorf("build request %s: %w", control.PathSnapshot, err)
	}
	put.ContentLength = req.Size
	put.Header.Set("Content-Type", "application/octet-stream")
	put.Header.Set("Expect", "100-continue")
	return send[control.Snapshot](c.long, put)
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
	return send[control.Report](c.http, req)
}

// send returns the body of a success.
func send[T any](client *http.Client, req *http.Request) (T, error) {
	var answer, none T
	resp, err := client.Do(req)
	if err != nil {
		return none, fmt.Errorf("call agent: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	decoder := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode != http.StatusOK {
		refusal := &control.Refusal{}
		if err := decoder.Decode(refusal); err != nil {
			return none, fmt.Errorf("agent answered %s: %s", req.URL.Path, resp.Status)
		}
		return none, refusal
	}
	if err := decoder.Decode(&answer); err != nil {
		return none, fmt.Errorf("decode answer to %s: %w", req.URL.Path, err)
	}
	return answer, nil
}
