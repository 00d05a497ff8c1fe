/**
 * Class 23: an id of one's own under a context key (`context.WithValue(ctx, "traceID", …)`): logs carry an id that no span
 * has. By the key's words; a value that is itself taken from a SpanContext is left alone.
 */
import { isTestFile } from '../audit/intent.ts'
import { callsIn, stringOf } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

const idWords = /trace[-_ ]?id|span[-_ ]?id|traceid|x-trace/i
/** Mostly of the business: what belongs together over days. */
const ownWords = /correlation[-_ ]?id/i
const real = /SpanContext|TraceID|SpanFromContext|\.String$|IDFromHex/

export const homemadeTraceId: AuditRule = {
  id: 'homemade-trace-id',
  classNumber: 23,
  title: 'A trace id of one’s own',
  severity: 'medium',
  saysWhen:
    'context.WithValue stores something under a key that is called a trace or span id, and the value is not taken from a SpanContext.',
  fix: 'Take the id from trace.SpanContextFromContext(ctx), and let the propagator carry it.',
  check({ view, report }) {
    for (const call of view.callsOf('context.WithValue')) {
      const [, key, value] = call.args
      if (key === undefined || value === undefined || isTestFile(view, call.file)) continue
      const text = stringOf(view, call.file, key) ?? view.text(call.file, key)
      const isOwn = ownWords.test(text) && !idWords.test(text)
      if (!isOwn && !idWords.test(text)) continue
      const inner = callsIn(view, call.file, value)
      if (
        inner.some(({ name, lastName }) => /^go\.opentelemetry\.io\/otel/.test(name) && real.test(lastName)) ||
        inner.some(({ name }) => /TraceID|SpanContext/.test(name))
      )
        continue
      if (/^go\.opentelemetry\.io\/otel\/trace\./.test(view.typeAt(call.file, value))) continue
      const isString = stringOf(view, call.file, key) !== undefined
      report(call.file, call.node, {
        message: `${text} is kept as a context value of its own: no span has that id`,
        confidence: isString ? 'probable' : 'possible',
        ...(isOwn ? { confidence: 'possible', severity: 'info' } : isString ? {} : { severity: 'low' }),
      })
    }
  },
}
