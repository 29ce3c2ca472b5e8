package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// steady is an open-loop writer: a write begins each interval, whether the
// earlier ones are done or not. A write is tried anew until its patience ends,
// each attempt under a deadline and with a value of its own, so that the
// history tells them apart. A reader reads the same keys beside it.
type steady struct {
	interval time.Duration // between two writes
	attempt  time.Duration // deadline of one attempt
	patience time.Duration // after which a write has failed
	inFlight int           // writes at most

	writers []*connection // each write takes the next one
	reader  *connection
	record  *record
}

// keys are few: the model that judges the history holds them all at each step.
const keys = 5

const readInterval = 50 * time.Millisecond

// retryPause keeps attempts that fail at once from following each other without end.
const retryPause = 25 * time.Millisecond

// run reads until a read of the empty key space was answered, and then writes
// and reads until the context ends.
func (s *steady) run(ctx context.Context) {
	for n := 0; !s.read(ctx, n); n++ {
		if !rest(ctx, readInterval) {
			return
		}
	}
	var all sync.WaitGroup
	all.Go(func() {
		for n := 0; rest(ctx, readInterval); n++ {
			s.read(ctx, n)
		}
	})
	slots := make(chan struct{}, s.inFlight)
	beat := time.NewTicker(s.interval)
	defer beat.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			all.Wait()
			return
		case <-beat.C:
		}
		select {
		case slots <- struct{}{}:
			all.Go(func() {
				s.write(n)
				<-slots
			})
		default:
			s.record.skip()
		}
	}
}

// write tries until it is done or its patience ends. It outlives the order to
// stop: an attempt that was cut off would be one of which nobody knows the end.
func (s *steady) write(n int) {
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	defer cancel()
	key, connection := fmt.Sprintf("steady/%d", n%keys), s.writers[n%len(s.writers)]
	for attempt := 1; ; attempt++ {
		o := operation{Kind: "put", Write: n, Key: key, Value: fmt.Sprintf("%d.%d", n, attempt)}
		err := connection.do(ctx, s.attempt, func(ctx context.Context, c *clientv3.Client) error {
			o.Call = s.record.now()
			got, err := c.Put(ctx, o.Key, o.Value)
			o.Return = s.record.now()
			if err == nil {
				o.Revision, o.Member = got.Header.Revision, got.Header.MemberId
			}
			return err
		})
		s.record.add(o, err)
		if err == nil || !rest(ctx, retryPause) {
			return
		}
	}
}

// read reads one key, linearizably, and reports whether it was answered.
func (s *steady) read(ctx context.Context, n int) bool {
	o := operation{Kind: "get", Key: fmt.Sprintf("steady/%d", n%keys)}
	err := s.reader.do(context.WithoutCancel(ctx), s.attempt, func(ctx context.Context, c *clientv3.Client) error {
		o.Call = s.record.now()
		got, err := c.Get(ctx, o.Key)
		o.Return = s.record.now()
		if err != nil {
			return err
		}
		o.Revision, o.Member = got.Header.Revision, got.Header.MemberId
		for _, kv := range got.Kvs {
			o.Value, o.ModRevision, o.Version = string(kv.Value), kv.ModRevision, kv.Version
		}
		return nil
	})
	s.record.add(o, err)
	return err == nil
}

// rest reports whether the pause ended before the context did.
func rest(ctx context.Context, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return ctx.Err() == nil
	}
}

// connection is a client of the one endpoint. It is made anew when an attempt
// hung and nothing else was heard through it since: one address stands for
// several members, and the one that was chosen may be cut off. What fails at
// once is left to gRPC, which waits a second before it dials again.
type connection struct {
	dial func() (*clientv3.Client, error)

	mu     sync.Mutex
	client *clientv3.Client
	heard  time.Time
}

func (c *connection) do(ctx context.Context, limit time.Duration, call func(context.Context, *clientv3.Client) error) error {
	client, err := c.current()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	err = call(ctx, client)
	c.judge(client, began, err)
	return err
}

func (c *connection) current() (*clientv3.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil {
		fresh, err := c.dial()
		if err != nil {
			return nil, err
		}
		c.client = fresh
	}
	return c.client, nil
}

func (c *connection) judge(client *clientv3.Client, began time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		c.heard = time.Now()
	case client == c.client && hung(err) && c.heard.Before(began):
		c.drop()
	}
}

// drop lets the next call dial. Others may still wait for an answer through
// the old client.
func (c *connection) drop() {
	if old := c.client; old != nil {
		c.client = nil
		time.AfterFunc(5*time.Second, func() { _ = old.Close() })
	}
}

func (c *connection) redial() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop()
}

func hung(err error) bool { return errors.Is(err, context.DeadlineExceeded) || isTimeout(err) }

func (s *steady) redial() {
	for _, c := range append([]*connection{s.reader}, s.writers...) {
		c.redial()
	}
}
