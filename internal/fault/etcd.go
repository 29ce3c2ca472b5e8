//go:build faults

package fault

import (
	"context"
	"path"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// changing are the calls that change a cluster.
var changing = map[string]bool{
	etcdserverpb.Cluster_MemberAdd_FullMethodName:      true,
	etcdserverpb.Cluster_MemberRemove_FullMethodName:   true,
	etcdserverpb.Cluster_MemberUpdate_FullMethodName:   true,
	etcdserverpb.Cluster_MemberPromote_FullMethodName:  true,
	etcdserverpb.Maintenance_MoveLeader_FullMethodName: true,
	etcdserverpb.Maintenance_Defragment_FullMethodName: true,
	etcdserverpb.Maintenance_Downgrade_FullMethodName:  true,
	etcdserverpb.Maintenance_Alarm_FullMethodName:      true,
}

// Etcd is an option of the connection to a member. Its interceptor is the
// innermost one: what clientv3 tries again is counted again.
func Etcd() grpc.DialOption { return grpc.WithChainUnaryInterceptor(intercept) }

func intercept(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	alarm, ok := req.(*etcdserverpb.AlarmRequest)
	if !changing[method] || ok && alarm.Action == etcdserverpb.AlarmRequest_GET {
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	var err error
	sent, replied := begin("etcd " + path.Base(method)).send(func() (string, bool) {
		if err = invoke(ctx, method, req, reply, cc, opts...); err != nil {
			return err.Error(), false
		}
		return "OK", true
	})
	switch {
	case !sent:
		return status.Error(codes.Unavailable, "connection error: desc = \"transport: connection refused\"")
	case !replied:
		return status.Error(codes.Unavailable, "error reading from server: connection reset")
	}
	return err
}
