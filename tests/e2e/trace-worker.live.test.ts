/**
 * The trace engine in a browser's worker: reader and accounting, as they are in src, read a Blob by its stream and give
 * the JSON that Node gives. A server on the loopback hands the modules out, with their types stripped as Node does it.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, normalize } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, type TestContext, test } from 'node:test'
import { type Browser, chromium } from 'playwright-core'
import { buildTracegen } from '../../bench/trace/build.ts'
import { findChromium } from '../../scripts/setup/chromium.ts'
import { requireGo } from '../../scripts/setup/go.ts'
import { runTool } from '../../scripts/setup/run-tool.ts'
import type { TraceStream } from '../../src/model/ports.ts'
import { readTimeline } from '../../src/ops/timeline.ts'
import { root } from '../samples/run-sightline.ts'

const recorded: readonly (readonly [string, string])[] = [
  ['of Go 1.26', join(root, 'testdata', 'captures', 'shop', 'trace.bin')],
  ['of Go 1.21, format v1', join(root, 'testdata', 'gotrace', 'v1', 'mix', 'go1.21', 'trace.bin')],
]
const executablePath = findChromium()
const ROOMS = /^\/src\/(?:base|model|decode|analyze)\/[\w/.-]+\.ts$/

const worker = `
import { readTrace } from '/src/decode/gotrace/gotrace.ts'
import { openTraceAccount } from '/src/analyze/trace/trace-account.ts'
import { toTimelineData } from '/src/analyze/trace/timeline-data.ts'
import { listCells } from '/src/analyze/timeline/cells.ts'
import { groupCells } from '/src/analyze/timeline/group-by.ts'

async function* pieces(blob) {
  const reader = blob.stream().getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
}

onmessage = async ({ data: blob }) => {
  try {
    const account = openTraceAccount()
    let tables
    const read = await readTrace(pieces(blob), {
      onGeneration: (generation, all) => { tables = all; account.addGeneration(generation) },
      onChunk: (chunk, all) => { tables = all; account.addChunk(chunk, all) },
      onCpuSamples: (samples, all) => account.addCpuSamples(samples, all),
    })
    if (!read.ok) return postMessage({ error: read.error.message })
    const whole = account.finish(read.value.value)
    const grouped = groupCells(listCells(whole), ['start', 'state', 'stack'], { account: whole, tables })
    postMessage({ json: JSON.stringify({ ...toTimelineData(whole, read.value.value), grouped }) })
  } catch (error) {
    postMessage({ error: String(error && error.stack) })
  }
}
`

/** In the page. */
const readBlob = `(async () => {
  const blob = await (await fetch('/trace.bin')).blob()
  return new Promise((resolve) => {
    const engine = new Worker('/worker.js', { type: 'module' })
    engine.onmessage = ({ data }) => resolve(data)
    engine.onerror = ({ message }) => resolve({ error: 'the worker did not start: ' + message })
    engine.postMessage(blob)
  })
})()`

let browser: Browser | undefined
let server: Server | undefined
let origin = ''
const refused: string[] = []
let served: Buffer = Buffer.alloc(0)

before(async () => {
  if (executablePath === undefined) return
  server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname)
    const send = (type: string, body: string | Buffer) => response.setHeader('content-type', type).end(body)
    if (path === '/favicon.ico') return response.writeHead(204).end()
    if (path === '/') return send('text/html', '<!doctype html><title>worker</title>')
    if (path === '/worker.js') return send('text/javascript', worker)
    if (path === '/trace.bin') return send('application/octet-stream', served)
    // What a pure room may not import is not there.
    if (ROOMS.test(path)) return send('text/javascript', stripTypeScriptTypes(readFileSync(join(root, path), 'utf8')))
    refused.push(path)
    return response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
})
after(async () => {
  await browser?.close()
  server?.close()
})

async function readInWorker(context: TestContext, trace: Buffer): Promise<unknown> {
  if (browser === undefined) {
    assert.notEqual(process.env.CI, 'true', 'no Chromium: run node scripts/setup/chromium.ts')
    context.skip('no Chromium: run node scripts/setup/chromium.ts')
    return undefined
  }
  served = trace
  const page = await browser.newPage()
  try {
    await page.goto(`${origin}/`)
    const answer = (await page.evaluate(readBlob)) as { readonly json?: string; readonly error?: string }
    assert.equal(answer.error, undefined)
    assert.deepEqual(refused, [])
    return JSON.parse(answer.json ?? '')
  } finally {
    await page.close()
  }
}

/** What Node makes of it, by the product's own way. */
async function readInNode(trace: Buffer): Promise<unknown> {
  const bytes = Readable.from([trace])
  const stream: TraceStream = { name: 'trace.bin', issues: [], bytes, failure: () => undefined }
  const report = await readTimeline(stream, { groupBy: ['start', 'state', 'stack'] })
  assert.ok(report.ok)
  return JSON.parse(JSON.stringify(report.value.data))
}

for (const [name, path] of recorded) {
  test(`a trace ${name} as a Blob in a worker gives the JSON that Node gives`, {
    timeout: 120_000,
  }, async (context) => {
    const trace = readFileSync(path)
    const answer = await readInWorker(context, trace)
    if (answer !== undefined) assert.deepEqual(answer, await readInNode(trace))
  })
}

test('a trace of several megabytes, streamed in pieces, gives the JSON that Node gives', {
  timeout: 300_000,
}, async (context) => {
  const go = await requireGo(context, '1.27')
  if (go === undefined) return
  const folder = mkdtempSync(join(tmpdir(), 'sightline-worker-'))
  try {
    const program = await buildTracegen(go, folder)
    assert.ok(program.ok, program.ok ? '' : program.error)
    const path = join(folder, 'busy.trace')
    const run = await runTool(program.value, ['-mode', 'busy', '-size', '4', '-out', path], { timeoutMs: 60_000 })
    assert.equal(run.failure, undefined)
    const trace = readFileSync(path)
    assert.ok(trace.length > 2_000_000)
    const answer = await readInWorker(context, trace)
    if (answer !== undefined) assert.deepEqual(answer, await readInNode(trace))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
