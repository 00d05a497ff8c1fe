/**
 * Shapes: stacks of code that no named row knows, whose form says "service loop": one function, named as a loop,
 * that was started as a goroutine and waits at its own top level. Weaker than a named row by construction: a leaked
 * receiver in a method called `run` has the same stack, so a shape is a hint for what has no other evidence.
 * A wait to send, on a lock, a WaitGroup or a Cond, and a wait below a call that the loop made, are never shapes.
 */
import { baseName, canonicalName, isWrapper } from './names.ts'
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

export const idleShapes: readonly IdlePattern[] = [mainWaits, serviceLoop, sleepLoop]

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
    const isMain = code.length <= 2 && code.at(-1) === 'main.main' && mainWaits.reasons.includes(subject.waitReason)
    return isMain ? mainWaits : undefined
  }
  if (code.length > 2 || (code.length === 2 && code[1] !== canonicalName(subject.createdBy) && code[1] !== top)) {
    return undefined
  }
  if (standardRoots.has(firstElement(top)) || !isLoopName(baseName(top))) return undefined
  if (subject.waitReason === 'sleep') return sleepLoop
  return serviceLoop.reasons.includes(subject.waitReason) ? serviceLoop : undefined
}

function firstElement(name: string): string {
  return name.split(/[/.]/, 1)[0] as string
}

function isLoopName(name: string): boolean {
  const words = name.split(/(?<=[a-z0-9])(?=[A-Z])|_/).map((word) => word.toLowerCase())
  return loopWords.has(words[0] as string) || loopWords.has(words.at(-1) as string)
}
