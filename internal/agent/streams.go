package agent

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// endStreams ends every stream of a client once ending is done. A watch never
// leaves by itself, and etcd waits seven seconds for it before it closes. The
// client is told Unavailable, as by a broken connection: it then resumes at
// another member, where Canceled would end its watch for good.
func endStreams(ending context.Context) grpc.ServerOption {
	return grpc.ChainStreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		ctx, cancel := context.WithCancel(stream.Context())
		defer cancel()
		defer context.AfterFunc(ending, cancel)()
		err := next(srv, boundStream{ServerStream: stream, ctx: ctx})
		if ending.Err() != nil {
			return status.Error(codes.Unavailable, "etcdserver: member is stopping")
		}
		return err
	})
}

// boundStream is a stream with another context.
type boundStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s boundStream) Context() context.Context { return s.ctx }
