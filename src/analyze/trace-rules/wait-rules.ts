/** Waits of a trace: those that no profile records, those without a reason, those for answers over the network. */
import { profileLenses } from '../../model/lens.ts'
import { isSystemFunction } from '../trace/stack-functions.ts'
import { kindOfSite } from '../traced/site-kinds.ts'
import { quoteSite, quoteStay, saySeconds, sayShare } from './trace-quote.ts'
import { MIN_WINDOW_NS, type SiteView, type TraceRule, type TraceRuleInput } from './trace-rule.ts'

/** Waiting that is not idle, as a share of the window: below it nobody is kept waiting by it. */
const MIN_WAITING = 0.1
const BLIND_SHARE = 0.5

/** Waits that come to an end: what stood still throughout may be idle as well as stuck, and has a rule of its own. */
function isMoving({ site }: SiteView): boolean {
  return site.count > site.openCount || site.olderCount < site.count
}

function isWait({ site, is }: SiteView): boolean {
  return site.state === 'Waiting' && is.kind !== 'idle'
}

const sumNs = (views: readonly SiteView[]) => views.reduce((sum, { site }) => sum + site.ns, 0)

export const blindWaitsDominate: TraceRule = {
  id: 'blind-waits-dominate',
  title: 'Most of the waiting is of kinds that no profile records',
  severity: 'medium where requests wait so, else low',
  needs: 'an execution trace of 100 ms or more',
  saysWhen:
    'of the waiting that is not idle and not without motion, half or more is in no block, mutex or CPU profile, even when on, and the waiting is 10 % of the window or more',
  fix: 'Do not look for these waits in profiles: read the places that the timeline names, and put a span or a metric around them.',
  doc: 'docs/rules.md#blind-waits-dominate',
  sameAs: ['block-profile-blind', 'blind-network-waits'],
  find: (input) => {
    const waits = input.sites.filter((view) => isWait(view) && isMoving(view))
    const all = sumNs(waits)
    if (input.windowNs < MIN_WINDOW_NS || all < MIN_WAITING * input.windowNs) return []
    const blind = waits.filter(({ site }) => site.blind).sort((a, b) => b.site.ns - a.site.ns)
    const blindNs = sumNs(blind)
    const [first, ...rest] = blind
    if (first === undefined || blindNs < BLIND_SHARE * all) return []
    const isServing = sumNs(blind.filter(({ is }) => is.kind === 'serving')) >= BLIND_SHARE * all
    return [
      {
        title: `${sayShare(blindNs / all)} of the waiting that is not idle can be in no profile: ${saySeconds(blindNs)}`,
        severity: isServing ? 'medium' : 'low',
        // Waits outside of requests may be by design, in ways that the table of idle waits does not know.
        confidence: isServing ? 'probable' : 'possible',
        evidence: [
          quoteSite(input, first.site, first.frames),
          ...rest.slice(0, 4).map((view) => quoteSite(input, view.site, view.frames)),
        ],
        blindTo: profileLenses,
        ns: blindNs,
        symbols: blind.slice(0, 5).map(({ userFunction }) => userFunction),
      },
    ]
  },
}

/** Places of which one each is quoted. */
const MAX_PLACES = 5
const MANY = 100

export const unknownReasonWaits: TraceRule = {
  id: 'unknown-reason-waits',
  title: 'Goroutines waited through the whole trace, and it does not say what for',
  severity: 'medium from 100 goroutines on, else low',
  needs: 'an execution trace; a goroutine dump of the same capture has the reasons, and silences it',
  saysWhen:
    'goroutines that are not idle by the table waited before the trace began and were not woken in it, and no dump tells why',
  fix: 'Take a capture (sightline capture): its dumps have the reason of each of these waits, and show whether they ever end.',
  doc: 'docs/rules.md#unknown-reason-waits',
  sameAs: [],
  find: (input) => {
    const rows = input.account.unknownWaits.rows.filter(
      ({ goroutine, startFunction, stack }) =>
        !isSystemFunction(startFunction) && !input.told.has(goroutine) && !isIdleStack(input, stack),
    )
    if (input.windowNs < MIN_WINDOW_NS || rows.length === 0) return []
    const places = new Map<string, { count: number; goroutine: number; stack: number }>()
    for (const { goroutine, startFunction, stack } of rows) {
      const key = `${startFunction} ${stack}`
      const place = places.get(key)
      if (place === undefined) places.set(key, { count: 1, goroutine, stack })
      else place.count++
    }
    const [first, ...rest] = [...places.values()].sort((a, b) => b.count - a.count)
    if (first === undefined) return []
    const quote = ({ count, goroutine, stack }: typeof first) =>
      quoteStay(input, { goroutine, startNs: 0, ns: input.windowNs, stack }, `${count} × waits all of`)
    return [
      {
        title: `${rows.length === 1 ? '1 goroutine' : `${rows.length} goroutines`} waited all the time for a reason that the trace does not have`,
        severity: rows.length >= MANY ? 'medium' : 'low',
        confidence: 'possible',
        evidence: [quote(first), ...rest.slice(0, MAX_PLACES - 1).map(quote)],
        blindTo: ['trace', ...profileLenses],
        ns: rows.length * input.windowNs,
        symbols: rows.slice(0, 1000).map(({ startFunction }) => startFunction),
      },
    ]
  },
}

function isIdleStack(input: TraceRuleInput, stack: number): boolean {
  const functions = input.framesOf(stack).map((frame) => frame.function)
  const view = input.sites.find(({ site }) => site.stack === stack && site.reason === '')
  const is = view?.is ?? kindOfSite({ state: 'Waiting', reason: '', waitClass: 'unknown', creator: '' }, functions)
  return is.kind === 'idle' || is.kind === 'probe'
}

const NETWORK_SHARE = 0.5

export const networkWaitsDominate: TraceRule = {
  id: 'network-waits-dominate',
  title: 'A kind of goroutine spends most of its time waiting for the network',
  severity: 'medium from one goroutine-second per second on, else low',
  needs: 'an execution trace of 100 ms or more',
  saysWhen:
    'network waits that are not idle are half or more of the time of goroutines with one start function, and 10 % of the window',
  fix: 'Give each call a deadline and a span; ask for several things at once where one does not need the other.',
  doc: 'docs/rules.md#network-waits-dominate',
  sameAs: ['blind-network-waits', 'pool-exhausted', 'lock-held-across-io'],
  find: (input) => {
    if (input.windowNs < MIN_WINDOW_NS) return []
    const byStart = new Map<string, SiteView[]>()
    for (const view of input.sites) {
      if (view.is.kind === 'idle') continue
      const { startFunction } = view.site
      const same = byStart.get(startFunction)
      if (same === undefined) byStart.set(startFunction, [view])
      else same.push(view)
    }
    return [...byStart].flatMap(([startFunction, views]) => {
      const network = views.filter((view) => view.site.waitClass === 'network' && isMoving(view))
      const running = input.account.groups.find((group) => !group.isSystem && group.startFunction === startFunction)
      const all = sumNs(views) + (running?.runningNs ?? 0)
      const ns = sumNs(network)
      const [first, ...rest] = network.sort((a, b) => b.site.ns - a.site.ns)
      if (first === undefined || ns < MIN_WAITING * input.windowNs || ns < NETWORK_SHARE * all) return []
      const isServing = sumNs(network.filter(({ is }) => is.kind === 'serving')) >= ns / 2
      return [
        {
          title: `${sayShare(ns / all)} of the time of ${startFunction === '' ? 'goroutines of unknown start' : startFunction} goes into waiting for the network in ${first.userFunction}`,
          severity: ns >= input.windowNs && isServing ? ('medium' as const) : ('low' as const),
          confidence: isServing ? ('probable' as const) : ('possible' as const),
          evidence: [
            quoteSite(input, first.site, first.frames),
            ...rest.slice(0, 3).map((view) => quoteSite(input, view.site, view.frames)),
          ] as const,
          blindTo: profileLenses,
          ns,
          symbols: [first.userFunction],
        },
      ]
    })
  },
}
