/**
 * The breaks that programs/trust can switch on: one row each, with where it is on, and what must be said of it.
 * `spans`: what the spans (and logs) show: `named` (the class alone or first), `in set` (among at most three), `nothing`
 * (spans cannot show it), `exonerated` (intended), `named, exonerated` (expected, and yet a hole: it must be said).
 * `headers`: what they add, where it must be the class alone. `source`: whether its Go has a rule.
 */
import type { BreakClass } from '../../../src/model/trust/break-classes.ts'
import type { Role, RunPlan } from './system.ts'

export type TrustCase = {
  readonly breakClass: BreakClass
  /** Absent where it is not Go code that breaks. */
  readonly isFlag: boolean
  readonly brokenIn: readonly Role[]
  readonly spans: 'named' | 'in set' | 'nothing' | 'exonerated' | 'named, exonerated'
  readonly headers?: 'alone'
  readonly source: boolean
  /** Where the break is, as an edge or a service. */
  readonly at: string
  /** The spans that break, where the service does not tell it alone: the class said of others is not the answer. */
  readonly operation?: string
  /** What else is true of it. */
  readonly besides?: readonly BreakClass[]
  readonly plan?: Partial<RunPlan>
}

/** How far each host is ahead, in milliseconds: more than any of the calls takes. */
export const wrongClocks = { gateway: 0, cart: 85, pricing: -140, stock: 37, mailer: -62 } as const

/** Other circumstances, of which no answer may depend. */
export const shapes = {
  serial: { concurrency: 1 },
  crowd: { concurrency: 50 },
  clocks: { clocksMs: wrongClocks },
  canary: { canaryCart: true },
} as const satisfies Record<string, Partial<RunPlan>>
export type Shape = keyof typeof shapes

export const trustCases: readonly TrustCase[] = [
  row('goroutine-without-context', ['gateway'], 'in set', 'gateway', { operation: 'record visit' }),
  row('background-context', ['cart'], 'in set', 'cart', { operation: 'sql.conn.query' }),
  row('no-extract', ['pricing'], 'in set', 'cart > pricing'),
  row('no-propagator', ['gateway'], 'named', 'gateway > cart', { headers: 'alone' }),
  // In one program there is one format: its source says nothing of the other side.
  row('propagator-mismatch', ['cart'], 'in set', 'gateway > cart', { headers: 'alone', source: false }),
  row('trace-id-truncated', ['gateway', 'cart', 'pricing', 'stock', 'mailer'], 'named', 'gateway > cart', {
    headers: 'alone',
  }),
  row('uninstrumented-client', ['gateway'], 'in set', 'gateway > cart', { headers: 'alone' }),
  row('request-without-context', ['cart'], 'named', 'cart', { operation: 'HTTP GET' }),
  row('framework-context', ['cart'], 'in set', 'cart'),
  row('span-context-dropped', ['gateway'], 'in set', 'gateway'),
  row('borrowed-span-ended', ['cart'], 'named', 'cart'),
  row('span-never-ended', ['stock'], 'named', 'stock'),
  row('no-flush', ['cart'], 'in set', 'cart', { plan: { restartCart: true } }),
  row('queue-overflow', ['cart'], 'in set', 'cart', { source: false, plan: { collector: { delayMs: 50 } } }),
  row('export-context-cancelled', ['cart'], 'in set', 'cart', { plan: { collector: { delayMs: 4 } } }),
  row('consumer-without-extract', ['mailer'], 'in set', 'gateway > mailer', { headers: 'alone' }),
  row('producer-without-inject', ['gateway'], 'in set', 'gateway > mailer', { headers: 'alone' }),
  row('handoff-without-context', ['stock'], 'in set', 'stock', { operation: 'restock' }),
  row('stale-context', ['cart'], 'named', 'cart'),
  row('context-overwritten', ['gateway'], 'named', 'gateway'),
  row('shared-work', ['cart'], 'in set', 'cart'),
  row('outer-context-captured', ['gateway'], 'nothing', 'gateway'),
  // Its middleware does not extract either.
  row('homemade-trace-id', ['pricing'], 'in set', 'pricing', { besides: ['no-extract'] }),
  row('log-without-context', ['mailer'], 'named', 'mailer'),
  row('proxy-strips-header', ['proxy'], 'in set', 'gateway > cart', { headers: 'alone', source: false }),
  row('header-overwritten', ['cart'], 'named', 'cart > pricing', { headers: 'alone' }),
  row('sampling-disagreement', ['cart', 'pricing'], 'named, exonerated', 'cart > pricing'),
  row('forced-new-root', ['mailer'], 'exonerated', 'gateway > mailer', { source: false }),
  row('duplicate-span-id', [], 'named', 'gateway', {
    source: false,
    isFlag: false,
    // The exporter waits 5 s before it sends again; meanwhile its queue must not overflow.
    plan: { collector: { repeatFirst: 2 }, lingerMs: 6000, requests: 300, requestsPerSecond: 30 },
  }),
  row('external-caller', [], 'exonerated', 'gateway', { source: false, isFlag: false, plan: { tracedCallers: true } }),
  row('baggage-only', ['gateway'], 'in set', 'gateway > cart', { headers: 'alone' }),
  row('detached-context-cancelled', ['gateway'], 'named', 'gateway'),
  row('tail-sampling-split', [], 'in set', 'gateway > cart', {
    source: false,
    isFlag: false,
    plan: { collector: { sampledHalves: true } },
  }),
  row('clock-skew', [], 'exonerated', 'gateway > cart', {
    source: false,
    isFlag: false,
    plan: { clocksMs: wrongClocks },
  }),
]

function row(
  breakClass: BreakClass,
  brokenIn: readonly Role[],
  spans: TrustCase['spans'],
  at: string,
  more: Partial<TrustCase> = {},
): TrustCase {
  return { breakClass, isFlag: true, brokenIn, spans, source: true, at, ...more }
}

/** The plan of one case, or with all off. */
export function planOf(row: TrustCase | undefined, requests: number, shape?: Shape): RunPlan {
  return {
    ...(row?.isFlag === true ? { breakName: row.breakClass } : {}),
    brokenIn: row?.brokenIn ?? [],
    requests,
    requestsPerSecond: 200,
    ...row?.plan,
    ...(row === undefined ? { restartCart: true } : {}),
    // Callers who wait know no rate: a case that needs its own keeps it.
    ...(shape === undefined || row?.plan?.requestsPerSecond !== undefined ? {} : shapes[shape]),
    // Each cart gets what it would get alone.
    ...(shape === 'canary' && row?.plan?.requestsPerSecond === undefined
      ? { requestsPerSecond: 400, requests: 2 * requests }
      : {}),
  }
}
