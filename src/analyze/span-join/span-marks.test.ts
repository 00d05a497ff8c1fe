import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SDK } from '../testing/draw-spans.ts'
import { findTracingSdk, readSpanMark } from './span-marks.ts'

const trace = '0af7651916cd43dd8448eb211c80319c'
const span = 'b7ad6b7169203331'

test('an id in a log is read as the snippet writes it, its end too; what only looks alike is no mark', () => {
  assert.deepEqual(readSpanMark('otel', trace + span), { kind: 'otel', traceId: trace, spanId: span, isEnd: false })
  assert.deepEqual(readSpanMark('otel', `${trace}${span} end`), {
    kind: 'otel',
    traceId: trace,
    spanId: span,
    isEnd: true,
  })
  for (const message of [
    '',
    span,
    `${trace}${span}0`,
    `${trace}${span} ended`,
    `${trace}${'0'.repeat(16)}`,
    trace.toUpperCase() + span,
  ]) {
    assert.equal(readSpanMark('otel', message), undefined, message)
  }
  assert.equal(readSpanMark('order', trace + span), undefined)
})

test("Datadog's eight bytes are an id, whether or not they happen to be text", () => {
  const latin = String.fromCharCode(0xf0, 0xff, 0x80, 0, 0, 0, 0, 0x12)
  assert.deepEqual(readSpanMark('datadog.uint64_span_id', latin), { kind: 'datadog', spanId: '120000000080fff0' })
  assert.deepEqual(readSpanMark('datadog.uint64_span_id', 'ABCDEFGH'), { kind: 'datadog', spanId: '4847464544434241' })
  // ö is two bytes.
  assert.deepEqual(readSpanMark('datadog.uint64_span_id', 'ööABCD'), { kind: 'datadog', spanId: '44434241b6c3b6c3' })
  for (const message of ['', 'ABCDEFG', 'ABCDEFGHI', '\0'.repeat(8)]) {
    assert.equal(readSpanMark('datadog.uint64_span_id', message), undefined)
  }
})

test('a task is a span where an SDK began it, and nobody else', () => {
  assert.equal(findTracingSdk(SDK.otel), 'otel')
  assert.equal(findTracingSdk(SDK.datadog), 'datadog')
  assert.equal(findTracingSdk(['gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer.startExecutionTracerTask']), 'datadog')
  assert.equal(findTracingSdk(['main.handle', 'net/http.HandlerFunc.ServeHTTP']), undefined)
  assert.equal(findTracingSdk(undefined), undefined)
})
