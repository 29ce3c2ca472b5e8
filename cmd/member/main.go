// Command member runs one etcd member in a pod. See internal/agent.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/agent"
	"github.com/quorate/quorate/internal/etcd"
)

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	switch os.Args[1] {
	case "run":
		os.Exit(run(os.Args[2:]))
	case "validate":
		os.Exit(validate(os.Args[2:], os.Stdout, os.Stderr))
	case "prove":
		os.Exit(prove(os.Args[2:], os.Stdout, os.Stderr))
	case "version":
		fmt.Println("etcd", agent.BinaryVersion())
	default:
		usage()
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: member run [flags] | member validate [flags] | member prove [flags] | member version")
	os.Exit(2)
}

func run(args []string) int {
	config, err := parse(args, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "member:", err)
		return 2
	}
	level := zap.NewAtomicLevel()
	log := agent.NewLogger(os.Stderr, level)
	a, err := agent.New(config, log, level)
	if err != nil {
		log.Error("member cannot start", zap.Error(err))
		return 2
	}
	if err := a.Run(stopSignals(a)); err != nil {
		log.Error("member ends", zap.Error(err))
		return 1
	}
	return 0
}

// stopSignals ends the context at the first signal and the drain at the second.
func stopSignals(a *agent.Agent) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		cancel()
		<-signals
		a.Hurry()
	}()
	return ctx
}

// parse writes to usage what the flags are, where they are asked for or wrong.
func parse(args []string, usage io.Writer) (agent.Config, error) {
	config := agent.Config{Listen: agent.DefaultListen()}
	flags := flag.NewFlagSet("member run", flag.ContinueOnError)
	flags.SetOutput(usage)
	name := flags.String("name", "", "name of this member: the pod's name")
	flags.StringVar(&config.Namespace, "namespace", "", "namespace of the pod")
	flags.StringVar(&config.Cluster, "cluster", "", "name of the EtcdCluster")
	flags.StringVar(&config.PeersService, "peers-service", "", "headless Service that names the pods")
	flags.StringVar(&config.ClientService, "client-service", "", "Service in front of the ready members")
	flags.StringVar(&config.Dir, "data", "/var/lib/etcd", "mount point of the volume")
	flags.StringVar(&config.TLSDir, "tls", "/etc/quorate/tls", "directory with the certificates")
	flags.DurationVar(&config.Drain, "drain", 2*time.Second, "how long to go on serving when told to stop")
	flags.Var((*mutual)(&config.ClientTLS), "client-tls", "mtls or disabled")
	flags.Var((*mutual)(&config.PeerTLS), "peer-tls", "mtls or disabled")
	flags.BoolVar(&config.SharedAuthority, "shared-authority", false, "the peers' authority signs for others too: take only peers whose certificate is valid for this member's host name")
	flags.Func("etcd", "one of etcd's own settings, KEY=VALUE; may be repeated", func(s string) error {
		config.Options = append(config.Options, s)
		return nil
	})
	config.ClientTLS, config.PeerTLS = true, true
	if err := flags.Parse(args); err != nil {
		return agent.Config{}, err
	}
	if rest := flags.Args(); len(rest) > 0 {
		return agent.Config{}, fmt.Errorf("unexpected arguments: %s", strings.Join(rest, " "))
	}
	config.Name = etcd.MemberName(*name)
	return config, nil
}

// mutual is a flag that says mtls or disabled.
type mutual bool

func (m *mutual) String() string {
	if m != nil && bool(*m) {
		return "mtls"
	}
	return "disabled"
}

func (m *mutual) Set(s string) error {
	switch s {
	case "mtls":
		*m = true
	case "disabled":
		*m = false
	default:
		return errors.New("want mtls or disabled")
	}
	return nil
}
