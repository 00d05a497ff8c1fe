/**
 * Classes 16 and 17: messages without context. A consumer that starts a span and does not Extract from the message; a
 * producer that publishes without Inject, in a project that traces. Kafka, NATS, AMQP by the types of their libraries;
 * where the project has an instrumentation of the library, nothing is said.
 */
import { openContextScope } from '../audit/context-scope.ts'
import { isRoot, isTestFile } from '../audit/intent.ts'
import { makesTraces } from '../audit/project-facts.ts'
import { callAround, callsIn } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'
import { startCalls } from '../audit-spans/span-never-ended.ts'

const messageTypes =
  /^(\[\])?\*?(github\.com\/(nats-io\/nats\.go\.Msg|nats-io\/nats\.go\/jetstream\.Msg|segmentio\/kafka-go\.Message|IBM\/sarama\.ConsumerMessage|Shopify\/sarama\.ConsumerMessage|confluentinc\/confluent-kafka-go(\/v2)?\/kafka\.Message|twmb\/franz-go\/pkg\/kgo\.Record|rabbitmq\/amqp091-go\.Delivery|streadway\/amqp\.Delivery)|cloud\.google\.com\/go\/pubsub(\/v2)?\.Message)$/
const receives =
  /^github\.com\/(segmentio\/kafka-go\.Reader\.(ReadMessage|FetchMessage)|nats-io\/nats\.go\.Subscription\.NextMsg\w*)$/
const publishes =
  /^github\.com\/(nats-io\/nats\.go\.(Conn|JetStreamContext|EncodedConn)\.(Publish|PublishMsg|PublishAsync|Request|RequestWithContext)|nats-io\/nats\.go\/jetstream\.JetStream\.Publish\w*|segmentio\/kafka-go\.Writer\.WriteMessages|(IBM|Shopify)\/sarama\.(SyncProducer\.SendMessages?|AsyncProducer\.Input)|confluentinc\/confluent-kafka-go(\/v2)?\/kafka\.Producer\.Produce|twmb\/franz-go\/pkg\/kgo\.Client\.(Produce|ProduceSync)|(rabbitmq\/amqp091-go|streadway\/amqp)\.Channel\.Publish\w*)$/
const instrumented =
  /otelsarama|otelkafka|kotel|otelnats|otelamqp|otel-kafka|kafkaotel|amqpotel|otelwatermill|dd-trace-go.*(kafka|sarama|nats)/
/** `otelx.OTelSpanContextKey`. */
const headerOfTrace = /\.\w*(SpanContext|[Tt]race[Pp]arent)\w*(Key|Header)$/

export const consumerWithoutExtract: AuditRule = {
  id: 'consumer-without-extract',
  classNumber: 16,
  title: 'A consumer does not extract the context',
  severity: 'medium',
  saysWhen:
    'a function that is given (or reads) a message of Kafka, NATS, AMQP or Pub/Sub starts a span, and its package has no Extract and no link.',
  fix: 'Extract from the message’s headers, and continue or link.',
  check({ view, project, report }) {
    if (project.imports(project.packages, instrumented)) return
    if (
      view.calls.some(
        ({ lastName, name }) => lastName === 'Extract' || /trace\.(WithLinks|LinkFromContext)$/.test(name),
      )
    )
      return
    for (const name of startCalls) {
      for (const call of view.callsOf(name)) {
        if (isTestFile(view, call.file)) continue
        let fn = view.functions[call.fn]
        while (fn !== undefined) {
          const own = fn
          const isConsumer =
            own.parameters.some(({ type }) => messageTypes.test(type)) ||
            callsIn(view, own.file, own.node).some((one) => receives.test(one.name))
          if (isConsumer) break
          fn = view.functions[own.parent]
        }
        if (fn === undefined) continue
        report(call.file, call.node, {
          message: `${fn.name} starts a span for a message and does not extract the message's context`,
          confidence: 'probable',
        })
      }
    }
  },
}

export const producerWithoutInject: AuditRule = {
  id: 'producer-without-inject',
  classNumber: 17,
  title: 'A producer does not inject the context',
  severity: 'medium',
  saysWhen:
    'a message of Kafka, NATS or AMQP is published where a context is in scope, by a package that never calls Inject or writes such a header by hand, in a project that traces.',
  fix: 'Inject into the message’s headers when it is published.',
  check({ view, project, report }) {
    if (!makesTraces(project) || project.imports(project.packages, instrumented)) return
    // By its own hand too: `telemetry.GetCarrier(ctx)`, a header that is called after spans. What is extracted was received.
    const injects = view.calls.some(
      ({ lastName, file, node }) =>
        /^inject|carrier/i.test(lastName) && callAround(view, file, node)?.lastName !== 'Extract',
    )
    if (injects) return
    if (view.nodesOf('selector_expression').some(({ file, node }) => headerOfTrace.test(view.text(file, node)))) return
    const scope = openContextScope(view)
    for (const call of view.calls) {
      if (!publishes.test(call.name) || isTestFile(view, call.file) || isRoot(view, call.fn)) continue
      const source = scope.bestAt(call.file, call.node)
      if (source === undefined) continue
      report(call.file, call.node, {
        offTrace: { confidence: 'possible', severity: 'info' },
        message: `${call.lastName} sends a message without the context of ${source.expression}`,
      })
    }
  },
}
