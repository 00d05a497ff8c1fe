/**
 * The door of the goroutine dump decoder: text of debug=2, debug=1, panics, fatal errors and SIGQUIT at every
 * GOTRACEBACK level, Go 1.14 to 1.27, alone or in a log, cut or whole → GoroutineDump tables with issues.
 * Sources: runtime/traceback.go, panic.go, signal_unix.go, runtime/pprof/pprof.go of Go 1.27.
 * Does no I/O; what is compressed must be inflated before. debug=0 is a pprof profile and not read here.
 *
 *   chunks ─► DumpFeeder (windows, cleaning) ─► TracebackReader (lines) ─► DumpBuilder (columns) ─► table
 */
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { GoroutineDump } from '../../model/goroutine-dump.ts'
import type { Decoded, Issue } from '../../model/issue.ts'
import { DEFAULT_WINDOW_BYTES, DumpFeeder } from './dump-feeder.ts'
import { type DumpLimits, fillLimits } from './limits.ts'
import { detectOtherRuntime } from './other-runtimes.ts'

export { detectGoroutineDump } from './detect.ts'
export type { DumpLimits } from './limits.ts'
export { detectOtherRuntime } from './other-runtimes.ts'

/** How much of the head is kept for telling a text without goroutines what it is. */
const HEAD_BYTES = 64 * 1024
const RACE_REPORT = /^WARNING: DATA RACE\r?$/m

/**
 * The dump in `bytes`. When the text holds several, the one with the most goroutines, the last of equals; an issue
 * (SL_DECODE_SEVERAL_DUMPS) says how many there were. `decodeGoroutineDumps` gives them all.
 * Faults: SL_DECODE_EMPTY, SL_DECODE_OTHER_RUNTIME, SL_DECODE_NO_GOROUTINES, each with the offset it was known at.
 */
export function decodeGoroutineDump(bytes: Uint8Array, limits?: DumpLimits): Result<Decoded<GoroutineDump>> {
  const best = openBest()
  const failure = feedAll(bytes, limits, best.add)
  return best.close(failure)
}

/** All dumps in `bytes`, in their order, at most `limits.maxDumps`; the last carries an issue about those left out. */
export function decodeGoroutineDumps(bytes: Uint8Array, limits?: DumpLimits): Result<Decoded<GoroutineDump>[]> {
  const dumps: Decoded<GoroutineDump>[] = []
  const { maxDumps } = fillLimits(limits)
  let omitted = 0
  const failure = feedAll(bytes, limits, (dump) => {
    if (dumps.length < maxDumps) dumps.push(dump)
    else omitted += 1
  })
  const last = dumps.at(-1)
  if (last === undefined) return err(failure ?? fault('SL_DECODE_NO_GOROUTINES'))
  if (omitted > 0) {
    const message = `dumps beyond the limit of ${maxDumps} were left out`
    dumps[dumps.length - 1] = withIssue(last, {
      code: 'SL_DECODE_TOO_LARGE',
      message,
      severity: 'warning',
      count: omitted,
    })
  }
  return ok(dumps)
}

/** As decodeGoroutineDump, over chunks of any size; memory is that of the tables and one window of text. */
export async function decodeGoroutineDumpStream(
  chunks: AsyncIterable<Uint8Array>,
  limits?: DumpLimits,
): Promise<Result<Decoded<GoroutineDump>>> {
  const best = openBest()
  for await (const dump of decodeGoroutineDumpsStream(chunks, limits)) {
    if (!dump.ok) return best.close(dump.error)
    best.add(dump.value)
  }
  return best.close(undefined)
}

/** Yields each dump as soon as the next one begins (or the text ends), so one is held at a time; or one fault. */
export async function* decodeGoroutineDumpsStream(
  chunks: AsyncIterable<Uint8Array>,
  limits?: DumpLimits,
): AsyncGenerator<Result<Decoded<GoroutineDump>>> {
  const ready: Decoded<GoroutineDump>[] = []
  const feeder = new DumpFeeder(fillLimits(limits), (dump) => ready.push(dump))
  const head = openHead()
  let found = 0
  for await (const chunk of chunks) {
    head.add(chunk)
    feeder.push(chunk)
    found += ready.length
    while (ready.length > 0) yield ok(ready.shift() as Decoded<GoroutineDump>)
    if (feeder.isFull) break
  }
  feeder.finish()
  found += ready.length
  while (ready.length > 0) yield ok(ready.shift() as Decoded<GoroutineDump>)
  if (found === 0) yield err(explainNothing(feeder, head.read()))
}

function feedAll(
  bytes: Uint8Array,
  limits: DumpLimits | undefined,
  sink: (dump: Decoded<GoroutineDump>) => void,
): Fault | undefined {
  let found = 0
  const feeder = new DumpFeeder(fillLimits(limits), (dump) => {
    found += 1
    sink(dump)
  })
  for (let at = 0; at < bytes.length && !feeder.isFull; at += DEFAULT_WINDOW_BYTES) {
    feeder.push(bytes.subarray(at, at + DEFAULT_WINDOW_BYTES))
  }
  feeder.finish()
  return found > 0 ? undefined : explainNothing(feeder, bytes.subarray(0, HEAD_BYTES))
}

/** Why a text gave no goroutine at all. */
function explainNothing(feeder: DumpFeeder, head: Uint8Array): Fault {
  const detail = { offset: feeder.sizeBytes, line: feeder.lineCount }
  if (feeder.sizeBytes === 0) return fault('SL_DECODE_EMPTY', { detail })
  const other = detectOtherRuntime(head)
  if (other !== undefined) {
    return fault('SL_DECODE_OTHER_RUNTIME', { message: `This is ${other.what}, not of a Go program`, detail })
  }
  if (RACE_REPORT.test(new TextDecoder().decode(head))) {
    const message = 'This is a report of the race detector: it shows two accesses, not the goroutines of a process'
    return fault('SL_DECODE_NO_GOROUTINES', { message, detail })
  }
  const cause = feeder.openCause
  if (cause !== undefined) {
    const message = `A Go crash is in the text (${cause.split('\n', 1)[0]}), but no goroutine`
    const hint = 'Run it with GOTRACEBACK=all (none prints no goroutine), and keep all of its stderr.'
    return fault('SL_DECODE_NO_GOROUTINES', { message, hint, detail: { ...detail, cause } })
  }
  if (feeder.unsafePrefixes > 0) {
    const message = 'Goroutines stand behind a log prefix that changes from line to line'
    return fault('SL_DECODE_NO_GOROUTINES', { message, detail })
  }
  return fault('SL_DECODE_NO_GOROUTINES', { detail })
}

function openHead() {
  let kept = new Uint8Array(0)
  return {
    add(chunk: Uint8Array) {
      if (kept.length >= HEAD_BYTES) return
      const part = chunk.subarray(0, HEAD_BYTES - kept.length)
      const joined = new Uint8Array(kept.length + part.length)
      joined.set(kept)
      joined.set(part, kept.length)
      kept = joined
    },
    read: () => kept,
  }
}

function openBest() {
  let best: Decoded<GoroutineDump> | undefined
  let count = 0
  return {
    add(dump: Decoded<GoroutineDump>): void {
      count += 1
      if (best === undefined || dump.value.goroutineCount >= best.value.goroutineCount) best = dump
    },
    close(failure: Fault | undefined): Result<Decoded<GoroutineDump>> {
      if (best === undefined) return err(failure ?? fault('SL_DECODE_NO_GOROUTINES'))
      if (count === 1) return ok(best)
      const message = `the text holds ${count} dumps; the one with the most goroutines was taken`
      const at = { line: best.value.lines[0] as number }
      return ok(withIssue(best, { code: 'SL_DECODE_SEVERAL_DUMPS', message, severity: 'info', at, count }))
    },
  }
}

function withIssue(dump: Decoded<GoroutineDump>, issue: Issue): Decoded<GoroutineDump> {
  return { value: dump.value, issues: [...dump.issues, issue] }
}
