/**
 * Storage engines and their servers: etcd (client, server, raft), bbolt's users, badger, pebble, goleveldb,
 * Prometheus (tsdb, scrape, rules, discovery, notifier, remote write).
 */
import { type NamedRow, nameLoops, nameRows } from './pattern.ts'

const etcdClient = { module: 'go.etcd.io/etcd/client/v3', versions: 'v3.5.16, v3.7.3' }
const etcdServer = {
  module: 'go.etcd.io/etcd/server/v3',
  package: 'go.etcd.io/etcd/server',
  versions: 'v3.5.16, v3.7.3',
}
const grpcTransport = 'google.golang.org/grpc/internal/transport'

const etcdLoops = [
  ...nameLoops({ ...etcdClient, package: 'go.etcd.io/etcd/client' }, [
    [
      'etcd-client-lease-deadline',
      'etcd client waits for its next look at lease deadlines',
      'select',
      '(*lessor).deadlineLoop',
      'lease.go',
    ],
    [
      'etcd-client-lease-send',
      'etcd client waits to send its next lease keep-alive',
      'select',
      '(*lessor).sendKeepAliveLoop',
      'lease.go',
    ],
    [
      'etcd-client-watch',
      'etcd client watch stream waits for an event',
      'select',
      '(*watchGRPCStream).run|(*watchGRPCStream).serveSubstream',
      'watch.go',
      'a watcher whose channel nobody reads waits in the same select',
    ],
    [
      'etcd-client-autosync',
      'etcd client waits for its next look at the members',
      'select',
      '(*Client).autoSync',
      'client.go',
    ],
  ]),
  ...nameLoops(etcdServer, [
    [
      'etcd-server-run',
      'etcd server waits for something to apply',
      'select',
      '/etcdserver.(*EtcdServer).run',
      'etcdserver/server.go',
    ],
    [
      'etcd-server-raft',
      'etcd raft node waits for a tick or something ready',
      'select',
      '/etcdserver.(*raftNode).start',
      'etcdserver/raft.go',
    ],
    [
      'etcd-server-monitors',
      'etcd server waits for its next check',
      'select',
      '/etcdserver.(*EtcdServer).monitorClusterVersions|/etcdserver.(*EtcdServer).monitorVersions|/etcdserver.(*EtcdServer).monitorCompactHash|/etcdserver.(*EtcdServer).monitorDowngrade|/etcdserver.(*EtcdServer).monitorKVHash|/etcdserver.(*EtcdServer).monitorStorageVersion|/etcdserver.(*EtcdServer).purgeFile|/etcdserver.monitorFileDescriptor',
      'etcdserver/server.go',
    ],
    [
      'etcd-server-linearizable-read',
      'etcd server waits for a read to serve',
      'select',
      '/etcdserver/read.(*Read).LinearizableReadLoop|/etcdserver.(*EtcdServer).linearizableReadLoop',
      'etcdserver/read/read.go',
    ],
    [
      'etcd-server-lessor',
      'etcd lessor waits for its next look at leases',
      'select',
      '/lease.(*lessor).runLoop',
      'lease/lessor.go',
    ],
    [
      'etcd-server-backend',
      'etcd backend waits for its next commit',
      'select',
      '/storage/backend.(*backend).run|/mvcc/backend.(*backend).run',
      'storage/backend/backend.go',
    ],
    [
      'etcd-server-watchers',
      'etcd store waits for watchers to bring up to date',
      'select',
      '/storage/mvcc.(*watchableStore).syncVictimsLoop|/storage/mvcc.(*watchableStore).syncWatchersLoop|/mvcc.(*watchableStore).syncVictimsLoop|/mvcc.(*watchableStore).syncWatchersLoop',
      'storage/mvcc/watchable_store.go',
    ],
    [
      'etcd-server-wal-pipeline',
      'etcd WAL holds its next file ready',
      'select',
      '/storage/wal.(*filePipeline).run|/wal.(*filePipeline).run',
      'storage/wal/file_pipeline.go',
    ],
    [
      'etcd-server-auth-tokens',
      'etcd server waits for tokens to expire',
      'select',
      '/auth.(*simpleTokenTTLKeeper).run',
      'auth/simple_token.go',
    ],
    [
      'etcd-server-compactor',
      'etcd compactor waits for its next round',
      'select',
      '/etcdserver/api/v3compactor.(*Periodic).Run|/etcdserver/api/v3compactor.(*Revision).Run',
      'etcdserver/api/v3compactor/periodic.go',
    ],
    [
      'etcd-server-watch-send',
      'etcd watch stream waits for an event to send',
      'select',
      '/etcdserver/api/v3rpc.(*serverWatchStream).sendLoop',
      'etcdserver/api/v3rpc/watch.go',
    ],
    [
      'etcd-server-watch-handler',
      'etcd watch or lease handler waits for the end of its stream',
      'select',
      '/etcdserver/api/v3rpc.(*watchServer).Watch|/etcdserver/api/v3rpc.(*LeaseServer).LeaseKeepAlive',
      'etcdserver/api/v3rpc/watch.go',
    ],
    [
      'etcd-server-monitor-leader',
      'etcd server waits for its next look at the leader of streams',
      'select',
      '/etcdserver/api/v3rpc.monitorLeader',
      'etcdserver/api/v3rpc/interceptor.go',
    ],
    [
      'etcd-server-peer',
      'etcd peer waits for a message to send',
      'select',
      '/etcdserver/api/rafthttp.(*pipeline).handle|/etcdserver/api/rafthttp.(*streamWriter).run|/etcdserver/api/rafthttp.startPeer|/etcdserver/api/rafthttp.monitorProbingStatus',
      'etcdserver/api/rafthttp/pipeline.go',
    ],
    [
      'etcd-embed-errors',
      'etcd waits for the first error of its listeners',
      'chan receive|select',
      '/embed.(*Etcd).errHandler|/embed.(*serveCtx).registerGateway|/etcdmain.startEtcdOrProxyV2',
      'embed/etcd.go',
    ],
  ]),
  ...nameLoops({ module: 'go.etcd.io/raft/v3', package: 'go.etcd.io/raft', versions: 'v3.7.0' }, [
    ['etcd-raft-node', 'raft node waits for a message or a tick', 'select', '(*node).run', 'node.go'],
  ]),
  ...nameLoops(
    { module: 'go.etcd.io/etcd/client/pkg/v3', package: 'go.etcd.io/etcd/client/pkg', versions: 'v3.5.16, v3.7.3' },
    [['etcd-purge-file', 'etcd waits to purge old files', 'select', '/fileutil.purgeFile', 'fileutil/purge.go']],
  ),
  ...nameLoops({ module: 'go.etcd.io/etcd/pkg/v3', package: 'go.etcd.io/etcd/pkg', versions: 'v3.5.16, v3.7.3' }, [
    [
      'etcd-fifo-scheduler',
      'etcd job queue waits for a job',
      'select',
      '/schedule.(*fifo).run',
      'schedule/schedule.go',
    ],
    [
      'etcd-interrupts',
      'etcd waits for a signal',
      'chan receive',
      '/osutil.HandleInterrupts',
      'osutil/interrupt_unix.go',
    ],
  ]),
]

const engineLoops = [
  ...nameLoops(
    { module: 'github.com/dgraph-io/badger/v4', package: 'github.com/dgraph-io/badger', versions: 'v4.9.6' },
    [
      ['badger-writes', 'badger waits for a write', 'select', '(*DB).doWrites', 'db.go'],
      [
        'badger-compactor',
        'badger waits for its next look at compactions',
        'select',
        '(*levelsController).runCompactor',
        'levels.go',
      ],
      ['badger-flush', 'badger waits for a memtable to flush', 'chan receive', '(*DB).flushMemtable', 'db.go'],
      [
        'badger-watermark',
        'badger waits for a transaction mark',
        'select',
        '/y.(*WaterMark).process',
        'y/watermark.go',
      ],
      [
        'badger-timers',
        'badger waits for its next update of sizes',
        'select',
        '(*DB).updateSize|(*DB).monitorCache',
        'db.go',
      ],
      [
        'badger-publisher',
        'badger waits for an update to publish',
        'select',
        '(*publisher).listenForUpdates',
        'publisher.go',
      ],
      [
        'badger-threshold',
        'badger waits for a new value threshold',
        'select',
        '(*vlogThreshold).listenForValueThresholdUpdate',
        'value.go',
      ],
      [
        'badger-vlog-gc',
        'badger waits for its end, to stop value-log GC',
        'chan receive',
        '(*valueLog).waitOnGC',
        'value.go',
      ],
    ],
  ),
  ...nameLoops(
    { module: 'github.com/dgraph-io/ristretto/v2', package: 'github.com/dgraph-io/ristretto', versions: 'v2.4.2' },
    [
      [
        'ristretto-items',
        'ristretto cache waits for an item',
        'select',
        '(*Cache).processItems|(*defaultPolicy).processItems',
        'cache.go',
      ],
      [
        'ristretto-allocators',
        'ristretto waits to free allocators',
        'select',
        '/z.(*AllocatorPool).freeupAllocators',
        'z/allocator.go',
      ],
    ],
  ),
  ...nameLoops(
    { module: 'github.com/cockroachdb/pebble/v2', package: 'github.com/cockroachdb/pebble', versions: 'v2.1.7' },
    [
      [
        'pebble-log-flush',
        'pebble WAL waits for something to flush',
        'sync.Cond.Wait',
        '/record.(*LogWriter).flushLoop|/record.(*flusherCond).Wait',
        'record/log_writer.go',
      ],
      [
        'pebble-disk-health',
        'pebble waits for its next look at slow disks',
        'select',
        '/vfs.(*diskHealthCheckingFS).startTickerLocked|/vfs.(*diskHealthCheckingFile).startTicker',
        'vfs/disk_health.go',
      ],
      [
        'pebble-compaction-granter',
        'pebble waits for its next look at waiting compactions',
        'select',
        '(*ConcurrencyLimitScheduler).periodicGranter',
        'compaction_scheduler.go',
      ],
      [
        'pebble-cache-release',
        'pebble file cache waits for a value to release',
        'chan receive',
        '/internal/genericcache.(*shard).releaseLoop',
        'internal/genericcache/shard.go',
      ],
      [
        'pebble-cleanup',
        'pebble waits for obsolete files to delete',
        'chan receive|sync.Cond.Wait',
        '(*cleanupManager).mainLoop',
        'obsolete_files.go',
      ],
    ],
  ),
  ...nameLoops(
    { module: 'github.com/syndtr/goleveldb', package: 'github.com/syndtr/goleveldb/leveldb', versions: 'v1.0.0' },
    [
      [
        'leveldb-compaction',
        'goleveldb waits for a compaction to do',
        'select',
        '(*DB).mCompaction|(*DB).tCompaction',
        'leveldb/db_compaction.go',
      ],
      [
        'leveldb-errors',
        'goleveldb waits for a compaction error',
        'select',
        '(*DB).compactionError',
        'leveldb/db_compaction.go',
      ],
      [
        'leveldb-pools',
        'goleveldb waits to drain its pools',
        'select',
        '(*DB).mpoolDrain|/util.(*BufferPool).drain',
        'leveldb/db_state.go',
      ],
    ],
  ),
]

const prometheusLoops = nameLoops({ module: 'github.com/prometheus/prometheus', versions: 'v0.316.0' }, [
  [
    'prometheus-tsdb-run',
    'Prometheus tsdb waits for its next compaction',
    'select',
    '/tsdb.(*DB).run|/tsdb/agent.(*DB).run',
    'tsdb/db.go',
  ],
  [
    'prometheus-tsdb-state',
    'Prometheus tsdb waits for its next look at series states',
    'select',
    '/tsdb.(*Head).runSeriesStateTicker',
    'tsdb/head_wal.go',
  ],
  [
    'prometheus-wal',
    'Prometheus WAL waits for a segment to sync',
    'select',
    '/tsdb/wlog.(*WL).run',
    'tsdb/wlog/wlog.go',
  ],
  [
    'prometheus-wal-watch',
    'Prometheus WAL watcher waits for records',
    'select',
    '/tsdb/wlog.(*Watcher).readSegment|/tsdb/wlog.(*Watcher).watch|/tsdb/wlog.(*Watcher).loop',
    'tsdb/wlog/watcher.go',
  ],
  [
    'prometheus-chunk-writer',
    'Prometheus chunk mapper waits for a chunk to write',
    'sync.Cond.Wait',
    '/tsdb/chunks.(*writeJobQueue).pop',
    'tsdb/chunks/queue.go',
  ],
  [
    'prometheus-scrape-loop',
    'Prometheus scrape loop waits for its next scrape',
    'select',
    '/scrape.(*scrapeLoop).run',
    'scrape/scrape.go',
  ],
  [
    'prometheus-scrape-manager',
    'Prometheus scrape manager waits for new targets',
    'select',
    '/scrape.(*Manager).reloader|/scrape.(*Manager).Run',
    'scrape/manager.go',
  ],
  [
    'prometheus-rules',
    'Prometheus rule group waits for its next evaluation',
    'select',
    '/rules.(*Group).run',
    'rules/group.go',
  ],
  [
    'prometheus-rules-manager',
    'Prometheus rule manager waits for its end',
    'chan receive',
    '/rules.(*Manager).Run',
    'rules/manager.go',
  ],
  [
    'prometheus-discovery',
    'Prometheus discovery waits for targets',
    'select|chan receive',
    '/discovery.(*Manager).sender|/discovery.(*Manager).updater|/discovery.(*Manager).Run|/discovery.staticDiscoverer.Run|/discovery/refresh.(*Discovery).Run|/discovery/file.(*Discovery).Run',
    'discovery/manager.go',
  ],
  [
    'prometheus-notifier',
    'Prometheus notifier waits for an alert',
    'select|chan receive|sync.WaitGroup.Wait',
    '/notifier.(*Manager).Run|/notifier.(*Manager).targetUpdateLoop|/notifier.(*Manager).sendLoop|/notifier.(*sendLoop).loop|/tracing.(*Manager).Run',
    'notifier/manager.go',
  ],
  [
    'prometheus-remote-write',
    'Prometheus remote write waits for samples',
    'select',
    '/storage/remote.(*shards).runShard|/storage/remote.(*QueueManager).reshardLoop|/storage/remote.(*QueueManager).updateShardsLoop|/storage/remote.(*WriteStorage).run|/storage/remote.(*MetadataWatcher).loop',
    'storage/remote/queue_manager.go',
  ],
  [
    'prometheus-log-dedupe',
    'Prometheus log de-duplication waits for its next clean-up',
    'select',
    '/util/logging.(*Deduper).run',
    'util/logging/dedupe.go',
  ],
  ['prometheus-web-run', 'Prometheus web handler waits for its end', 'select', '/web.(*Handler).Run', 'web/web.go'],
])

const streams: readonly NamedRow[] = [
  {
    id: 'etcd-server-watch-receive',
    summary: 'etcd watch stream waits for a request of its client',
    reasons: ['select'],
    frames: [
      `${grpcTransport}.(*recvBufferReader).read|${grpcTransport}.(*recvBufferReader).readMessageHeader`,
      '...',
      'go.etcd.io/etcd/server/etcdserver/api/v3rpc.(*serverWatchStream).recvLoop',
    ],
    source: {
      module: etcdServer.module,
      file: 'etcdserver/api/v3rpc/watch.go',
      function: 'go.etcd.io/etcd/server/etcdserver/api/v3rpc.(*serverWatchStream).recvLoop',
      versions: 'v3.5.16, v3.7.3',
    },
  },
  {
    id: 'etcd-server-lease-receive',
    summary: 'etcd lease keep-alive stream waits for a request of its client',
    reasons: ['select'],
    frames: [
      `${grpcTransport}.(*recvBufferReader).read|${grpcTransport}.(*recvBufferReader).readMessageHeader`,
      '...',
      'go.etcd.io/etcd/server/etcdserver/api/v3rpc.(*LeaseServer).leaseKeepAlive',
    ],
    source: {
      module: etcdServer.module,
      file: 'etcdserver/api/v3rpc/lease.go',
      function: 'go.etcd.io/etcd/server/etcdserver/api/v3rpc.(*LeaseServer).leaseKeepAlive',
      versions: 'v3.5.16, v3.7.3',
    },
  },
  {
    id: 'etcd-client-watch-receive',
    summary: 'etcd client watch stream waits for the server to speak',
    reasons: ['select'],
    frames: [
      `${grpcTransport}.(*recvBufferReader).readClient|${grpcTransport}.(*recvBufferReader).readMessageHeaderClient`,
      '...',
      'go.etcd.io/etcd/client.(*watchGRPCStream).serveWatchClient',
    ],
    source: { ...etcdClient, file: 'watch.go', function: 'go.etcd.io/etcd/client.(*watchGRPCStream).serveWatchClient' },
  },
  {
    id: 'etcd-client-lease-receive',
    summary: 'etcd client lease stream waits for the server to speak',
    reasons: ['select'],
    frames: [
      `${grpcTransport}.(*recvBufferReader).readClient|${grpcTransport}.(*recvBufferReader).readMessageHeaderClient`,
      '...',
      'go.etcd.io/etcd/client.(*lessor).recvKeepAliveLoop',
    ],
    source: { ...etcdClient, file: 'lease.go', function: 'go.etcd.io/etcd/client.(*lessor).recvKeepAliveLoop' },
  },
]

export const storageIdle = [...nameRows(streams), ...etcdLoops, ...engineLoops, ...prometheusLoops]
