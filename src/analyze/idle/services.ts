/** Pools, schedulers, watchers, clusters, caches, SSH, QUIC, WebSockets and the Kubernetes client. */
import { type NamedRow, nameLoops, nameRows } from './pattern.ts'

const poolLoops = [
  ...nameLoops({ module: 'github.com/panjf2000/ants/v2', package: 'github.com/panjf2000/ants', versions: 'v2.12.1' }, [
    [
      'ants-worker',
      'ants worker waits for a task',
      'chan receive|select',
      '(*goWorker).run|(*goWorkerWithFunc).run|(*goWorkerWithFuncGeneric).run',
      'worker.go',
    ],
    [
      'ants-timers',
      'ants pool waits to purge idle workers',
      'select',
      '(*poolCommon).purgeStaleWorkers|(*poolCommon).ticktock',
      'ants.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/robfig/cron/v3', package: 'github.com/robfig/cron', versions: 'v3.0.1' }, [
    ['cron-run', 'cron waits for its next job', 'select', '(*Cron).run', 'cron.go'],
  ]),
  ...nameLoops(
    { module: 'github.com/go-co-op/gocron/v2', package: 'github.com/go-co-op/gocron', versions: 'v2.21.2' },
    [
      [
        'gocron-scheduler',
        'gocron scheduler waits for a job or a request',
        'select',
        'NewScheduler|(*executor).start|(*executor).limitModeRunner|(*executor).singletonModeRunner',
        'scheduler.go',
      ],
    ],
  ),
  ...nameLoops({ module: 'github.com/hibiken/asynq', versions: 'v0.26.0' }, [
    [
      'asynq-loops',
      'asynq waits for its next round',
      'select',
      '(*forwarder).start|(*healthchecker).start|(*heartbeater).start|(*janitor).start|(*recoverer).start|(*subscriber).start|(*syncer).start|(*aggregator).start|(*Scheduler).runHeartbeater',
      'forwarder.go',
    ],
    [
      'asynq-processor',
      'asynq processor sleeps before it looks at its queues again',
      'sleep',
      '(*processor).exec',
      'processor.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/valyala/fasthttp', versions: 'v1.40.0, v1.77.0' }, [
    [
      'fasthttp-worker',
      'fasthttp worker waits for a connection',
      'chan receive',
      '(*workerPool).workerFunc',
      'workerpool.go',
    ],
    [
      'fasthttp-timers',
      'fasthttp waits for its next clean-up',
      'sleep|select|chan receive',
      '(*workerPool).Start|updateServerDate|(*Client).mCleaner|(*HostClient).connsCleaner|(*TCPDialer).tcpAddrsClean|(*inMemoryCacheManager).handleCleanCache',
      'workerpool.go',
    ],
    [
      'fasthttp-stackless',
      'fasthttp stackless worker waits for work',
      'chan receive',
      '/stackless.funcWorker',
      'stackless/func.go',
    ],
    [
      'fasthttp-keepalive',
      'fasthttp server connection waits for its next request',
      'IO wait',
      '(*Server).serveConnCounted|(*Server).serveConn',
      'server.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/thejerf/suture/v4', package: 'github.com/thejerf/suture', versions: 'v4.0.6' }, [
    [
      'suture-supervisor',
      'suture supervisor waits for the end of a service or a request',
      'select',
      '(*Supervisor).Serve',
      'supervisor.go',
    ],
  ]),
]

const cacheLoops = [
  ...nameLoops({ module: 'github.com/patrickmn/go-cache', versions: 'v2.1.0+incompatible' }, [
    [
      'go-cache-janitor',
      'go-cache waits for its next clean-up',
      'select',
      '(*janitor).Run|(*shardedJanitor).Run',
      'cache.go',
    ],
  ]),
  ...nameLoops(
    { module: 'github.com/jellydator/ttlcache/v3', package: 'github.com/jellydator/ttlcache', versions: 'v3.4.1' },
    [['ttlcache-start', 'ttlcache waits for its next expiry', 'select', '(*Cache).Start', 'cache.go']],
  ),
  ...nameLoops(
    { module: 'github.com/hashicorp/golang-lru/v2', package: 'github.com/hashicorp/golang-lru', versions: 'v2.0.7' },
    [
      [
        'lru-expirable',
        'expirable LRU waits for its next expiry',
        'select',
        '/expirable.NewLRU',
        'expirable/expirable_lru.go',
      ],
    ],
  ),
  ...nameLoops(
    { module: 'github.com/allegro/bigcache/v3', package: 'github.com/allegro/bigcache', versions: 'v3.1.0' },
    [['bigcache-clean', 'bigcache waits for its next clean-up', 'select', 'newBigCache', 'bigcache.go']],
  ),
]

const clusterLoops = [
  ...nameLoops({ module: 'github.com/hashicorp/memberlist', versions: 'v0.5.0, v0.6.0, v0.7.0' }, [
    [
      'memberlist-loops',
      'memberlist waits for a packet, a stream or its timer',
      'select',
      '(*Memberlist).packetHandler|(*Memberlist).packetListen|(*Memberlist).streamListen|(*Memberlist).checkBroadcastQueueDepth|(*Memberlist).pushPullTrigger|(*Memberlist).triggerFunc',
      'net.go',
    ],
  ]),
  ...nameLoops(
    {
      module: 'github.com/hashicorp/serf',
      package: 'github.com/hashicorp/serf/serf',
      versions: 'v0.10.1, v0.10.4, v0.11.0',
    },
    [
      [
        'serf-loops',
        'serf waits for an event or its timer',
        'select',
        '(*Serf).checkQueueDepth|(*Serf).handleReap|(*Serf).handleReconnect|(*Snapshotter).stream|(*Snapshotter).teeStream|(*serfQueries).stream|coalesceLoop',
        'serf/serf.go',
      ],
    ],
  ),
  ...nameLoops({ module: 'github.com/hashicorp/raft', versions: 'v1.8.0' }, [
    [
      'raft-loops',
      'raft waits for a message, a change or its timer',
      'select',
      '(*Raft).runFollower|(*Raft).runCandidate|(*Raft).leaderLoop|(*Raft).runFSM|(*Raft).runSnapshots|(*Raft).replicate|(*Raft).heartbeat|(*Raft).pipelineDecode|(*snapshotRestoreMonitor).run|emitLogStoreMetrics',
      'raft.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/hashicorp/yamux', versions: 'v0.1.2' }, [
    [
      'yamux-loops',
      'yamux session waits for a stream, a frame to send or its timer',
      'select',
      '(*Session).keepalive|(*Session).sendLoop|(*Session).AcceptStream',
      'session.go',
    ],
    ['yamux-receive', 'yamux session waits for its next frame', 'IO wait', '(*Session).recvLoop', 'session.go'],
  ]),
]

const watchLoops = [
  ...nameLoops({ module: 'github.com/fsnotify/fsnotify', versions: 'v1.5.4, v1.10.1' }, [
    [
      'fsnotify-read',
      'file watcher waits for an event of the kernel',
      'IO wait|syscall',
      '(*inotify).readEvents|(*Watcher).readEvents',
      'backend_inotify.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/spf13/viper', versions: 'v1.21.0' }, [
    [
      'viper-watch',
      'viper waits for a change of its file',
      'select|sync.WaitGroup.Wait',
      '(*Viper).WatchConfig',
      'viper.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/caddyserver/certmagic', versions: 'v0.25.6' }, [
    [
      'certmagic-lock',
      'certmagic keeps a lock file fresh and sleeps between',
      'sleep',
      'keepLockfileFresh',
      'filestorage.go',
    ],
    [
      'certmagic-maintain',
      'certmagic waits for its next look at certificates',
      'select',
      '(*Cache).maintainAssets',
      'maintain.go',
    ],
    [
      'certmagic-rate-limit',
      'certmagic rate limiter waits for its next slot',
      'select',
      '(*RingBufferRateLimiter).loop|(*RingBufferRateLimiter).permit',
      'ratelimiter.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/quic-go/quic-go', versions: 'v0.50.0, v0.65.0' }, [
    [
      'quic-loops',
      'QUIC endpoint waits for a packet, something to send or its timer',
      'select',
      '(*Conn).run|(*connection).run|(*Transport).runSendQueue|(*baseServer).run|(*baseServer).runSendQueue|(*sendQueue).Run',
      'connection.go',
    ],
    [
      'quic-accept',
      'QUIC listener waits for a connection',
      'select',
      '(*baseServer).accept|(*baseServer).Accept',
      'server.go',
    ],
  ]),
  ...nameLoops({ module: 'go.uber.org/fx', versions: 'v1.24.0' }, [
    [
      'fx-signals',
      'fx waits for a signal',
      'select|chan receive',
      '(*signalReceivers).relayer|(*App).Run|(*App).run',
      'signal.go',
    ],
  ]),
]

const kubernetesLoops = [
  ...nameLoops({ module: 'k8s.io/apimachinery', package: 'k8s.io/apimachinery/pkg', versions: 'v0.25.0, v0.37.2' }, [
    [
      'k8s-wait-until',
      'Kubernetes wait loop waits for its next round',
      'select',
      '/util/wait.BackoffUntil|/util/wait.BackoffUntilWithContext|/util/wait.JitterUntil',
      'pkg/util/wait/backoff.go',
    ],
    [
      'k8s-broadcaster',
      'Kubernetes broadcaster waits for an event',
      'chan receive',
      '/watch.(*Broadcaster).loop',
      'pkg/watch/mux.go',
    ],
  ]),
  ...nameLoops({ module: 'k8s.io/client-go', versions: 'v0.25.0, v0.37.2' }, [
    [
      'k8s-workqueue-get',
      'worker of a Kubernetes work queue waits for an item',
      'sync.Cond.Wait',
      '/util/workqueue.(*Typed).Get|/util/workqueue.(*Type).Get',
      'util/workqueue/queue.go',
    ],
    [
      'k8s-workqueue-loops',
      'Kubernetes work queue waits for its next item or timer',
      'select',
      '/util/workqueue.(*Typed).updateUnfinishedWorkLoop|/util/workqueue.(*Type).updateUnfinishedWorkLoop|/util/workqueue.(*delayingType).waitingLoop',
      'util/workqueue/queue.go',
    ],
    [
      'k8s-fifo-pop',
      'Kubernetes informer waits for a change',
      'sync.Cond.Wait',
      '/tools/cache.(*DeltaFIFO).Pop|/tools/cache.(*RealFIFO).Pop|/tools/cache.(*RealFIFO).PopBatch|/tools/cache.(*FIFO).Pop',
      'tools/cache/delta_fifo.go',
    ],
    [
      'k8s-informer-listener',
      'Kubernetes informer listener waits for a notification',
      'select|chan receive',
      '/tools/cache.(*processorListener).pop|/tools/cache.(*processorListener).run',
      'tools/cache/shared_informer.go',
      'a handler that is slow or stuck holds up notifications in the same select',
    ],
    [
      'k8s-informer-processor',
      'Kubernetes informer waits for its end',
      'chan receive|chan receive (nil chan)',
      '/tools/cache.(*sharedProcessor).run|/tools/cache.(*controller).RunWithContext|/tools/cache.(*controller).Run',
      'tools/cache/shared_informer.go',
    ],
    [
      'k8s-reflector-watch',
      'Kubernetes reflector waits for an event or its next resync',
      'select',
      '/tools/cache.handleAnyWatch|/tools/cache.watchHandler|/tools/cache.(*Reflector).startResync',
      'tools/cache/reflector.go',
    ],
    [
      'k8s-events',
      'Kubernetes event recorder waits for an event',
      'select|chan receive',
      '/tools/record.(*eventBroadcasterImpl).StartEventWatcher|/tools/record.NewBroadcaster|/tools/events.(*eventBroadcasterImpl).startEventWatcher',
      'tools/record/event.go',
    ],
  ]),
]

const rows: readonly NamedRow[] = [
  {
    id: 'k8s-watch-receive',
    summary: 'Kubernetes watch waits for an event of the API server',
    reasons: ['sync.Cond.Wait'],
    frames: ['golang.org/x/net/http2.(*pipe).Read', '...', 'k8s.io/apimachinery/pkg/watch.(*StreamWatcher).receive'],
    source: {
      module: 'k8s.io/apimachinery',
      file: 'pkg/watch/streamwatcher.go',
      function: 'k8s.io/apimachinery/pkg/watch.(*StreamWatcher).receive',
      versions: 'v0.25.0, v0.37.2',
    },
  },
  {
    id: 'gorilla-websocket-read',
    summary: 'WebSocket (gorilla) waits for the next message of its peer',
    reasons: ['IO wait'],
    frames: [
      'github.com/gorilla/websocket.(*Conn).read',
      'github.com/gorilla/websocket.(*Conn).advanceFrame',
      'github.com/gorilla/websocket.(*Conn).NextReader',
    ],
    ambiguous: 'a client that waits for the answer to a message looks the same',
    source: {
      module: 'github.com/gorilla/websocket',
      file: 'conn.go',
      function: 'github.com/gorilla/websocket.(*Conn).NextReader',
      versions: 'v1.5.3, v1.5.4-0.20250319132907-e064f32e3674',
    },
  },
  {
    id: 'coder-websocket-read',
    summary: 'WebSocket (coder) waits for the next message of its peer',
    reasons: ['IO wait'],
    frames: [
      'github.com/coder/websocket.readFrameHeader',
      '...',
      'github.com/coder/websocket.(*Conn).readLoop',
      'github.com/coder/websocket.(*Conn).reader',
    ],
    ambiguous: 'a client that waits for the answer to a message looks the same',
    source: {
      module: 'github.com/coder/websocket',
      file: 'read.go',
      function: 'github.com/coder/websocket.(*Conn).reader',
      versions: 'v1.8.15',
    },
  },
  {
    id: 'quic-read',
    summary: 'QUIC endpoint waits for a datagram',
    reasons: ['IO wait'],
    frames: ['golang.org/x/net/internal/socket.**', '...', 'github.com/quic-go/quic-go.(*Transport).listen'],
    source: {
      module: 'github.com/quic-go/quic-go',
      file: 'transport.go',
      function: 'github.com/quic-go/quic-go.(*Transport).listen',
      versions: 'v0.50.0, v0.65.0',
    },
  },
  {
    id: 'exporter-toolkit-serve',
    summary: 'Prometheus exporter waits for the end of its listeners',
    reasons: ['sync.WaitGroup.Wait', 'semacquire'],
    frames: ['golang.org/x/sync/errgroup.(*Group).Wait', 'github.com/prometheus/exporter-toolkit/web.ServeMultiple'],
    source: {
      module: 'github.com/prometheus/exporter-toolkit',
      file: 'web/tls_config.go',
      function: 'github.com/prometheus/exporter-toolkit/web.ServeMultiple',
      versions: 'v0.20.0',
    },
  },
  {
    id: 'ssh-mux-read',
    summary: 'SSH connection waits for the next packet',
    reasons: ['IO wait', 'chan receive'],
    frames: [
      'golang.org/x/crypto/ssh.*',
      '...',
      'golang.org/x/crypto/ssh.(*handshakeTransport).readLoop|golang.org/x/crypto/ssh.(*mux).loop',
    ],
    notFrames: ['golang.org/x/crypto/ssh.(*handshakeTransport).enterKeyExchange'],
    source: {
      module: 'golang.org/x/crypto',
      file: 'ssh/mux.go',
      function: 'golang.org/x/crypto/ssh.(*mux).loop',
      versions: 'v0.58.0',
    },
  },
  {
    id: 'dns-server-tcp',
    summary: 'DNS server connection waits for its next query',
    reasons: ['IO wait'],
    frames: ['github.com/miekg/dns.(*Server).readTCP', '...', 'github.com/miekg/dns.(*Server).serveTCPConn'],
    source: {
      module: 'github.com/miekg/dns',
      file: 'server.go',
      function: 'github.com/miekg/dns.(*Server).serveTCPConn',
      versions: 'v1.1.72, v1.1.73',
    },
  },
]

const sshLoops = nameLoops({ module: 'golang.org/x/crypto', versions: 'v0.58.0' }, [
  [
    'ssh-kex-loop',
    'SSH connection waits for a key exchange',
    'select',
    '/ssh.(*handshakeTransport).kexLoop',
    'ssh/handshake.go',
  ],
  [
    'ssh-client-loops',
    'SSH client waits for a channel or a global request',
    'chan receive|sync.Cond.Wait',
    '/ssh.(*Client).handleChannelOpens|/ssh.(*Client).handleGlobalRequests|/ssh.DiscardRequests|/ssh.(*mux).Wait',
    'ssh/client.go',
  ],
])

export const serviceIdle = [
  ...nameRows(rows),
  ...poolLoops,
  ...cacheLoops,
  ...clusterLoops,
  ...watchLoops,
  ...kubernetesLoops,
  ...sshLoops,
]
