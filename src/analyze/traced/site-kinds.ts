/**
 * What a place of a trace is, as far as its stack and its creator tell: idle by design, work for whoever profiles the
 * process, part of a request that is being served, or none of these. The idle table speaks the words of dumps; a block
 * reason stands for one or several of them.
 */
import type { Confidence } from '../../model/contract.ts'
import type { SiteRow } from '../../model/trace-account.ts'
import { isSamplingFrame } from '../groups/build-groups.ts'
import { matchIdle } from '../idle/registry.ts'
import { isServing } from '../verdict/slow-calls.ts'

export type SiteKind = {
  readonly kind: 'idle' | 'probe' | 'serving' | 'other'
  /** Of idle: by a named row `certain` or `probable`, by the form of its stack `possible`. */
  readonly confidence?: Confidence
  readonly pattern?: string
}

type Site = Pick<SiteRow, 'state' | 'reason' | 'waitClass' | 'creator'>

const dumpWords: Readonly<Record<string, readonly string[]>> = {
  network: ['IO wait'],
  sleep: ['sleep'],
  sync: ['sync.Mutex.Lock', 'sync.RWMutex.RLock', 'sync.RWMutex.Lock', 'sync.WaitGroup.Wait', 'semacquire'],
  'sync.(*Cond).Wait': ['sync.Cond.Wait'],
  forever: ['select (no cases)', 'chan receive (nil chan)', 'chan send (nil chan)'],
}

/** Words of a dump for a wait whose trace gives no reason: what its stack shows. */
const classWords: Readonly<Record<string, readonly string[]>> = {
  network: ['IO wait'],
  pipe: ['IO wait'],
  timer: ['sleep'],
  chan: ['chan receive', 'chan send'],
  select: ['select'],
  cond: ['sync.Cond.Wait'],
  sync: ['sync.WaitGroup.Wait', 'sync.Mutex.Lock', 'semacquire'],
  forever: ['select (no cases)', 'chan receive (nil chan)'],
  unknown: ['chan receive', 'select', 'IO wait', 'sync.Cond.Wait', 'sleep'],
}

/** Calls that wait for any event of a set, or for a signal: all that such a goroutine does. */
const eventCall =
  /^((golang\.org\/x\/sys\/unix|syscall)\.(EpollWait|Kevent|Poll|Ppoll)|os\/signal\.(signal_recv|loop)|runtime\.cgocall)$/

/** `functions`: of the stack, leaf first. */
export function kindOfSite(site: Site, functions: readonly string[]): SiteKind {
  if (functions.some(isSamplingFrame)) return { kind: 'probe' }
  const serves = isServing(functions)
  const words = wordsOf(site)
  for (const waitReason of words) {
    const subject = { waitReason, functions, ...(site.creator === '' ? {} : { createdBy: site.creator }) }
    const pattern = matchIdle(subject)
    if (pattern === undefined) continue
    if (pattern.strength === 'named') {
      return { kind: 'idle', confidence: pattern.ambiguous === undefined ? 'certain' : 'probable', pattern: pattern.id }
    }
    if (!serves) return { kind: 'idle', confidence: 'possible', pattern: pattern.id }
  }
  if (functions.includes('main.main') && site.waitClass === 'forever') return { kind: 'idle', confidence: 'certain' }
  if (!serves && site.state === 'Syscall' && functions.slice(0, 8).some((name) => eventCall.test(name))) {
    return { kind: 'idle', confidence: 'possible', pattern: 'event-loop' }
  }
  if (!serves && site.waitClass === 'timer') {
    return { kind: 'idle', confidence: 'possible', pattern: 'sleeps-on-its-own' }
  }
  return { kind: serves ? 'serving' : 'other' }
}

function wordsOf({ state, reason, waitClass }: Site): readonly string[] {
  if (state === 'Syscall') return ['syscall']
  if (state === 'Runnable') return []
  if (reason === '' || reason === 'unspecified') return classWords[waitClass] ?? []
  return dumpWords[reason] ?? [reason]
}
