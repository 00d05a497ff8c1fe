/** Telemetry and logging libraries: batchers, periodic exporters, flush daemons, rotators. */
import { nameLoops } from './pattern.ts'

export const observabilityIdle = [
  ...nameLoops({ module: 'go.opentelemetry.io/otel/sdk', versions: 'v1.47.0' }, [
    [
      'otel-span-batcher',
      'OpenTelemetry span processor waits for spans or its timer',
      'select',
      '/trace.(*batchSpanProcessor).processQueue',
      'trace/batch_span_processor.go',
    ],
  ]),
  ...nameLoops({ module: 'go.opentelemetry.io/otel/sdk/metric', versions: 'v1.47.0' }, [
    [
      'otel-metric-reader',
      'OpenTelemetry metric reader waits for its next collection',
      'select',
      '(*PeriodicReader).run',
      'periodic_reader.go',
    ],
  ]),
  ...nameLoops({ module: 'go.opentelemetry.io/otel/sdk/log', versions: 'v1.47.0' }, [
    [
      'otel-log-batcher',
      'OpenTelemetry log processor waits for records or its timer',
      'select',
      '(*BatchProcessor).process',
      'batch.go',
    ],
  ]),
  ...nameLoops({ module: 'go.opencensus.io', versions: 'v0.24.0' }, [
    [
      'opencensus-worker',
      'OpenCensus worker waits for a command or its timer',
      'select',
      '/stats/view.(*worker).start',
      'stats/view/worker.go',
    ],
    [
      'opencensus-reader',
      'OpenCensus reader waits for its next export',
      'select',
      '/metric/metricexport.(*IntervalReader).startInternal',
      'metric/metricexport/reader.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/golang/glog', versions: 'v1.0.0, v1.2.5' }, [
    [
      'glog-flush',
      'glog waits for its next flush',
      'select|chan receive',
      '(*fileSink).flushDaemon|(*loggingT).flushDaemon',
      'glog_file.go',
    ],
  ]),
  ...nameLoops({ module: 'k8s.io/klog/v2', package: 'k8s.io/klog', versions: 'v2.140.0' }, [
    ['klog-flush', 'klog waits for its next flush', 'select', '(*flushDaemon).run', 'klog.go'],
  ]),
  ...nameLoops({ module: 'gopkg.in/natefinch/lumberjack.v2', versions: 'v2.2.1' }, [
    [
      'lumberjack-mill',
      'lumberjack waits for old logs to compress or remove',
      'chan receive',
      '(*Logger).millRun',
      'lumberjack.go',
    ],
  ]),
  ...nameLoops({ module: 'go.uber.org/zap', versions: 'v1.28.0' }, [
    [
      'zap-flush',
      'zap buffered writer waits for its next flush',
      'select',
      '/zapcore.(*BufferedWriteSyncer).flushLoop',
      'zapcore/buffered_write_syncer.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/getsentry/sentry-go', versions: 'v0.27.0, v0.50.0' }, [
    [
      'sentry-worker',
      'Sentry transport waits for an event',
      'select|chan receive',
      '(*HTTPTransport).worker|/internal/http.(*AsyncTransport).worker',
      'transport.go',
    ],
    [
      'sentry-batch',
      'Sentry batch processor waits for an item or its timer',
      'select',
      '(*batchProcessor).run',
      'batch_processor.go',
    ],
    [
      'sentry-scheduler',
      'Sentry scheduler waits for something to send',
      'sync.Cond.Wait|select',
      '/internal/telemetry.(*Scheduler).run',
      'internal/telemetry/scheduler.go',
    ],
  ]),
  ...nameLoops(
    {
      module: 'github.com/DataDog/datadog-go/v5',
      package: 'github.com/DataDog/datadog-go',
      versions: 'v5.1.0, v5.9.1',
    },
    [
      [
        'statsd-sender',
        'DogStatsD client waits for a buffer to send or its timer',
        'select',
        '/statsd.(*sender).sendLoop|/statsd.(*aggregator).start|/statsd.(*aggregator).pullMetric|/statsd.(*worker).pullMetric|/statsd.(*telemetryClient).run|/statsd.(*ClientEx).watch|/statsd.(*Client).watch',
        'statsd/sender.go',
      ],
    ],
  ),
  ...nameLoops({ module: 'github.com/VictoriaMetrics/metrics', versions: 'v1.35.1' }, [
    [
      'vm-metrics-push',
      'VictoriaMetrics metrics waits for its next push',
      'select',
      'InitPushExtWithOptions',
      'push.go',
    ],
    [
      'vm-metrics-summaries',
      'VictoriaMetrics metrics waits to swap summaries',
      'sleep',
      'summariesSwapCron',
      'summary.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/hashicorp/go-metrics', versions: 'v0.5.4, v0.6.0, v0.7.0' }, [
    ['go-metrics-signal', 'go-metrics waits for a signal to print', 'select', '(*InmemSignal).run', 'inmem_signal.go'],
    [
      'go-metrics-runtime',
      'go-metrics waits for its next look at the runtime',
      'sleep',
      '(*Metrics).collectStats',
      'metrics.go',
    ],
    [
      'go-metrics-statsd',
      'go-metrics waits for a metric to flush',
      'select',
      '(*StatsdSink).flushMetrics|(*StatsiteSink).flushMetrics',
      'statsd.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/rcrowley/go-metrics', versions: 'v0.0.0-20250401214520-65e299d6c5c9' }, [
    [
      'rcrowley-meter',
      'go-metrics meters wait for their next tick',
      'select|chan receive',
      '(*meterArbiter).tick',
      'meter.go',
    ],
  ]),
  ...nameLoops({ module: 'github.com/uber/jaeger-client-go', versions: 'v2.30.0+incompatible' }, [
    [
      'jaeger-reporter',
      'Jaeger reporter waits for a span or its timer',
      'select',
      '(*remoteReporter).processQueue',
      'reporter.go',
    ],
    [
      'jaeger-pollers',
      'Jaeger client waits for its next poll',
      'select',
      '(*RemotelyControlledSampler).pollController|/utils.(*reconnectingUDPConn).reconnectLoop',
      'sampler_remote.go',
    ],
  ]),
]
