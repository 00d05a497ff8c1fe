/**
 * How fast and in how much memory goroutine dumps are decoded: `node bench/goroutine-dump.ts`; `--rounds N` (5),
 * `--file DUMP` measures a recorded one as well; `--json` for machines. Each case runs in a process of its own, measured
 * from outside; medians, round after round. The texts are generated: 400 distinct stacks of 3 to 24 frames in the proportions of a busy server,
 * argument words and ids different for every goroutine, labels on a fifth of them.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeGoroutineDump, decodeGoroutineDumpStream } from '../src/decode/goroutine-dump/goroutine-dump.ts'
import { measureCommand, median } from './lib/measure.ts'

const MIB = 1024 ** 2

/** A small deterministic generator (mulberry32). */
function openRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

type Shape = { readonly reason: string; readonly frames: readonly (readonly [string, number, string])[] }

const REASONS = ['IO wait', 'select', 'chan receive', 'sync.Mutex.Lock', 'semacquire', 'sleep', 'chan send', 'syscall']

function listShapes(random: () => number): Shape[] {
  return Array.from({ length: 400 }, (_, shape) => ({
    reason: REASONS[Math.floor(random() * REASONS.length)] as string,
    frames: Array.from({ length: 3 + Math.floor(random() * random() * 22) }, (_, depth) => {
      const pick = Math.floor(random() * 900)
      const name = `github.com/example/service/internal/pkg${pick % 40}.(*Worker${pick}).handle${shape % 7}`
      const path = `/home/build/go/pkg/mod/github.com/example/service/internal/pkg${pick % 40}/worker${pick}.go`
      const words = depth % 3 === 2 ? -1 : Math.floor(random() * 6)
      return [name, words, `${path}:${10 + (pick % 700)}`] as const
    }),
  }))
}

/** Dump text in pieces of about 1 MiB, up to `sizeBytes` exactly: the last goroutine is cut, as the runtime cuts it. */
function* generateDump(sizeBytes: number): Generator<Uint8Array> {
  const random = openRandom(7)
  const shapes = listShapes(random)
  const encoder = new TextEncoder()
  let left = sizeBytes
  let id = 1
  while (left > 0) {
    const parts: string[] = []
    for (let length = 0; length < MIB; ) {
      const text = printGoroutine(shapes[Math.floor(random() * shapes.length)] as Shape, id, random)
      id += 1 + Math.floor(random() * 3)
      parts.push(text)
      length += text.length
    }
    const bytes = encoder.encode(parts.join(''))
    yield bytes.length > left ? bytes.subarray(0, left) : bytes
    left -= bytes.length
  }
}

function printGoroutine(shape: Shape, id: number, random: () => number): string {
  const minutes = random() < 0.3 ? `, ${1 + Math.floor(random() * 50)} minutes` : ''
  const labels = random() < 0.2 ? ` {route: /v1/orders, tenant: "t ${Math.floor(random() * 500)}"}` : ''
  let text = `goroutine ${id} [${shape.reason}${minutes}]${labels}:\n`
  for (const [name, words, place] of shape.frames) {
    const args = words < 0 ? ['...'] : Array.from({ length: words }, () => printWord(random))
    text += `${name}(${args.join(', ')})\n\t${place}${words < 0 ? '' : ` +0x${Math.floor(random() * 4096).toString(16)}`}\n`
  }
  const parent = Math.floor(random() * id) + 1
  return `${text}created by main.(*Server).Serve in goroutine ${parent}\n\t/home/build/service/server.go:88 +0x1a5\n\n`
}

function printWord(random: () => number): string {
  const low = Math.floor(random() * 0x1_0000_0000)
  if (random() < 0.2) return `{0x${(low % 64).toString(16)}, 0xc${low.toString(16).padStart(9, '0')}}`
  return random() < 0.6 ? `0xc${low.toString(16).padStart(9, '0')}` : `0x${(low % 4096).toString(16)}?`
}

/** What a measured process says of itself; its memory is measured from outside. */
type Decoding = { seconds: number; mbPerSecond: number; goroutines: number; detail: string }
type Row = Decoding & { readonly peakMegabytes?: number }

/** `whole`: the file in memory, decoded in one call. `stream`: decoded while it is read. */
async function measureFile(way: string, file: string): Promise<Decoding> {
  const bytes = way === 'whole' ? readFileSync(file) : undefined
  const sizeBytes = statSync(file).size
  const from = performance.now()
  const result = bytes === undefined ? await decodeGoroutineDumpStream(readInPieces(file)) : decodeGoroutineDump(bytes)
  const seconds = (performance.now() - from) / 1000
  if (!result.ok) throw new Error(result.error.message)
  const dump = result.value.value
  const codes = result.value.issues.map((issue) => issue.code).join(' ')
  return {
    seconds,
    mbPerSecond: sizeBytes / 1e6 / seconds,
    goroutines: dump.goroutineCount,
    detail: `${dump.stackStart.length - 1} stacks, ${dump.argWords.length} words ${codes}`,
  }
}

/** One buffer, filled again and again: the decoder copies what it keeps. */
async function* readInPieces(file: string): AsyncGenerator<Uint8Array> {
  const handle = await open(file)
  try {
    const buffer = new Uint8Array(256 * 1024)
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

function writeDump(file: string, sizeBytes: number): string {
  const handle = openSync(file, 'w')
  for (const chunk of generateDump(sizeBytes)) writeSync(handle, chunk)
  closeSync(handle)
  return file
}

async function main(argv: readonly string[]): Promise<void> {
  const way = readFlag(argv, '--way')
  const recorded = readFlag(argv, '--file')
  if (way !== undefined && recorded !== undefined) {
    console.log(JSON.stringify(await measureFile(way, recorded)))
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'sightline-bench-'))
  try {
    const capped = writeDump(join(folder, 'capped.txt'), 64 * MIB)
    const large = writeDump(join(folder, 'large.txt'), 1024 * MIB)
    const cases: [string, string, string][] = [
      ['whole 64 MiB', 'whole', capped],
      ['stream 64 MiB', 'stream', capped],
      ['stream 1 GiB', 'stream', large],
    ]
    if (recorded !== undefined) cases.push(['recorded', 'whole', recorded], ['recorded, stream', 'stream', recorded])
    const rounds = Number(readFlag(argv, '--rounds') ?? 5) || 5
    const runs = new Map<string, Row[]>(cases.map(([name]) => [name, []]))
    for (let round = 0; round < rounds; round++) {
      for (const [name, how, file] of cases) runs.get(name)?.push(await measureApart(how, file))
    }
    printRows(new Map([...runs].map(([name, all]) => [name, summarize(all)])), argv.includes('--json'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureApart(way: string, file: string): Promise<Row> {
  const run = await measureCommand([process.execPath, import.meta.filename, '--way', way, '--file', file])
  if (run.exitCode !== 0) throw new Error(run.stderr)
  const peak = run.peakBytes === undefined ? {} : { peakMegabytes: run.peakBytes / 1e6 }
  return { ...(JSON.parse(run.stdout) as Decoding), ...peak }
}

/** The run whose time is the median; the median of the peaks. */
function summarize(runs: readonly Row[]): Row {
  const seconds = median(runs.map((run) => run.seconds))
  const middle = runs.find((run) => run.seconds === seconds) as Row
  const peaks = runs.flatMap(({ peakMegabytes }) => (peakMegabytes === undefined ? [] : [peakMegabytes]))
  return peaks.length === 0 ? middle : { ...middle, peakMegabytes: median(peaks) }
}

function printRows(rows: ReadonlyMap<string, Row>, asJson: boolean): void {
  if (asJson) console.log(JSON.stringify(Object.fromEntries(rows)))
  else {
    for (const [name, row] of rows) {
      const peak = row.peakMegabytes === undefined ? '' : `peak ${row.peakMegabytes.toFixed(0)} MB`
      const figures = `${row.seconds.toFixed(2)} s  ${row.mbPerSecond.toFixed(0)} MB/s  ${peak}`
      console.log(`${name.padEnd(17)} ${figures}  ${row.goroutines} goroutines, ${row.detail}`)
    }
  }
}

function readFlag(argv: readonly string[], flag: string): string | undefined {
  const at = argv.indexOf(flag)
  return at < 0 ? undefined : argv[at + 1]
}

await main(process.argv.slice(2))
