/**
 * Goroutine dumps and execution traces → where goroutines were made. Enters: files told by their content; spans and logs
 * among them are left for who reads those. Leaves: a birth per place (and maker's stack), bounded; what could not be read
 * is an issue.
 */
import { detectKind } from '../../decode/detect.ts'
import { decodeGoroutineDumps } from '../../decode/goroutine-dump/goroutine-dump.ts'
import { readTrace } from '../../decode/gotrace/gotrace.ts'
import { type GoroutineDump, readFrame } from '../../model/goroutine-dump.ts'
import type { IssueLog } from '../../model/issue.ts'
import type { TraceChunk, TraceTables } from '../../model/trace.ts'
import { traceKinds } from '../../model/trace-kinds.ts'
import type { GoroutineBirth } from '../../model/trust/goroutine-births.ts'
import type { InputFile, InputPlace } from '../../model/trust/input-files.ts'

const MAX_DUMP_BYTES = 64 * 1024 * 1024
const MAX_STACKS = 100_000
/** Helpers like errgroup.Group.Go stand between the go statement and who asked for it. */
const MAX_FRAMES = 6
/** What serves a request, in the maker's stack. */
const servers =
  /^(net\/http\.\(\*(conn|http2serverConn|http2Server)\)\.|net\/http\.HandlerFunc\.ServeHTTP|google\.golang\.org\/grpc\.\(\*Server\)\.|github\.com\/valyala\/fasthttp\.)/

export type RuntimeReading = {
  readonly births: readonly GoroutineBirth[]
  /** Files that are spans or logs, for who reads those. */
  readonly others: readonly InputPlace[]
  readonly files: number
}

export async function readBirths(places: readonly InputPlace[], log: IssueLog): Promise<RuntimeReading> {
  const births: GoroutineBirth[] = []
  const others: InputPlace[] = []
  let files = 0
  for (const place of places) {
    const opened = await place.open()
    if (!opened.ok) {
      log.add('SL_OPS_FILE_UNREADABLE', `left out: ${opened.error.message}`, { at: { file: place.name } })
      continue
    }
    const file = opened.value
    const { kind } = detectKind(file.head, { name: file.name })
    if (kind === 'execution-trace') births.push(...(await readTraceBirths(file, log)))
    else if (kind === 'goroutine-dump') births.push(...(await readDumpBirths(file, log)))
    else {
      await file.close()
      if (kind === 'spans' || kind === 'logs') others.push(place)
      continue
    }
    files++
  }
  return { births, others, files }
}

async function readTraceBirths(file: InputFile, log: IssueLog): Promise<GoroutineBirth[]> {
  const counts = new Map<number, { count: number; example: number }>()
  let tables: TraceTables | undefined
  const onChunk = (chunk: TraceChunk, all: TraceTables): void => {
    tables = all
    const { kinds, arg0, arg2 } = chunk
    for (let row = 0; row < chunk.rowCount; row++) {
      const kind = kinds[row]
      if (kind !== traceKinds.GoCreate && kind !== traceKinds.GoCreateBlocked) continue
      const stack = arg2[row] as number
      const known = counts.get(stack)
      if (known !== undefined) known.count++
      else if (counts.size < MAX_STACKS) counts.set(stack, { count: 1, example: arg0[row] as number })
    }
  }
  const read = await readTrace(file.bytes, { onChunk }, { withMessages: false })
  const failure = file.failure() ?? (read.ok ? undefined : read.error)
  if (failure !== undefined) log.add(failure.code, failure.message, { at: { file: file.name } })
  const found = tables
  if (found === undefined) return []
  return [...counts].flatMap(([stack, { count, example }]): GoroutineBirth[] => {
    const frames = framesOf(found, stack)
    if (frames.length === 0) return []
    const inHandler = frames.some((frame) => servers.test(frame.function))
    return [{ frames: frames.slice(0, MAX_FRAMES), count, inHandler, source: file.name, from: 'trace', example }]
  })
}

function framesOf(tables: TraceTables, stack: number): { function: string; file: string; line: number }[] {
  const { strings, stackStart, stackFrames, frameFunctions, frameFiles, frameLines } = tables
  const frames: { function: string; file: string; line: number }[] = []
  for (let at = stackStart[stack] as number; at < (stackStart[stack + 1] as number); at++) {
    const frame = stackFrames[at] as number
    frames.push({
      function: strings[frameFunctions[frame] as number] ?? '',
      file: strings[frameFiles[frame] as number] ?? '',
      line: frameLines[frame] as number,
    })
  }
  return frames
}

async function readDumpBirths(file: InputFile, log: IssueLog): Promise<GoroutineBirth[]> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of file.bytes) {
    size += piece.length
    if (size > MAX_DUMP_BYTES) break
    pieces.push(piece.slice())
  }
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  const decoded = decodeGoroutineDumps(bytes)
  if (!decoded.ok) {
    log.add(decoded.error.code, decoded.error.message, { at: { file: file.name } })
    return []
  }
  return decoded.value.flatMap(({ value }) => birthsOf(value, file.name))
}

function birthsOf(dump: GoroutineDump, source: string): GoroutineBirth[] {
  const counts = new Map<number, { count: number; example: number }>()
  for (let row = 0; row < dump.rowCount; row++) {
    const creator = dump.creatorsPlusOne[row] as number
    if (creator === 0) continue
    const known = counts.get(creator - 1)
    if (known !== undefined) known.count += dump.counts[row] as number
    else counts.set(creator - 1, { count: dump.counts[row] as number, example: dump.ids[row] ?? 0 })
  }
  return [...counts].map(([frame, { count, example }]) => {
    const { function: name, file = '', line = 0 } = readFrame(dump, frame)
    return { frames: [{ function: name, file, line }], count, source, from: 'goroutine', example }
  })
}
