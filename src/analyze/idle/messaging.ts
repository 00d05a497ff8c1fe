/**
 * Clients and servers of message brokers: NATS, Kafka (sarama, kafka-go, franz-go), AMQP, NSQ, MQTT.
 * Not here: producers that wait to send, synchronous publishes that wait for an acknowledgement, drains.
 */
import { type NamedRow, nameLoops, nameRows } from './pattern.ts'

const natsClient = { module: 'github.com/nats-io/nats.go', versions: 'v1.55.0' }
const nats = natsClient.module
const natsServerModule = { module: 'github.com/nats-io/nats-server/v2', versions: 'v2.15.2' }
const natsServer = 'github.com/nats-io/nats-server/server'
const kgo = { module: 'github.com/twmb/franz-go', package: 'github.com/twmb/franz-go/pkg/kgo', versions: 'v1.22.2' }

const natsClientLoops = nameLoops(natsClient, [
  ['nats-flusher', 'NATS client waits for something to flush', 'chan receive', '(*Conn).flusher', 'nats.go'],
  ['nats-subscription', 'NATS subscription waits for a message', 'sync.Cond.Wait', '(*Conn).waitForMsgs', 'nats.go'],
  [
    'nats-callbacks',
    'NATS client waits for an asynchronous callback',
    'sync.Cond.Wait',
    '(*asyncCallbacksHandler).asyncCBDispatcher',
    'nats.go',
  ],
  [
    'nats-jetstream-reconnect-watch',
    'NATS JetStream publisher waits for a change of the connection',
    'chan receive',
    '/jetstream.(*jetStream).resetPendingAcksOnReconnect|(*js).resetPendingAcksOnReconnect',
    'jetstream/publish.go',
  ],
  [
    'nats-jetstream-pull',
    'NATS JetStream pull consumer waits for a reason to fetch',
    'select',
    '/jetstream.(*pullSubscription).pullMessages',
    'jetstream/pull.go',
  ],
  [
    'nats-jetstream-consume',
    'NATS JetStream consumer waits for a change of status',
    'select',
    '/jetstream.(*pullConsumer).Consume|/jetstream.(*pullConsumer).Messages|/jetstream.(*pushConsumer).Consume|/jetstream.(*orderedConsumer).Consume',
    'jetstream/pull.go',
  ],
  [
    'nats-micro-callbacks',
    'NATS micro service waits for a callback',
    'select',
    '/micro.(*asyncCallbacksHandler).run',
    'micro/service.go',
  ],
])

const natsServerLoops = nameLoops({ ...natsServerModule, package: natsServer }, [
  [
    'nats-server-write-loop',
    'NATS server connection waits for something to write',
    'sync.Cond.Wait',
    '(*client).writeLoop',
    'client.go',
  ],
  [
    'nats-server-send-loop',
    'NATS server waits for a system message to send',
    'select',
    '(*Server).internalSendLoop',
    'events.go',
  ],
  [
    'nats-server-receive-loop',
    'NATS server waits for a system message',
    'select',
    '(*Server).internalReceiveLoop',
    'events.go',
  ],
  ['nats-server-sendq', 'NATS server send queue waits for a message', 'select', '(*sendq).internalLoop', 'sendq.go'],
  [
    'nats-server-stream',
    'NATS stream waits for a message or a request',
    'select',
    '(*stream).internalLoop',
    'stream.go',
  ],
  [
    'nats-server-stream-signal',
    'NATS stream waits for a signal to its consumers',
    'select',
    '(*stream).signalConsumersLoop',
    'stream.go',
  ],
  [
    'nats-server-api',
    'NATS JetStream API waits for a routed request',
    'select',
    '(*Server).processJSAPIRoutedRequests',
    'jetstream_api.go',
  ],
  [
    'nats-server-delayed-api',
    'NATS JetStream API waits for a delayed answer to send',
    'select',
    '(*Server).delayedAPIResponder',
    'jetstream_api.go',
  ],
  [
    'nats-server-consumer',
    'NATS consumer waits for a message or an acknowledgement',
    'select',
    '(*consumer).loopAndGatherMsgs|(*consumer).processInboundAcks|(*consumer).processInboundNextMsgReqs|(*consumer).loopAndForwardProposals',
    'consumer.go',
  ],
  [
    'nats-server-store-flush',
    'NATS file store waits for something to flush',
    'select',
    '(*fileStore).flushStreamStateLoop|(*msgBlock).flushLoop|(*consumerFileStore).flushLoop',
    'filestore.go',
  ],
  [
    'nats-server-timers',
    'NATS server waits for its next expiry or report',
    'select',
    '(*Server).startRateLimitLogExpiration|(*Server).startGWReplyMapExpiration|(*Server).logRejectedTLSConns|/ats.Register|(*DirJWTStore).startExpiring|(*DirAccResolver).Start',
    'server.go',
  ],
  ['nats-server-signals', 'NATS server waits for a signal', 'select', '(*Server).handleSignals', 'signal.go'],
  [
    'nats-server-wait-shutdown',
    'NATS server: main waits for the shutdown',
    'chan receive',
    '(*Server).WaitForShutdown',
    'server.go',
  ],
  [
    'nats-server-raft',
    'NATS raft node waits for a message or a timer',
    'select',
    '(*raft).runAsFollower|(*raft).runAsLeader|(*raft).runAsCandidate',
    'raft.go',
  ],
])

const kafkaLoops = [
  ...nameLoops({ module: 'github.com/IBM/sarama', versions: 'v1.61.1' }, [
    [
      'sarama-metadata',
      'Kafka client (sarama) waits for its next look at the metadata',
      'select',
      '(*client).backgroundMetadataUpdater',
      'client.go',
    ],
    [
      'sarama-responses',
      'Kafka broker connection (sarama) waits for a request in flight',
      'chan receive',
      '(*Broker).responseReceiver',
      'broker.go',
    ],
    [
      'sarama-producer',
      'Kafka producer (sarama) waits for a message',
      'chan receive',
      '(*asyncProducer).dispatcher|(*asyncProducer).retryHandler|(*topicProducer).dispatch|(*partitionProducer).dispatch|(*syncProducer).handleSuccesses|(*syncProducer).handleErrors',
      'async_producer.go',
    ],
    [
      'sarama-broker-producer',
      'Kafka broker producer (sarama) waits for a message or a response',
      'select',
      '(*brokerProducer).run',
      'async_producer.go',
    ],
    [
      'sarama-broker-producer-bridge',
      'Kafka broker producer (sarama) waits for a batch',
      'chan receive',
      '(*asyncProducer).newBrokerProducer',
      'async_producer.go',
    ],
    [
      'sarama-consumer',
      'Kafka consumer (sarama) waits for a subscription',
      'select',
      '(*brokerConsumer).subscriptionManager|(*partitionConsumer).dispatcher',
      'consumer.go',
    ],
    [
      'sarama-consumer-feed',
      'Kafka consumer (sarama) waits for a fetch to pass on',
      'chan receive',
      '(*brokerConsumer).subscriptionConsumer|(*partitionConsumer).responseFeeder|(*partitionConsumer).dispatcher',
      'consumer.go',
    ],
    [
      'sarama-offsets',
      'Kafka offset manager (sarama) waits for its next commit',
      'select',
      '(*offsetManager).mainLoop',
      'offset_manager.go',
    ],
    [
      'sarama-group-heartbeat',
      'Kafka consumer group (sarama) waits for its next heartbeat',
      'select',
      '(*consumerGroupSession).heartbeatLoop|(*consumerGroup).loopCheckPartitionNumbers',
      'consumer_group_session.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/segmentio/kafka-go', versions: 'v0.4.51' }, [
    [
      'kafka-go-discover',
      'Kafka transport (kafka-go) waits for its next look at the metadata',
      'select',
      '(*connPool).discover',
      'transport.go',
    ],
    ['kafka-go-conn', 'Kafka connection (kafka-go) waits for a request', 'chan receive', '(*conn).run', 'transport.go'],
    [
      'kafka-go-lag',
      'Kafka reader (kafka-go) waits for its next look at the lag',
      'select',
      '(*Reader).readLag',
      'reader.go',
    ],
    [
      'kafka-go-writer',
      'Kafka writer (kafka-go) waits for a batch',
      'sync.Cond.Wait',
      '(*batchQueue).Get',
      'writer.go',
    ],
    [
      'kafka-go-group-heartbeat',
      'Kafka consumer group (kafka-go) waits for its next heartbeat',
      'select',
      '(*Generation).heartbeatLoop|(*Generation).partitionWatcher',
      'consumergroup.go',
    ],
  ]),
  ...nameLoops(kgo, [
    [
      'franz-metadata',
      'Kafka client (franz-go) waits for a reason to look at the metadata',
      'select',
      '(*Client).updateMetadataLoop',
      'pkg/kgo/metadata.go',
    ],
    [
      'franz-reaper',
      'Kafka client (franz-go) waits to close idle connections',
      'select',
      '(*Client).reapConnectionsLoop',
      'pkg/kgo/broker.go',
    ],
    [
      'franz-metrics',
      'Kafka client (franz-go) waits to push its metrics',
      'select',
      '(*Client).pushMetrics',
      'pkg/kgo/metrics_714.go',
    ],
    [
      'franz-fetches',
      'Kafka client (franz-go) waits for a fetch to manage',
      'select',
      '(*fetchManager).manageFetchConcurrency',
      'pkg/kgo/consumer.go',
    ],
    [
      'franz-commit',
      'Kafka group consumer (franz-go) waits for its next commit',
      'select',
      '(*groupConsumer).loopCommit',
      'pkg/kgo/consumer_group.go',
    ],
    [
      'franz-poll',
      'Kafka client (franz-go) waits for records',
      'sync.Cond.Wait|select',
      '(*Client).PollRecords',
      'pkg/kgo/consumer.go',
    ],
  ]),
]

const otherLoops = [
  ...nameLoops({ module: 'github.com/rabbitmq/amqp091-go', versions: 'v1.16.0' }, [
    [
      'amqp-heartbeat',
      'AMQP connection waits for its next heartbeat',
      'select',
      '(*Connection).heartbeater',
      'connection.go',
    ],
    [
      'amqp-consumer-buffer',
      'AMQP consumer waits for a delivery',
      'chan receive',
      '(*consumers).buffer',
      'consumers.go',
    ],
    [
      'amqp-watch',
      'AMQP client waits for the close of a connection or channel',
      'chan receive',
      '(*Connection).watchConnection|(*Channel).watchChannel',
      'connection.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/nsqio/go-nsq', versions: 'v1.1.0' }, [
    ['nsq-write-loop', 'NSQ connection waits for a command to write', 'select', '(*Conn).writeLoop', 'conn.go'],
    ['nsq-handler', 'NSQ consumer waits for a message', 'chan receive', '(*Consumer).handlerLoop', 'consumer.go'],
    [
      'nsq-timers',
      'NSQ consumer waits for its next round',
      'select',
      '(*Consumer).rdyLoop|(*Consumer).lookupdLoop',
      'consumer.go',
    ],
    ['nsq-producer', 'NSQ producer waits for a message or a response', 'select', '(*Producer).router', 'producer.go'],
  ]),
  ...nameLoops({ module: 'github.com/eclipse/paho.mqtt.golang', versions: 'v1.5.1' }, [
    ['mqtt-keepalive', 'MQTT client waits for its next ping', 'select', 'keepalive', 'ping.go'],
    [
      'mqtt-comms',
      'MQTT client waits for a message in or out',
      'select|chan receive|sync.WaitGroup.Wait',
      '(*client).startCommsWorkers|startIncomingComms|startOutgoingComms|startComms|(*router).matchAndDispatch',
      'client.go',
      'a subscriber that does not take its messages holds them up in the same select',
    ],
  ]),
]

const readers: readonly NamedRow[] = [
  {
    id: 'nats-read-loop',
    summary: 'NATS client connection waits for the server to speak',
    reasons: ['IO wait'],
    frames: [`${nats}.(*Conn).readLoop`],
    source: { ...natsClient, file: 'nats.go', function: `${nats}.(*Conn).readLoop` },
  },
  {
    id: 'nats-server-read-loop',
    summary: 'NATS server connection waits for its client to speak',
    reasons: ['IO wait'],
    frames: [`${natsServer}.(*client).readLoop`],
    source: { ...natsServerModule, file: 'server/client.go', function: `${natsServer}.(*client).readLoop` },
  },
  {
    id: 'amqp-reader',
    summary: 'AMQP connection waits for the next frame',
    reasons: ['IO wait'],
    frames: [
      'github.com/rabbitmq/amqp091-go.(*reader).ReadFrame',
      'github.com/rabbitmq/amqp091-go.(*Connection).reader',
    ],
    source: {
      module: 'github.com/rabbitmq/amqp091-go',
      file: 'connection.go',
      function: 'github.com/rabbitmq/amqp091-go.(*Connection).reader',
      versions: 'v1.16.0',
    },
  },
  {
    id: 'nsq-read-loop',
    summary: 'NSQ connection waits for the next frame',
    reasons: ['IO wait'],
    frames: ['github.com/nsqio/go-nsq.*', '...', 'github.com/nsqio/go-nsq.(*Conn).readLoop'],
    source: {
      module: 'github.com/nsqio/go-nsq',
      file: 'conn.go',
      function: 'github.com/nsqio/go-nsq.(*Conn).readLoop',
      versions: 'v1.1.0',
    },
  },
  {
    id: 'mqtt-read-loop',
    summary: 'MQTT connection waits for the next packet',
    reasons: ['IO wait'],
    frames: [
      'github.com/eclipse/paho.mqtt.golang/packets.ReadPacket',
      'github.com/eclipse/paho.mqtt.golang.startIncoming',
    ],
    source: {
      module: 'github.com/eclipse/paho.mqtt.golang',
      file: 'net.go',
      function: 'github.com/eclipse/paho.mqtt.golang.startIncoming',
      versions: 'v1.5.1',
    },
  },
]

export const messagingIdle = [
  ...nameRows(readers),
  ...natsClientLoops,
  ...natsServerLoops,
  ...kafkaLoops,
  ...otherLoops,
]
