/**
 * Every JSON that spans come in, as one grammar: OTLP, Jaeger (classic and v3), Zipkin v2, Tempo. Which it is shows in
 * the keys of the document, so that files of one format each, streams of lines and what an API wrapped are all read.
 */
import type { SpanFormat } from '../../model/spans.ts'
import { isRecord, plainText } from '../stream/any-value.ts'
import { readNumber } from '../stream/json-numbers.ts'
import type { JsonReader } from '../stream/json-reader.ts'
import { type Action, type Grammar, JsonWalk } from '../stream/json-walk.ts'
import { KeySet } from '../stream/text-pool.ts'
import { JaegerJsonSpans } from './jaeger-json.ts'
import { OtlpJsonSpans } from './otlp-json.ts'
import type { SpanBuilder } from './span-builder.ts'
import { ZipkinJsonSpans } from './zipkin-json.ts'

/** What an object is, by the first of its keys that only one format has at that place. */
const KINDS: Readonly<Record<string, 'document' | 'resourceSpans' | 'jaegerTrace' | 'jaeger' | 'otlp' | 'zipkin'>> = {
  resourceSpans: 'document',
  resource_spans: 'document',
  batches: 'document',
  trace: 'document',
  result: 'document',
  data: 'document',
  scopeSpans: 'resourceSpans',
  scope_spans: 'resourceSpans',
  instrumentationLibrarySpans: 'resourceSpans',
  spans: 'jaegerTrace',
  processes: 'jaegerTrace',
  spanID: 'jaeger',
  operationName: 'jaeger',
  startTime: 'jaeger',
  startTimeUnixNano: 'otlp',
  endTimeUnixNano: 'otlp',
  start_time_unix_nano: 'otlp',
  id: 'zipkin',
  timestamp: 'zipkin',
  localEndpoint: 'zipkin',
  remoteEndpoint: 'zipkin',
  annotations: 'zipkin',
}
const KIND_KEYS = new KeySet(Object.keys(KINDS))
const KIND_VALUES = Object.values(KINDS)

/** Reads spans of any JSON format into the builder; `feed` what comes, then `finish`. */
export function openSpanJson(builder: SpanBuilder): JsonWalk {
  return new JsonWalk((reader) => spanGrammar(reader, builder), {
    limits: builder.limits,
    issues: builder.issues,
    fileOf: () => builder.file,
    onDrop: () => builder.dropSpan(),
  })
}

function spanGrammar(reader: JsonReader, builder: SpanBuilder): Grammar {
  const otlp = new OtlpJsonSpans(reader, builder)
  const jaeger = new JaegerJsonSpans(reader, builder)
  const zipkin = new ZipkinJsonSpans(reader, builder)
  let limit = 0
  let jaegerTraces = 0
  function begin(format: SpanFormat): () => void {
    return () => {
      builder.nameFormat(format)
      otlp.isTempo = format === 'tempo-json'
    }
  }
  const wrap = (format: SpanFormat, role: string): Grammar[string] => ({
    item: { enter: role },
    onOpen: begin(format),
  })
  const actions: Readonly<Record<(typeof KINDS)[string], Action>> = {
    document: { enter: 'document' },
    resourceSpans: { enter: 'resourceSpans' },
    jaegerTrace: { enter: 'jaegerTrace' },
    jaeger: {
      unit: () => {
        builder.nameFormat('jaeger-json')
        jaeger.openTrace()
        jaeger.readSpan()
        jaeger.closeTrace()
      },
    },
    otlp: { unit: () => otlp.readLooseSpan() },
    zipkin: {
      unit: () => {
        builder.nameFormat('zipkin-v2')
        zipkin.readSpan()
      },
    },
  }
  function judge(): Action | undefined {
    const kind = KIND_VALUES[KIND_KEYS.find(reader.text, reader.from, reader.to)]
    return kind === undefined ? undefined : actions[kind]
  }
  const choice: Action = {
    choose: (walkKeys) => (reader.peek() === 0x7b ? (walkKeys(judge) ?? actions.document) : actions.document),
  }
  const otlpRoles = otlp.grammar()
  const jaegerRoles = jaeger.grammar()
  return {
    ...otlpRoles,
    ...jaegerRoles,
    document: {
      keys: {
        resourceSpans: { enter: 'resourceSpansList' },
        resource_spans: { enter: 'resourceSpansList' },
        batches: { enter: 'tempoBatches' },
        trace: { enter: 'tempoTrace' },
        result: { enter: 'jaegerResult' },
        data: { enter: 'jaegerData' },
        limit: {
          unit: () => {
            limit = readNumber(reader)
          },
        },
        errors: { unit: readErrors },
        status: { unit: readStatus },
      },
      choice,
      item: choice,
      onOpen: () => {
        limit = 0
        jaegerTraces = 0
      },
      onClose: () => {
        if (limit > 0 && jaegerTraces >= limit)
          builder.markPartial(`a search of Jaeger with a limit of ${limit} traces`)
      },
    },
    resourceSpansList: wrap('otlp-json', 'resourceSpans'),
    tempoBatches: wrap('tempo-json', 'resourceSpans'),
    tempoTrace: {
      keys: { resourceSpans: { enter: 'tempoBatches' }, batches: { enter: 'tempoBatches' } },
      onOpen: begin('tempo-json'),
    },
    jaegerResult: { keys: { resourceSpans: { enter: 'jaegerBatches' }, resource_spans: { enter: 'jaegerBatches' } } },
    jaegerBatches: wrap('jaeger-json', 'resourceSpans'),
    jaegerData: {
      item: { enter: 'jaegerTrace' },
      keys: { resourceSpans: { enter: 'resourceSpansList' }, trace: { enter: 'tempoTrace' } },
      onOpen: begin('jaeger-json'),
    },
    jaegerTrace: {
      ...jaegerRoles.jaegerTrace,
      onClose: () => {
        jaegerTraces++
        jaeger.closeTrace()
      },
    },
    jaegerSpans: {
      ...jaegerRoles.jaegerSpans,
      onOpen: begin('jaeger-json'),
    },
  }

  function readErrors(): void {
    const errors = reader.parseValue()
    if (!Array.isArray(errors)) return
    for (const error of errors) {
      const text = isRecord(error) ? plainText(error.msg ?? error.message) : plainText(error)
      builder.markPartial(`the reader said: ${text.slice(0, 200)}`)
    }
  }

  function readStatus(): void {
    if (reader.readScalar() && reader.textIs('PARTIAL')) builder.markPartial('Tempo calls its answer partial')
  }
}
