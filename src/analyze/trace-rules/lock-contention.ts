/** Locks that goroutines wait for, by the place where they wait; joins (WaitGroup) and semaphores are none. */
import { formatDuration } from '../../base/units.ts'
import { quoteSite, saySeconds } from './trace-quote.ts'
import { MIN_WINDOW_NS, type SiteView, type TraceFindingDraft, type TraceRule } from './trace-rule.ts'

/** Rows of the lens table that are locks. */
const locks: ReadonlySet<string> = new Set([
  'mutex',
  'once',
  'rwmutex-lock-writer',
  'rwmutex-rlock',
  'rwmutex-lock-readers',
  'fd-mutex',
])

/** Waiting for one lock, as a share of the window, from which on it is worth a finding. */
const MIN_SHARE = 0.25
const MIN_WAITS = 10
/** Waiters on average, from which on each hands the lock to a queue: a convoy. */
const CONVOY = 2

export const lockContention: TraceRule = {
  id: 'lock-contention',
  title: 'Goroutines queue for a lock',
  severity: 'high from ten waiters on average on, medium from one on, else low',
  needs: 'an execution trace of 100 ms or more',
  saysWhen:
    'waits for a Mutex, RWMutex or Once in one function take a quarter of the window or more in all, in ten waits or more, or two goroutines wait throughout',
  fix: 'Hold the lock for less (no I/O, no allocation of much, no other lock under it), split it, or let readers share a copy.',
  doc: 'docs/rules.md#lock-contention',
  sameAs: ['lock-held-across-io', 'lock-order-cycle', 'self-deadlock', 'stuck-goroutines', 'leaked-goroutines'],
  find: (input) => {
    if (input.windowNs < MIN_WINDOW_NS) return []
    const byFunction = new Map<string, SiteView[]>()
    for (const view of input.sites) {
      if (view.site.state !== 'Waiting' || view.is.kind === 'idle' || !locks.has(view.kind?.id ?? '')) continue
      const same = byFunction.get(view.userFunction)
      if (same === undefined) byFunction.set(view.userFunction, [view])
      else same.push(view)
    }
    return [...byFunction].flatMap(([name, views]): TraceFindingDraft[] => {
      const [first, ...rest] = views.sort((a, b) => b.site.ns - a.site.ns)
      if (first === undefined) return []
      const add = (read: (view: SiteView) => number) => views.reduce((sum, view) => sum + read(view), 0)
      const ns = add(({ site }) => site.ns)
      const count = add(({ site }) => site.count)
      const longest = Math.max(...views.map(({ site }) => site.longest.ns))
      const throughout = add(({ site }) => Math.min(site.openCount, site.olderCount))
      const ended = count - add(({ site }) => site.openCount)
      const waiters = ns / input.windowNs
      if (waiters < MIN_SHARE || (ended < MIN_WAITS && throughout < 2)) return []
      const isHeld = ended < MIN_WAITS
      const convoy = !isHeld && waiters >= CONVOY ? `, ${waiters.toFixed(1)} waiting at any time` : ''
      return [
        {
          title: isHeld
            ? `${throughout} goroutines wait all the time for a lock in ${name}`
            : `${count} waits for a lock in ${name}: ${saySeconds(ns)}, the longest ${formatDuration(longest)}${convoy}`,
          severity: waiters >= 10 ? 'high' : waiters >= 1 ? 'medium' : 'low',
          confidence: isHeld ? 'probable' : 'certain',
          evidence: [
            quoteSite(input, first.site, first.frames),
            ...rest.slice(0, 4).map((view) => quoteSite(input, view.site, view.frames)),
          ],
          // Recorded once they have ended; while they last, nowhere.
          blindTo: isHeld ? ['cpu', 'block', 'mutex'] : ['cpu'],
          ns,
          symbols: [name],
        },
      ]
    })
  },
}
