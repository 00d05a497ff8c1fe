/**
 * Shapes: stacks of code that no named row knows, whose form says "service loop": one function, named as a loop,
 * that was started as a goroutine and waits at its own top level. Weaker than a named row by construction: a leaked
 * receiver in a method called `run` has the same stack, so a shape is a hint for what has no other evidence.
 * A wait to send, on a lock, a WaitGroup or a Cond, and a wait below a call that the loop made, are never shapes.
 */
import { baseName, canonicalName, isWrapper, packageOf } from './names.ts'
import type { IdlePattern, IdleSubject } from './pattern.ts'
import { isPlumbing } from './plumbing.ts'

const loopReasons = ['select', 'chan receive'] as const

const own = { module: 'sightline', file: 'src/analyze/idle/shapes.ts', versions: '1' }

const mainWaits: IdlePattern = {
  id: 'shape-main-waits',
  summary: 'main waits for a signal or the end of the program',
  reasons: ['chan receive', 'select', 'select (no cases)'],
  frames: ['main.main'],
  strength: 'shape',
  source: { ...own, function: 'matchShape' },
}

const serviceLoop: IdlePattern = {
  id: 'shape-service-loop',
  summary: 'a loop started as a goroutine waits at its top for its next event',
  reasons: loopReasons,
  frames: ['*.run|*.loop|*.worker|…'],
  strength: 'shape',
  source: { ...own, function: 'matchShape' },
}

const sleepLoop: IdlePattern = {
  id: 'shape-sleep-loop',
  summary: 'a loop started as a goroutine sleeps until its next round',
  reasons: ['sleep'],
  frames: ['*.run|*.loop|*.worker|…'],
  strength: 'shape',
  source: { ...own, function: 'matchShape' },
}

const signalWait: IdlePattern = {
  id: 'shape-signal-wait',
  summary: 'a goroutine waits for a signal or the end of the program',
  reasons: loopReasons,
  frames: ['*Signal*|*trap*|*Interrupt*|…'],
  strength: 'shape',
  source: { ...own, function: 'matchShape' },
}

const runActor: IdlePattern = {
  id: 'shape-run-actor',
  summary: 'an actor of a run group waits at its top for its next event or its end',
  reasons: loopReasons,
  frames: ['*', 'github.com/oklog/run.(*Group).Run'],
  strength: 'shape',
  source: { ...own, function: 'matchShape' },
}

export const idleShapes: readonly IdlePattern[] = [mainWaits, serviceLoop, sleepLoop, signalWait, runActor]

/** Words of which a loop's own name is made: whole (`run`) or as a first or last word (`runLoop`, `flushWorker`). */
const loopWords = new Set([
  'run',
  'loop',
  'serve',
  'worker',
  'watch',
  'watcher',
  'listen',
  'listener',
  'poll',
  'poller',
  'dispatch',
  'dispatcher',
  'monitor',
  'background',
  'daemon',
  'janitor',
  'cleaner',
  'cleanup',
  'flusher',
  'reaper',
  'ticker',
  'scheduler',
  'heartbeat',
  'keepalive',
  'refresher',
  'updater',
  'reconciler',
  'consumer',
  'processor',
])

/** Words of functions that wait for a signal and of those that only wait for the end of the program. */
const signalWords = new Set([
  'signal',
  'signals',
  'sig',
  'trap',
  'interrupt',
  'interrupts',
  'quit',
  'atexit',
  'shutdown',
])

/** Of a command line's framework between main and the command: they do not count as depth. */
const frameworks: ReadonlySet<string> = new Set([
  'github.com/spf13/cobra',
  'github.com/urfave/cli',
  'github.com/alecthomas/kong',
])

/** Functions that only start a goroutine's function: they do not count as depth. */
const launchers: ReadonlySet<string> = new Set([
  'golang.org/x/sync/errgroup.(*Group).Go',
  'golang.org/x/sync/errgroup.(*Group).TryGo',
  'github.com/oklog/run.(*Group).Run',
  'sync.(*WaitGroup).Go',
])

/** Of std every idle wait has a row of its own: what is left there (persistConn.readLoop in `select`) is not idle. */
const standardRoots: ReadonlySet<string> = new Set([
  'context',
  'crypto',
  'database',
  'io',
  'log',
  'net',
  'os',
  'runtime',
  'testing',
  'time',
])

/** The shape a stack has, if any; call it only when no named row fits. */
export function matchShape(subject: IdleSubject): IdlePattern | undefined {
  const frames = subject.functions.filter((name) => !isWrapper(name)).map(canonicalName)
  const code = frames.filter((name) => !isPlumbing(name, subject.waitReason) && !launchers.has(name))
  const top = code[0]
  if (top === undefined) return undefined
  if (subject.createdBy === undefined) {
    if (frames.findLast((name) => !name.startsWith('runtime.')) !== 'main.main') return undefined
    if (standardRoots.has(firstElement(top))) return undefined
    const isShallow = code.filter((name) => !frameworks.has(packageOf(name))).length <= 3
    if (subject.waitReason === 'select (no cases)') return mainWaits
    return isShallow && mainWaits.reasons.includes(subject.waitReason) ? mainWaits : undefined
  }
  if (code.length > 2 || (code.length === 2 && code[1] !== canonicalName(subject.createdBy) && code[1] !== top)) {
    return undefined
  }
  const waitsForEvent = serviceLoop.reasons.includes(subject.waitReason)
  if (waitsForEvent && frames.includes('github.com/oklog/run.(*Group).Run')) return runActor
  if (waitsForEvent && hasWord(baseName(top), signalWords)) return signalWait
  if (standardRoots.has(firstElement(top)) || !isLoopName(top)) return undefined
  if (subject.waitReason === 'sleep') return sleepLoop
  return waitsForEvent ? serviceLoop : undefined
}

function firstElement(name: string): string {
  return name.split(/[/.]/, 1)[0] as string
}

function splitWords(name: string): string[] {
  return name.split(/(?<=[a-z0-9])(?=[A-Z])|_/).map((word) => word.toLowerCase())
}

function hasWord(name: string, wanted: ReadonlySet<string>): boolean {
  return splitWords(name).some((word) => wanted.has(word))
}

/** Of a method the first or the last word says it; of a plain function the whole name must. */
function isLoopName(name: string): boolean {
  const words = splitWords(baseName(name))
  if (!name.includes(').')) return words.length === 1 && loopWords.has(words[0] as string)
  return loopWords.has(words[0] as string) || loopWords.has(words.at(-1) as string)
}
