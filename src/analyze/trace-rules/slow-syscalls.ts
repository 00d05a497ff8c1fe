/** System and cgo calls that keep their goroutine, and a thread, for long: no profile has them while they last. */
import { formatDuration } from '../../base/units.ts'
import { profileLenses } from '../../model/lens.ts'
import { quoteSite, saySeconds } from './trace-quote.ts'
import { MIN_WINDOW_NS, type SiteView, type TraceFindingDraft, type TraceRule } from './trace-rule.ts'

const LONG_NS = 100e6

export const slowSyscalls: TraceRule = {
  id: 'slow-syscalls',
  title: 'System or cgo calls hold goroutines for long',
  severity: 'medium where a request is being served and they take a tenth of the window or more, else low',
  needs: 'an execution trace of 100 ms or more',
  saysWhen: 'one call lasted 100 ms or more, in a goroutine that is not idle by the table or by the form of its stack',
  fix: 'Look at the disk, the lock on the file, the child process or the C function that the stack names; each such call holds a thread.',
  doc: 'docs/rules.md#slow-syscalls',
  sameAs: ['stuck-goroutines'],
  find: (input) => {
    if (input.windowNs < MIN_WINDOW_NS) return []
    const byFunction = new Map<string, SiteView[]>()
    for (const view of input.sites) {
      if (view.site.state !== 'Syscall' || view.is.kind === 'idle') continue
      const same = byFunction.get(view.userFunction)
      if (same === undefined) byFunction.set(view.userFunction, [view])
      else same.push(view)
    }
    return [...byFunction].flatMap(([name, views]): TraceFindingDraft[] => {
      const [first, ...rest] = views.sort((a, b) => b.site.longest.ns - a.site.longest.ns)
      if (first === undefined || first.site.longest.ns < LONG_NS) return []
      const ns = views.reduce((sum, { site }) => sum + site.ns, 0)
      const serves = views.some(({ is }) => is.kind === 'serving')
      return [
        {
          title: `A call into the system in ${name} lasted ${formatDuration(first.site.longest.ns)}; ${saySeconds(ns)} in all`,
          severity: serves && ns >= input.windowNs / 10 ? 'medium' : 'low',
          // Outside of requests it may be a loop that waits for events by design.
          confidence: serves ? 'probable' : 'possible',
          evidence: [
            quoteSite(input, first.site, first.frames),
            ...rest.slice(0, 2).map((view) => quoteSite(input, view.site, view.frames)),
          ],
          blindTo: profileLenses,
          ns,
          symbols: [name],
        },
      ]
    })
  },
}
