package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/job"
	"github.com/quorate/quorate/internal/snapshot/store"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

// options are the flags. None of them is a secret: those are files.
type options struct {
	store       store.Options
	save        job.SaveOptions
	which       job.Which
	endpoints   []string
	tls         string
	serverName  string
	age         string
	draft       string
	volumes     []volume
	controlTLS  string
	to          string
	cleanBefore time.Duration
	orphansOf   time.Duration
	series      snapshot.Series
	expected    []string
	timeout     time.Duration
	result      string
	log         *slog.Logger
}

func parse(command string, args []string, usage io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("backup "+command, flag.ContinueOnError)
	flags.SetOutput(usage)
	o.bindStore(flags)
	var name string
	switch command {
	case "save":
		flags.StringVar(&name, "name", "", "name of the backup in the store")
		o.bindSave(flags)
	case "read":
		flags.StringVar(&name, "name", "", "name of the backup in the store; the newest where neither name nor key is given")
		o.bindFetch(flags)
	case "fetch":
		flags.StringVar(&name, "name", "", "name of the backup in the store; the newest where neither name nor key is given")
		o.bindFetch(flags)
		flags.StringVar(&o.to, "to", "", "file that gets the plain snapshot")
	case "commit":
		flags.StringVar(&name, "name", "", "name of the backup in the store, as the manifest to be has it")
		flags.StringVar(&o.draft, "manifest", "", "manifest to be, as save has left it")
	case "delete":
		flags.StringVar(&name, "name", "", "name of the backup in the store")
	case "send":
		flags.StringVar(&name, "name", "", "name of the backup in the store; the newest where neither name nor key is given")
		o.bindFetch(flags)
		flags.Func("volumes", "where the snapshot goes: HOST:PORT=VOLUME of each member, with commas between", func(s string) (err error) {
			o.volumes, err = parseVolumes(s)
			return err
		})
		flags.StringVar(&o.controlTLS, "control-tls", "", "directory with restore.crt, restore.key and control-ca.crt for the members' control port")
	case "list":
		flags.Func("series", "only the backups of a schedule: what their names begin with, such as prod/demo/nightly-", func(s string) error {
			o.series = snapshot.Series(s)
			return nil
		})
		flags.Func("expect", "names of backups that shall be there, with commas between: the result has the places of those that are not", func(s string) error {
			o.expected = strings.Split(s, ",")
			return nil
		})
		flags.DurationVar(&o.orphansOf, "orphans-older-than", 24*time.Hour, "how old data without a manifest are that count as orphans")
		flags.DurationVar(&o.cleanBefore, "clean-older-than", 0, "remove orphans and unfinished uploads that are older; 0 removes nothing")
	}
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if rest := flags.Args(); len(rest) > 0 {
		return nil, fmt.Errorf("unexpected arguments: %s", strings.Join(rest, " "))
	}
	o.save.Name, o.which.Name = name, name
	return o, o.check(command)
}

func (o *options) check(command string) error {
	missing := map[string][]struct{ flag, value string }{
		"save":   {{"name", o.save.Name}, {"endpoints", strings.Join(o.endpoints, "")}, {"namespace", o.save.Cluster.Namespace}, {"cluster", o.save.Cluster.Name}},
		"fetch":  {{"to", o.to}},
		"send":   {{"control-tls", o.controlTLS}, {"volumes", strings.Repeat("x", len(o.volumes))}},
		"commit": {{"manifest", o.draft}, {"name", o.which.Name}},
		"delete": {{"name", o.which.Name}},
	}
	for _, m := range missing[command] {
		if m.value == "" {
			return fmt.Errorf("%s needs --%s", command, m.flag)
		}
	}
	if o.store.URL == "" {
		return fmt.Errorf("%s needs --store", command)
	}
	if o.save.Keep != "" && o.draft == "" {
		return errors.New("save needs --keep-manifest with --keep: commit reads it")
	}
	return nil
}

func (o *options) bindStore(flags *flag.FlagSet) {
	flags.StringVar(&o.store.URL, "store", "", "s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix or file:///volume/prefix")
	flags.StringVar(&o.store.Prefix, "prefix", "", "goes between the store's URL and every name")
	flags.StringVar(&o.store.Endpoint, "endpoint", "", "URL of the service, where it is not the cloud's own")
	flags.StringVar(&o.store.Region, "region", "", "region of an S3 bucket")
	flags.BoolVar(&o.store.PathStyle, "path-style", false, "put the bucket behind the host of an S3 endpoint")
	flags.StringVar(&o.store.Credentials, "credentials", "", "directory with the store's credentials; the Pod's identity in the cloud without")
	flags.StringVar(&o.store.CABundle, "ca-bundle", "", "file with certificates that are trusted besides the system's")
	flags.DurationVar(&o.store.Stall, "stall", 30*time.Second, "how long the store may make no progress")
	flags.DurationVar(&o.timeout, "timeout", time.Hour, "bound for the whole command")
	flags.StringVar(&o.result, "result", "/dev/termination-log", "file that gets the result; nothing where it is empty")
}

func (o *options) bindSave(flags *flag.FlagSet) {
	o.save.Stream.Compression, o.save.Verification = snapshot.CompressionZstd, snapshot.VerificationHash
	flags.Func("endpoints", "client URLs of the members, with commas between", func(s string) error {
		o.endpoints = strings.Split(s, ",")
		return nil
	})
	flags.StringVar(&o.tls, "etcd-tls", "", "directory with client-ca.crt, client.crt and client.key for etcd; plain text without")
	flags.StringVar(&o.serverName, "server-name", "", "name that the members' certificates bear")
	flags.StringVar(&o.save.Cluster.Namespace, "namespace", "", "namespace of the EtcdCluster")
	flags.StringVar(&o.save.Cluster.Name, "cluster", "", "name of the EtcdCluster")
	flags.StringVar(&o.save.Cluster.UID, "cluster-uid", "", "UID of the EtcdCluster")
	flags.StringVar(&o.save.Cluster.ID, "cluster-id", "", "etcd's ID of the cluster, in hexadecimal: another one is refused")
	flags.Func("compression", "zstd or none", func(s string) error {
		o.save.Stream.Compression = snapshot.Compression(s)
		return oneOf(s, string(snapshot.CompressionZstd), string(snapshot.CompressionNone))
	})
	flags.Func("verification", "Hash or None", func(s string) error {
		o.save.Verification = snapshot.Verification(s)
		return oneOf(s, string(snapshot.VerificationHash), string(snapshot.VerificationNone))
	})
	flags.StringVar(&o.age, "age", "", "directory with recipients, public keys of age that the backup is encrypted for, and identities, private keys, with which what is read back is opened too")
	flags.StringVar(&o.save.Keep, "keep", "", "file that gets the plain snapshot as it is read back; the manifest is left to commit")
	flags.StringVar(&o.draft, "keep-manifest", "", "file that gets the manifest to be, which commit reads; with --keep")
	flags.Func("max-bytes-per-second", "how fast the member is read at most, and what was stored after it; no bound without", func(s string) error {
		n, err := strconv.ParseInt(s, 10, 64)
		o.save.Pace = stream.NewPace(n)
		return err
	})
	flags.BoolVar(&o.save.Survivor, "survivor", false, "read a member of a cluster without quorum")
	flags.IntVar(&o.save.Attempts, "attempts", 5, "how often to begin at most")
}

func (o *options) bindFetch(flags *flag.FlagSet) {
	flags.StringVar(&o.which.Key, "key", "", "an object that etcdctl snapshot save wrote, without manifest")
	flags.StringVar(&o.which.Namespace, "namespace", "", "the newest of a cluster in this namespace")
	flags.StringVar(&o.which.Cluster, "cluster", "", "the newest of a cluster of this name")
	flags.Func("at", "the newest that was begun no later: a time as in RFC 3339", func(s string) (err error) {
		o.which.At, err = time.Parse(time.RFC3339, s)
		return err
	})
	flags.StringVar(&o.age, "age", "", "directory with identities, private keys of age")
}

func oneOf(s string, of ...string) error {
	for _, o := range of {
		if s == o {
			return nil
		}
	}
	return fmt.Errorf("want %s", strings.Join(of, " or "))
}

// keys reads the keys of age, where a directory is given. A backup that is to
// be encrypted needs recipients: without, it would go in the clear.
func (o *options) keys(encrypt bool) (r stream.Recipients, ids stream.Identities, err error) {
	if o.age == "" {
		return r, ids, nil
	}
	text, err := os.ReadFile(filepath.Join(o.age, "recipients"))
	switch {
	case encrypt && err != nil:
		return r, ids, &stream.Error{Fault: stream.BadKey, Message: fmt.Sprintf("read the recipients: %v: mend the Secret", err)}
	case encrypt:
		if r, err = stream.ParseRecipients(text); err != nil {
			return r, ids, err
		}
	}
	text, err = os.ReadFile(filepath.Join(o.age, "identities"))
	if errors.Is(err, fs.ErrNotExist) {
		return r, ids, nil
	}
	if err != nil {
		return r, ids, &stream.Error{Fault: stream.BadKey, Message: fmt.Sprintf("read the identities: %v: mend the Secret", err)}
	}
	ids, err = stream.ParseIdentities(text)
	return r, ids, err
}

// target says how etcd is spoken to.
func (o *options) target() (etcdclient.Target, error) {
	t := etcdclient.Target{Endpoints: o.endpoints, ServerName: o.serverName}
	if o.tls == "" {
		return t, nil
	}
	authority, err := os.ReadFile(filepath.Join(o.tls, "client-ca.crt"))
	if err != nil {
		return t, fmt.Errorf("read etcd's certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return t, errors.New("read etcd's certificates: client-ca.crt holds none")
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(o.tls, "client.crt"), filepath.Join(o.tls, "client.key"))
	if err != nil {
		return t, fmt.Errorf("read etcd's certificates: %w", err)
	}
	t.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, Certificates: []tls.Certificate{pair}}
	return t, nil
}
