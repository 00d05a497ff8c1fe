// PostgreSQL (pgx, its pool, a LISTEN), Redis (subscription, ring) and MongoDB clients. PostgreSQL and Redis servers
// are given in IDLE_POSTGRES and IDLE_REDIS; what is not given is left out. MongoDB needs none: its monitors wait
// for a server that is not there.
package main

import (
	"context"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"sightline.example/idle/snapshot"
)

var keep []any

func main() {
	ctx := context.Background()
	if address := os.Getenv("IDLE_POSTGRES"); address != "" {
		pool := snapshot.Must(pgxpool.New(ctx, address))
		snapshot.Check(pool.Ping(ctx))
		conn := snapshot.Must(pool.Acquire(ctx))
		snapshot.Must(conn.Exec(ctx, "listen idle"))
		go conn.Conn().WaitForNotification(ctx)
		keep = append(keep, pool)
	}
	if address := os.Getenv("IDLE_REDIS"); address != "" {
		client := redis.NewClient(&redis.Options{Addr: address})
		snapshot.Check(client.Ping(ctx).Err())
		subscription := client.Subscribe(ctx, "idle")
		go func() {
			for range subscription.Channel() {
			}
		}()
		ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"one": address}})
		snapshot.Check(ring.Ping(ctx).Err())
		keep = append(keep, client, ring)
	}
	client := snapshot.Must(mongo.Connect(options.Client().ApplyURI("mongodb://127.0.0.1:1/")))
	keep = append(keep, client)
	snapshot.PrintAfter(2 * time.Second)
}
