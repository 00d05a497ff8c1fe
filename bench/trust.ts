/**
 * `sightline trust` as a user runs it: a million spans of a shop of four services, one edge of which breaks in 5 % of
 * the traces, as OTLP JSON (plain and gzip), OTLP protobuf, Jaeger and Zipkin. Measured from outside: wall clock, CPU,
 * the kernel's high-water mark of memory. `node bench/trust.ts [--spans N] [--runs N]`.
 */
import { createWriteStream, existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { createGzip } from 'node:zlib'
import { makeShop, type ShopSpan, shopFormats } from '../tests/samples/shop-spans.ts'
import { measureCommand, medianRun } from './lib/measure.ts'

const SPANS_PER_TRACE = 7
const BATCH_TRACES = 500
/** A Jaeger or Zipkin document is one array: here one document a batch, as a search gives them. */
const FILES = ['otlp.ndjson', 'otlp.ndjson.gz', 'otlp.binpb', 'jaeger.json', 'zipkin.json'] as const

/** What otelhttp writes beside what the shop's spans have. */
const ATTRIBUTES: ShopSpan['attributes'] = [
  ['http.route', '/api/v1/items/{id}'],
  ['http.response.status_code', '200'],
  ['url.path', '/api/v1/items/4711'],
  ['server.port', '8080'],
  ['network.protocol.version', '1.1'],
  ['user_agent.original', 'Go-http-client/1.1'],
  ['client.address', '10.0.3.17'],
  ['http.response.body.size', '18233'],
]

async function* makeBatches(file: string, spans: number): AsyncGenerator<Uint8Array, void> {
  const write = shopFormats[file.replace(/\.gz$/, '')]
  if (write === undefined) throw new Error(file)
  const traces = Math.ceil(spans / SPANS_PER_TRACE)
  for (let first = 0; first < traces; first += BATCH_TRACES) {
    const made = makeShop({ traces: Math.min(BATCH_TRACES, traces - first), lost: 0.05, gapMs: 20, first })
    const text = write(made.map((span) => ({ ...span, attributes: ATTRIBUTES ?? [] })))
    if (typeof text === 'string') yield Buffer.from(`${text}\n`)
    else {
      // As the collector's file exporter frames it.
      const length = Buffer.alloc(4)
      length.writeUInt32BE(text.length)
      yield Buffer.concat([length, text])
    }
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { spans: { type: 'string', default: '1000000' }, runs: { type: 'string', default: '3' } },
  })
  const spans = Number(values.spans)
  const folder = join(import.meta.dirname, '..', '.cache', 'bench-trust')
  mkdirSync(folder, { recursive: true })
  for (const file of FILES) {
    const path = join(folder, `${spans}.${file}`)
    if (!existsSync(path)) {
      const source = Readable.from(makeBatches(file, spans))
      if (file.endsWith('.gz')) await pipeline(source, createGzip({ level: 1 }), createWriteStream(path))
      else await pipeline(source, createWriteStream(path))
    }
    const runs = []
    const program = join(import.meta.dirname, '..', 'bin', 'sightline.mjs')
    for (let run = 0; run < Number(values.runs); run++) {
      runs.push(await measureCommand([process.execPath, program, 'trust', path, '--json']))
    }
    const { wallSeconds, cpuSeconds = 0, peakBytes = 0, stdout, stderr, exitCode } = medianRun(runs)
    const data = exitCode === 0 ? (JSON.parse(stdout) as { data: { spans: number; traces: number } }).data : undefined
    const said = data === undefined ? stderr : `${data.spans} spans, ${data.traces} traces`
    console.log(
      `${file}: ${(statSync(path).size / 1e6).toFixed(0)} MB, ${said}, ${wallSeconds.toFixed(2)} s, CPU ${cpuSeconds.toFixed(2)} s, peak ${(peakBytes / 1e6).toFixed(0)} MB`,
    )
  }
}

await main()
