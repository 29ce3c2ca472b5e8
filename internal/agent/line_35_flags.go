//go:build etcd35

package agent

import (
	"flag"
	"reflect"
	"time"

	"go.etcd.io/etcd/pkg/v3/flags"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/rafthttp"
)

// renamed are the settings whose flag has another name than the key of the
// configuration file, by which embed's fields are tagged.
var renamed = map[string]string{"experimental-snapshot-catch-up-entries": "experimental-snapshot-catchup-entries"}

// addFlags stands for what etcd 3.5 has only in its main: a flag for each field
// of embed's configuration, by the key that it has in etcd's configuration file.
func addFlags(c *embed.Config, set *flag.FlagSet) {
	set.Var(flags.NewUniqueURLsWithExceptions("*", "*"), "cors", "")
	set.Var(flags.NewUniqueStringsValue("*"), "host-whitelist", "")
	set.Var(flags.NewStringsValue(""), "cipher-suites", "")
	set.Var(flags.NewUint32Value(c.MaxConcurrentStreams), "max-concurrent-streams", "")
	set.BoolVar(&c.SocketOpts.ReuseAddress, "socket-reuse-address", c.SocketOpts.ReuseAddress, "")
	set.BoolVar(&c.SocketOpts.ReusePort, "socket-reuse-port", c.SocketOpts.ReusePort, "")
	set.DurationVar(&rafthttp.ConnReadTimeout, "raft-read-timeout", rafthttp.DefaultConnReadTimeout, "")
	set.DurationVar(&rafthttp.ConnWriteTimeout, "raft-write-timeout", rafthttp.DefaultConnWriteTimeout, "")
	fields := reflect.ValueOf(c).Elem()
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Tag.Get("json")
		if other, ok := renamed[name]; ok {
			name = other
		}
		if name == "" || name == "-" || set.Lookup(name) != nil || !fields.Type().Field(i).IsExported() {
			continue
		}
		addFlag(set, name, fields.Field(i).Addr().Interface())
	}
}

// addFlag leaves out what is no single value: certificates and URLs, all of
// which Quorate sets itself.
func addFlag(set *flag.FlagSet, name string, field any) {
	switch p := field.(type) {
	case *bool:
		set.BoolVar(p, name, *p, "")
	case *int:
		set.IntVar(p, name, *p, "")
	case *int64:
		set.Int64Var(p, name, *p, "")
	case *uint:
		set.UintVar(p, name, *p, "")
	case *uint64:
		set.Uint64Var(p, name, *p, "")
	case *string:
		set.StringVar(p, name, *p, "")
	case *time.Duration:
		set.DurationVar(p, name, *p, "")
	}
}

// finishFlags gives the defaults of etcd's own flags where embed has others: by
// itself, embed takes no retention without a mode.
func finishFlags(c *embed.Config, _ *flag.FlagSet) error {
	if c.AutoCompactionRetention == "" {
		c.AutoCompactionRetention = "0"
	} else if c.AutoCompactionMode == "" {
		c.AutoCompactionMode = embed.CompactorModePeriodic
	}
	return nil
}
