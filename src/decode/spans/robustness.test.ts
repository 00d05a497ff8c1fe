/** Damage of any kind, hostile depth and lengths, limits: never a throw, always an issue or a code. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openInflater } from '../../collect/inflate.ts'
import { bytesOf, decode, fullSpan, otlp, plainSpan, protoRequest } from '../testing/span-samples.ts'
import { decodeSpans } from './spans.ts'

const FIXTURES = join(import.meta.dirname, '..', '..', '..', 'testdata', 'spans')
const fixture = (name: string) => new Uint8Array(readFileSync(join(FIXTURES, name)))

describe('any input', () => {
  const samples: Readonly<Record<string, Uint8Array>> = {
    'OTLP JSON': bytesOf(otlp([fullSpan, plainSpan])),
    'OTLP protobuf': protoRequest,
    Jaeger: fixture('jaeger-ui.json'),
    Zipkin: bytesOf([{ traceId: '1', id: '2', timestamp: 1458702548467000, tags: { error: 'x' }, annotations: [] }]),
  }

  it('cut anywhere gives spans with an issue, or a fault', async () => {
    for (const [what, bytes] of Object.entries(samples)) {
      for (let length = 0; length < bytes.length - 1; length++) {
        const decoded = await decodeSpans([{ name: 'cut', bytes: bytes.subarray(0, length) }])
        if (!decoded.ok) assert.match(decoded.error.code, /^SL_DECODE_/)
        else assert.ok(decoded.value.issues.length > 0, `${what} cut at ${length} has no issue`)
      }
    }
  })

  it('with any byte changed is never thrown for, and keeps its columns in step', async () => {
    for (const bytes of Object.values(samples)) {
      for (let at = 0; at < bytes.length; at++) {
        for (const flip of [0x01, 0x80]) {
          const changed = Uint8Array.from(bytes)
          changed[at] = (changed[at] as number) ^ flip
          const decoded = await decodeSpans([{ name: 'flip', bytes: changed }])
          if (!decoded.ok) continue
          const table = decoded.value.value
          assert.equal(table.attributeStart[table.count], table.attributeKeys.length)
          assert.equal(table.linkStart[table.count], table.linkTraces.length)
          assert.ok(table.traces.every((trace) => trace < table.traceCount))
          assert.ok(table.resourceOf.every((index) => index < table.resources.length))
          assert.ok(table.scopeOf.every((index) => index < table.scopes.length))
          assert.ok(table.names.every((index) => index < table.strings.length))
        }
      }
    }
  })

  it('nested without end or with lengths without end is refused within bounds', async () => {
    const deep = `{"resourceSpans":${'['.repeat(500_000)}`
    const inSpan = JSON.stringify(otlp([plainSpan])).replace('"kind":2', `"kind":${'{"a":'.repeat(100_000)}`)
    const inValue = JSON.stringify(otlp([fullSpan])).replace('{"boolValue":true}', '{"arrayValue":'.repeat(100_000))
    for (const text of [deep, inSpan, inValue]) {
      const decoded = await decodeSpans([{ name: 'deep', bytes: bytesOf(text) }])
      assert.equal(decoded.ok, false)
    }
    const long = Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x12, 0x02, 0x12, 0x00, 0, 0, 0, 0, 0, 0, 0)
    assert.equal((await decodeSpans([{ name: 'long', bytes: long }])).ok, false)
  })

  it('passes over a record larger than the limit and reads on', async () => {
    const big = { ...plainSpan, attributes: [{ key: 'x', value: { stringValue: ',}]"'.repeat(200_000) } }] }
    const { table, issues } = await decode(otlp([plainSpan, big, plainSpan]), { limits: { maxRecordBytes: 100_000 } })
    assert.equal(table.count, 2)
    assert.match(issues[0]?.message ?? '', /larger than 100000 bytes/)
  })

  it('stops at its limits and counts what is beyond', async () => {
    const { table, issues } = await decode(otlp([plainSpan, plainSpan, plainSpan]), { limits: { maxSpans: 2 } })
    assert.equal(table.count, 2)
    assert.deepEqual([issues[0]?.code, issues[0]?.count], ['SL_DECODE_SPAN_LIMIT', 1])
  })

  it('says of resources beyond the limit that their service is unknown', async () => {
    const documents = Array.from({ length: 5 }, (_, index) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: `s${index}` } }] },
      scopeSpans: [{ spans: [plainSpan] }],
    }))
    const { table, issues } = await decode({ resourceSpans: documents }, { limits: { maxResources: 2 } })
    assert.deepEqual(
      [...table.resourceOf].map((index) => table.resources[index]?.service),
      ['s0', 's1', 'unknown_service', 'unknown_service', 'unknown_service'],
    )
    assert.deepEqual([issues[0]?.code, issues[0]?.count], ['SL_DECODE_SPAN_LIMIT', 3])
  })

  it('says what is no span input at all', async () => {
    const codes = async (bytes: Uint8Array) => {
      const decoded = await decodeSpans([{ name: 'x', bytes }])
      return decoded.ok ? 'ok' : decoded.error.code
    }
    assert.equal(await codes(new Uint8Array(0)), 'SL_DECODE_EMPTY')
    assert.equal(await codes(bytesOf('<!doctype html><html></html>')), 'SL_DECODE_HTML')
    assert.equal(await codes(bytesOf('hello, this is a text')), 'SL_DECODE_UNKNOWN_FORMAT')
    assert.equal(await codes(gzipSync(bytesOf(otlp([plainSpan])))), 'SL_DECODE_COMPRESSED')
    assert.equal(await codes(bytesOf({ resourceSpans: [] })), 'SL_DECODE_NO_SPANS')
  })

  it('gzipped is inflated by the port', async () => {
    const { table } = await decode(new Uint8Array(gzipSync(bytesOf(otlp([plainSpan])))), { inflater: openInflater() })
    assert.equal(table.count, 1)
  })
})
