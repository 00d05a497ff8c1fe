/**
 * Which of the dumps given together can be compared: those of one living process, each once. Captures come from one
 * target; loose files come from anywhere, and motion between two processes would be made up.
 */
import type { CaptureFile } from '../model/capture.ts'
import type { DatedDump } from '../model/evidence.ts'
import { type GoroutineDump, readFrame } from '../model/goroutine-dump.ts'
import type { IssueLog } from '../model/issue.ts'

/** Goroutines looked at per dump: strangers differ from the first on. */
const MAX_ROWS = 20_000

/** Takes out of `dumps` what is of another process, with an issue that says so. */
export function keepOneProcess(dumps: DatedDump[], log: IssueLog): void {
  keepOneEnd(dumps, log)
  leaveOutStrangers(dumps, log)
}

/** A process never prints the same dump twice: whoever asks is in it, on a stack and a buffer of its own. */
export function isSameDump(a: CaptureFile, b: CaptureFile): boolean {
  if (a.kind !== b.kind || a.bytes.length !== b.bytes.length) return false
  return a.bytes.every((byte, at) => byte === b.bytes[at])
}

/**
 * The tracebacks of panics and signals: nearly each ends its process, so no two of them can be compared. Of several
 * the one with the most goroutines stays, the last of equals.
 */
function keepOneEnd(dumps: DatedDump[], log: IssueLog): void {
  const ends = dumps.filter(({ dump }) => dump.form === 'traceback')
  if (ends.length < 2) return
  const best = ends.reduce((kept, one) => (one.dump.goroutineCount >= kept.dump.goroutineCount ? one : kept))
  const others = new Set(ends.filter((one) => one !== best))
  dumps.splice(0, dumps.length, ...dumps.filter((one) => !others.has(one)))
  log.add('SL_OPS_OTHER_PROCESS', `of several tracebacks only one is judged: ${best.source}`, { count: others.size })
}

/**
 * A goroutine keeps its id and its maker for life, and no id is given twice: dumps in which ids that both have were
 * made by different functions are of two processes, and nothing between them is motion. Those of the last one stay.
 */
function leaveOutStrangers(dumps: DatedDump[], log: IssueLog): void {
  const last = dumps.at(-1)
  if (dumps.length < 2 || last === undefined || last.dump.ids.length === 0) return
  const makers = listMakers(last.dump)
  const strangers = dumps.filter((one) => one !== last && isStranger(makers, one.dump))
  if (strangers.length === 0) return
  const left = new Set(strangers)
  dumps.splice(0, dumps.length, ...dumps.filter((one) => !left.has(one)))
  log.add(
    'SL_OPS_OTHER_PROCESS',
    `the dumps are not all of one process: only those of the process of ${last.source} are judged`,
    {
      count: strangers.length,
    },
  )
}

function listMakers(dump: GoroutineDump): ReadonlyMap<number, string> {
  const makers = new Map<number, string>()
  const rows = Math.min(dump.ids.length, MAX_ROWS)
  for (let row = 0; row < rows; row++) {
    const creator = dump.creatorsPlusOne[row] as number
    if (creator > 0) makers.set(dump.ids[row] as number, readFrame(dump, creator - 1).function)
  }
  return makers
}

/** A tenth of the ids that both have: one line that was read wrongly is no other process. */
function isStranger(makers: ReadonlyMap<number, string>, dump: GoroutineDump): boolean {
  let shared = 0
  let different = 0
  for (const [id, maker] of listMakers(dump)) {
    const known = makers.get(id)
    if (known === undefined) continue
    shared++
    if (known !== maker) different++
  }
  return different > 0 && different * 10 >= shared
}
