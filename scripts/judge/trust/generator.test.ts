import assert from 'node:assert/strict'
import { test } from 'node:test'
import { breakClasses } from '../../../src/model/trust/break-classes.ts'
import type { Hooks } from './flow.ts'
import { injections } from './injectors/all.ts'
import { openOtlpSink } from './otlp.ts'
import { type Ground, runShop } from './run.ts'
import { isExported, type Span } from './runtime.ts'

type Played = { readonly spans: Span[]; readonly text: string; readonly truth: number }

function play(seed: string, prepare: ((ground: Ground) => Hooks)[] = [], requests = 300): Played {
  const spans: Span[] = []
  let text = ''
  const sink = openOtlpSink({
    endNs: 3600e9,
    writeSpans: (line) => {
      text += line
    },
    writeLogs: () => {},
  })
  const result = runShop({
    seed,
    requests,
    hours: 1,
    prepare,
    onRequest: (request) => {
      spans.push(...request.spans)
      sink.add(request)
    },
  })
  sink.finish()
  return { spans, text, truth: result.truth.length }
}

test('the same seed gives the same bytes, another seed others', () => {
  const { text } = play('dev-one')
  assert.equal(play('dev-one').text, text)
  assert.notEqual(play('dev-two').text, text)
})

test('in a healthy shop every span is exported, and every parent is there', () => {
  const { spans, truth } = play('dev-one')
  const ids = new Set(spans.map((span) => span.context.spanId))
  assert.ok(spans.length > 3000)
  assert.equal(truth, 0)
  assert.deepEqual(
    spans.filter((span) => !isExported(span) || (span.parentId !== '' && !ids.has(span.parentId))),
    [],
  )
})

test('each line is a request as a collector writes it: whole nanoseconds, hex ids, flags that tell the parent’s place', () => {
  const { text } = play('dev-one')
  const flags = new Set<number>()
  for (const line of text.trimEnd().split('\n')) {
    for (const resource of JSON.parse(line).resourceSpans) {
      for (const scope of resource.scopeSpans) {
        for (const span of scope.spans) {
          assert.match(span.startTimeUnixNano, /^\d{19}$/)
          assert.match(
            `${span.traceId} ${span.spanId} ${span.parentSpanId}`,
            /^[0-9a-f]{32} [0-9a-f]{16} ([0-9a-f]{16})?$/,
          )
          assert.ok(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano))
          flags.add(span.flags)
        }
      }
    }
  }
  // Go tells the place (local, remote), Java here does not.
  assert.deepEqual(
    [...flags].sort((one, other) => one - other),
    [1, 0x101, 0x301],
  )
})

test('there is an injection for each of the 35 classes, and each breaks what it says at half of the places', () => {
  assert.deepEqual(new Set(injections.map((one) => one.className)), new Set(breakClasses.map((row) => row.name)))
  for (const one of injections) {
    const { truth } = play('dev-one', [(ground) => one.prepare(ground, 0.5, 0)])
    const isSeen = one.demand !== 'no-debt' && one.demand !== 'unseen'
    assert.equal(truth > 0, isSeen, `${one.className}, ${one.variant}: ${truth}`)
  }
})

test('at rate 0 no injection changes what is exported', () => {
  const plain = play('dev-one', [], 80).spans.length
  for (const one of injections) {
    const { spans, truth } = play('dev-one', [(ground) => one.prepare(ground, 0, 0)], 80)
    assert.equal(truth, 0, one.className)
    const orphans = spans.filter((span) => !isExported(span))
    assert.equal(orphans.length, 0, one.className)
    assert.ok(Math.abs(spans.length - plain) < plain * 0.25, one.className)
  }
})
