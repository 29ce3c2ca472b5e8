package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/quorate/quorate/test/storeserver/relay"
)

const usage = "usage: client [flags] put KEY VALUE | get KEY | writer PREFIX | steady LISTEN | relay LISTEN TARGET"

func main() {
	endpoint := flag.String("endpoint", "", "URL of the client Service")
	serverName := flag.String("server-name", "", "name that the certificate must bear; empty: the endpoint's host")
	folder := flag.String("tls", "/tls", "folder with ca.crt, tls.crt and tls.key; empty: plain text")
	attempt := flag.Duration("attempt", time.Second, "deadline of one attempt")
	patience := flag.Duration("patience", time.Second, "after which steady gives a write up")
	connections := flag.Int("connections", 1, "over how many connections steady writes")
	pause := flag.Duration("pause", 10*time.Millisecond, "pause between two writes of writer")
	rate := flag.Int("rate", 1<<30, "bytes per second that relay lets pass")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	u := &user{
		endpoint: *endpoint, folder: *folder, serverName: *serverName,
		attempt: *attempt, patience: *patience, pause: *pause, connections: *connections,
	}
	var err error
	if flag.NArg() == 3 && flag.Arg(0) == "relay" {
		err = pass(ctx, flag.Arg(1), flag.Arg(2), *rate)
	} else {
		err = u.run(ctx, flag.Args())
	}
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

// pass relays connections until it is told to stop.
func pass(ctx context.Context, listen, target string, bytesPerSecond int) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	return relay.Serve(ctx, listener, target, bytesPerSecond)
}

func load(folder, serverName string) (*tls.Config, error) {
	if folder == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(folder+"/tls.crt", folder+"/tls.key")
	if err != nil {
		return nil, err
	}
	bundle, err := os.ReadFile(folder + "/ca.crt")
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return nil, errors.New("ca.crt holds no certificate")
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, RootCAs: roots, ServerName: serverName}, nil
}

// user speaks to one endpoint, and connects anew after each failure: one
// address may stand for several members, of which one hangs.
type user struct {
	endpoint                 string
	folder, serverName       string
	attempt, patience, pause time.Duration
	connections              int
	client                   *clientv3.Client
}

func (u *user) run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 3 && args[0] == "put":
		return u.patiently(ctx, func(ctx context.Context, c *clientv3.Client) error {
			_, err := c.Put(ctx, args[1], args[2])
			return err
		})
	case len(args) == 2 && args[0] == "get":
		return u.patiently(ctx, func(ctx context.Context, c *clientv3.Client) error { return get(ctx, c, args[1]) })
	case len(args) == 2 && args[0] == "writer":
		return u.write(ctx, args[1])
	case len(args) == 2 && args[0] == "steady":
		return u.steadily(ctx, args[1])
	default:
		return errors.New(usage)
	}
}

func get(ctx context.Context, c *clientv3.Client, key string) error {
	got, err := c.Get(ctx, key)
	if err != nil {
		return err
	}
	if len(got.Kvs) == 0 {
		return fmt.Errorf("there is no key %q", key)
	}
	fmt.Println("value:", string(got.Kvs[0].Value))
	return nil
}

// patiently tries for half a minute.
func (u *user) patiently(ctx context.Context, do func(context.Context, *clientv3.Client) error) error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := u.try(ctx, do)
		if err == nil || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		fmt.Println("again after:", err)
		u.rest(ctx)
	}
}

// write puts numbered keys until it is told to stop. "acked N" means that etcd
// said so; "failed N" that nobody knows.
func (u *user) write(ctx context.Context, prefix string) error {
	for n := 1; ctx.Err() == nil; n++ {
		key, value := fmt.Sprintf("%s/%d", prefix, n), fmt.Sprint(n)
		err := u.try(ctx, func(ctx context.Context, c *clientv3.Client) error {
			_, err := c.Put(ctx, key, value)
			return err
		})
		if err != nil {
			fmt.Println("failed", n, err)
		} else {
			fmt.Println("acked", n)
		}
		u.rest(ctx)
	}
	return nil
}

// steadily writes and reads until it is told to stop, and keeps the history
// for whoever asks for it.
func (u *user) steadily(ctx context.Context, listen string) error {
	s := &steady{
		interval: u.pause, attempt: u.attempt, patience: u.patience, inFlight: 1000,
		reader: &connection{dial: u.dial}, record: &record{start: time.Now()},
	}
	for range u.connections {
		s.writers = append(s.writers, &connection{dial: u.dial})
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.run(ctx)
	}()
	return s.record.serve(listen, u.folder, s.redial, func() {
		cancel()
		<-ended
	})
}

func (u *user) rest(ctx context.Context) { rest(ctx, u.pause) }

func (u *user) try(ctx context.Context, do func(context.Context, *clientv3.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, u.attempt)
	defer cancel()
	if u.client == nil {
		c, err := u.dial()
		if err != nil {
			return err
		}
		u.client = c
	}
	err := do(ctx, u.client)
	if err != nil {
		_ = u.client.Close()
		u.client = nil
	}
	return err
}

// dial reads the certificates each time: they are replaced in between.
func (u *user) dial() (*clientv3.Client, error) {
	secure, err := load(u.folder, u.serverName)
	if err != nil {
		return nil, err
	}
	config := clientv3.Config{
		Endpoints: []string{u.endpoint}, TLS: secure, DialTimeout: u.attempt, Logger: zap.NewNop(),
		DialKeepAliveTime: 10 * time.Second, DialKeepAliveTimeout: 3 * time.Second,
	}
	if secure != nil && secure.ServerName != "" {
		// clientv3 expects the certificate to bear the endpoint's host, whatever TLS.ServerName says.
		config.DialOptions = []grpc.DialOption{grpc.WithAuthority(secure.ServerName)}
	}
	return clientv3.New(config)
}
