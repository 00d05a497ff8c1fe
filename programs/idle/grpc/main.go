// A gRPC server with workers and keepalive, and a client with keepalive, a DNS resolver and an open stream.
package main

import (
	"context"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"sightline.example/idle/snapshot"
)

func main() {
	listener := snapshot.Must(net.Listen("tcp", "127.0.0.1:0"))
	server := grpc.NewServer(grpc.NumStreamWorkers(2), grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute}))
	healthpb.RegisterHealthServer(server, health.NewServer())
	go server.Serve(listener)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, target := range []string{"dns:///localhost:" + port, "passthrough:///127.0.0.1:" + port} {
		conn := snapshot.Must(grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute})))
		client := healthpb.NewHealthClient(conn)
		snapshot.Must(client.Check(context.Background(), &healthpb.HealthCheckRequest{}))
		if target[0] == 'd' {
			stream := snapshot.Must(client.Watch(context.Background(), &healthpb.HealthCheckRequest{}))
			snapshot.Must(stream.Recv())
			go stream.Recv()
		}
	}
	snapshot.PrintAfter(time.Second)
}
