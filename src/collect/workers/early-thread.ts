/**
 * A worker thread that is started before the program itself is loaded: a tenth of a second in which both load at once.
 * Enters: the command line, as far as it tells that a second thread will be wanted. Leaves: the thread, for the first
 * pool that asks. One that nobody asks for does nothing and keeps nothing alive.
 * Imports nothing but Node: what it loads delays both.
 */
import { statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

/** Of a thread's young objects, in megabytes: the default costs 25 MB more and was measured no faster,
 *  as large data does not lie in this heap. */
const YOUNG_MEGABYTES = 4
/** Files of traces that are read on two threads; see ops/trace-thread/read-stream.ts. */
const LEAST_BYTES = 24 * 1024 * 1024

export function startThread(entry: URL): Worker {
  // What a thread says belongs into faults, not between our own output.
  const worker = new Worker(entry, {
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
  })
  // An idle thread does not keep the program alive.
  worker.unref()
  return worker
}

let early: { readonly entry: string; readonly worker: Worker; isLost: boolean } | undefined

/** `argv`: what stands behind the program's name. */
export function startThreadEarly(entry: URL, argv: readonly string[]): void {
  if (!argv.includes('timeline') || argv.includes('--workers=1')) return
  const workers = argv.indexOf('--workers')
  if (workers !== -1 && argv[workers + 1] === '1') return
  if (availableParallelism() < 2 || !argv.some(isLargeFile)) return
  const one = { entry: entry.href, worker: startThread(entry), isLost: false }
  const lose = (): void => {
    one.isLost = true
  }
  one.worker.on('error', lose)
  one.worker.on('exit', lose)
  early = one
}

/** The thread that was started early for this entry, once. */
export function takeEarlyThread(entry: URL): Worker | undefined {
  const one = early
  if (one === undefined || one.entry !== entry.href) return undefined
  early = undefined
  if (one.isLost) return undefined
  one.worker.removeAllListeners('error')
  one.worker.removeAllListeners('exit')
  return one.worker
}

function isLargeFile(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isFile() === true && found.size >= LEAST_BYTES
}
