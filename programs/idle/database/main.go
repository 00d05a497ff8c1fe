// PostgreSQL (pgx, its pool, a LISTEN), Redis (subscription, ring, asynq), MySQL and MongoDB clients. PostgreSQL and Redis servers
// are given in IDLE_POSTGRES and IDLE_REDIS; what is not given is left out. MySQL gets a server that only shakes hands; MongoDB's
// monitors wait for one that is not there.
package main

import (
	"context"
	"database/sql"
	"net"
	"os"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/hibiken/asynq"
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
		worker := asynq.NewServer(asynq.RedisClientOpt{Addr: address}, asynq.Config{LogLevel: asynq.FatalLevel})
		snapshot.Check(worker.Start(asynq.NewServeMux()))
	}
	openMySQL()
	client := snapshot.Must(mongo.Connect(options.Client().ApplyURI("mongodb://127.0.0.1:1/")))
	keep = append(keep, client)
	snapshot.PrintAfter(2 * time.Second)
}

// A server that greets (protocol 10, mysql_native_password without a password) and answers everything with OK.
func openMySQL() {
	listener := snapshot.Must(net.Listen("tcp", "127.0.0.1:0"))
	go func() {
		conn := snapshot.Must(listener.Accept())
		greeting := append([]byte{10}, "8.0.0\x00"...)
		greeting = append(greeting, 1, 0, 0, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 0)
		greeting = append(greeting, 0x00, 0xa2, 33, 2, 0, 0x08, 0x00, 21)
		greeting = append(greeting, make([]byte, 10)...)
		greeting = append(greeting, "abcdefghijkl\x00mysql_native_password\x00"...)
		conn.Write(append([]byte{byte(len(greeting)), 0, 0, 0}, greeting...))
		for buffer := make([]byte, 4096); ; {
			if _, err := conn.Read(buffer); err != nil {
				return
			}
			conn.Write([]byte{7, 0, 0, buffer[3] + 1, 0, 0, 0, 2, 0, 0, 0})
		}
	}()
	db := snapshot.Must(sql.Open("mysql", "u@tcp("+listener.Addr().String()+")/d"))
	snapshot.Check(db.Ping())
	keep = append(keep, db)
}
