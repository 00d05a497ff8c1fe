/**
 * OTLP against Go's own messages: programs/otlp writes a thousand spans as protobuf and as protojson; what both of our
 * readers give is held against a plain reading of that JSON. Needs a Go and the modules of go.opentelemetry.io.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { buildProgram } from '../../../scripts/fixtures/build-program.ts'
import { requireGo } from '../../../scripts/setup/go.ts'
import { runTool } from '../../../scripts/setup/run-tool.ts'
import { trustedAttributes } from '../../model/spans.ts'
import { plainText, toPlain } from '../stream/any-value.ts'
import { type PrintedSpan, printSpans } from '../testing/print-spans.ts'
import { decodeSpans } from './spans.ts'

type Json = { readonly [key: string]: unknown }
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : [])
const record = (value: unknown): Json => (value ?? {}) as Json
const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The rows that Go's JSON says, read with JSON.parse and nothing of the readers. */
function expectedRows(document: Json): PrintedSpan[] {
  const rows: PrintedSpan[] = []
  for (const group of list(document.resourceSpans)) {
    const pairs = list(record(group.resource).attributes)
    const service = text(record(pairs.find(({ key }) => key === 'service.name')?.value).stringValue)
    for (const scope of list(group.scopeSpans)) {
      for (const span of list(scope.spans)) {
        rows.push(expectedRow(span, service, text(record(scope.scope).name)))
      }
    }
  }
  return rows
}

function expectedRow(span: Json, service: string, scope: string): PrintedSpan {
  const flags = Number(span.flags ?? 0)
  const attributes: Record<string, string> = {}
  for (const { key, value } of list(span.attributes)) {
    if (trustedAttributes.includes(text(key))) attributes[text(key)] = plainText(toPlain(value))
  }
  const status = record(span.status)
  if (text(status.message) !== '') attributes['otel.status_description'] = text(status.message)
  return {
    trace: text(span.traceId),
    id: text(span.spanId),
    parent: text(span.parentSpanId).padStart(16, '0'),
    name: text(span.name),
    kind: ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'][Number(span.kind ?? 0)] ?? '',
    status: ['unset', 'ok', 'error'][Number(status.code ?? 0)] ?? '',
    place: (flags & 0x100) === 0 ? 0 : (flags & 0x200) === 0 ? 1 : 2,
    flags: flags === 0 ? 255 : flags & 0xff,
    state: text(span.traceState),
    start: BigInt(text(span.startTimeUnixNano)),
    end: BigInt(text(span.endTimeUnixNano)),
    service,
    scope,
    attributes,
    links: list(span.links).map((link) => `${text(link.traceId)}-${text(link.spanId)}`),
    events: list(span.events).map((event) => `${text(event.name)}@${text(event.timeUnixNano)}`),
  }
}

describe('OTLP from Go', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-otlp-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('is read from protobuf and from JSON as Go wrote it', async (context) => {
    const go = await requireGo(context, '1.26')
    if (go === undefined) return
    const { GOPROXY = 'https://proxy.golang.org,direct' } = process.env
    const source = join(import.meta.dirname, '..', '..', '..', 'programs', 'otlp')
    const built = await buildProgram(go, source, join(folder, 'otlp'), { env: { GOPROXY } })
    if (!built.ok) return context.skip(built.error.slice(0, 200))
    const run = await runTool(built.value, [join(folder, 'spans')])
    assert.equal(run.failure, undefined)
    const want = expectedRows(JSON.parse(readFileSync(join(folder, 'spans.json'), 'utf8')) as Json)
    assert.equal(want.length, 1000)
    for (const [name, issues] of [
      ['spans.binpb', 0],
      ['spans.json', 0],
      ['spans.base64.json', 3],
    ] as const) {
      const decoded = await decodeSpans([{ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }])
      assert.ok(decoded.ok, name)
      assert.deepEqual(printSpans(decoded.value.value), want, name)
      assert.equal(decoded.value.issues.length, issues, name)
    }
  })
})
