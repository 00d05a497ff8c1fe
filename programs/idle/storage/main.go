// Embedded storage: an etcd server with a client that watches and keeps a lease, badger, pebble, goleveldb,
// ristretto and the Prometheus tsdb.
package main

import (
	"context"
	"net/url"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/ristretto/v2"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/syndtr/goleveldb/leveldb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"sightline.example/idle/snapshot"
)

func main() {
	dir := snapshot.Must(os.MkdirTemp("", "idle-storage-"))
	openEtcd(dir + "/etcd")
	store := snapshot.Must(badger.Open(badger.DefaultOptions(dir + "/badger").WithLogger(nil).WithMetricsEnabled(true)))
	kv := snapshot.Must(pebble.Open(dir+"/pebble", &pebble.Options{}))
	level := snapshot.Must(leveldb.OpenFile(dir+"/leveldb", nil))
	cache := snapshot.Must(ristretto.NewCache(&ristretto.Config[string, int]{NumCounters: 1000, MaxCost: 100, BufferItems: 64}))
	series := snapshot.Must(tsdb.Open(dir+"/tsdb", nil, nil, tsdb.DefaultOptions(), nil))
	keep = []any{store, kv, level, cache, series}
	snapshot.PrintAfter(3*time.Second, dir)
}

var keep []any

func openEtcd(dir string) {
	config := embed.NewConfig()
	config.Dir = dir
	config.LogLevel = "fatal"
	config.AutoCompactionMode, config.AutoCompactionRetention = "periodic", "1h"
	address := snapshot.Must(url.Parse("http://127.0.0.1:0"))
	config.ListenClientUrls, config.ListenPeerUrls = []url.URL{*address}, []url.URL{*address}
	server := snapshot.Must(embed.StartEtcd(config))
	<-server.Server.ReadyNotify()
	client := snapshot.Must(clientv3.New(clientv3.Config{
		Endpoints: []string{server.Clients[0].Addr().String()}, DialTimeout: 5 * time.Second, AutoSyncInterval: time.Hour,
	}))
	snapshot.Must(client.Put(context.Background(), "a", "b"))
	client.Watch(context.Background(), "a")
	lease := snapshot.Must(client.Grant(context.Background(), 60))
	snapshot.Must(client.KeepAlive(context.Background(), lease.ID))
	keep = append(keep, server, client)
}
