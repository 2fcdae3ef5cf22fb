// Caddy 2.11.9 has a data race of its own between the end of a request's body
// and an answer that comes before it (bodyNopCloserIfNotRead), which gRPC meets
// once in a few hundred calls.

//go:build !race

package integration_test

import (
	"context"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// grpcUpstream serves the health service and tells the subject it saw.
func grpcUpstream(t *testing.T) (addr string, subject *atomic.Value) {
	t.Helper()
	subject = new(atomic.Value)
	see := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		subject.Store(append(md.Get("x-cognito-sub"), md.Get("authorization")...))
		return handler(ctx, req)
	}
	srv := grpc.NewServer(grpc.UnaryInterceptor(see))
	grpc_health_v1.RegisterHealthServer(srv, health.NewServer())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(listener) }()
	t.Cleanup(func() {
		srv.Stop()
		check(t, <-done)
	})
	return listener.Addr().String(), subject
}

func TestGRPCPassesWithTheIdentity(t *testing.T) {
	addr, subject := grpcUpstream(t)
	w := started(t, setup{server: "protocols h1 h2c", site: "cognito_auth main\nreverse_proxy h2c://" + addr})
	conn, err := grpc.NewClient("unix://"+filepath.Join(w.dir, "site.sock"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(t, err)
	defer conn.Close()
	client := grpc_health_v1.NewHealthClient(conn)
	_, err = client.Check(t.Context(), new(grpc_health_v1.HealthCheckRequest))
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("expected Unauthenticated, got %v", err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+w.access(nil), "x-cognito-sub", "mallory")
	answer, err := client.Check(ctx, new(grpc_health_v1.HealthCheckRequest))
	check(t, err)
	if answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("expected SERVING, got %v", answer)
	}
	if got, _ := subject.Load().([]string); len(got) != 1 || got[0] != w.sub("jo") {
		t.Errorf("expected jo alone, got %q", got)
	}
}
