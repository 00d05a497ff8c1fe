/**
 * Many traces of a small shop, for the tests of break classes: gateway → cart → price, with a database call, every 400 ms.
 * A test changes the spans of the traces it wants broken; what it leaves alone is sound. Times in ms from the trace's
 * start; ids are letters, made unique per trace. Deterministic: the jitter is a fixed sequence.
 */
import type { SpanTable } from '../../model/spans.ts'
import type { BreakCase } from '../trust/break-case.ts'
import { findBreaks } from '../trust/find-breaks.ts'
import { buildForest } from '../trust/forest.ts'
import { nameOperations } from '../trust/operations.ts'
import type { BreakInput } from '../trust/trust-evidence.ts'

export type DrawnSpan = {
  id: string
  /** As drawSpans takes it: `-`, `a`, `a@`, `a!`. */
  parent: string
  service: string
  kind: string
  start: number
  end: number
  name: string
  more?: string
  /** Another trace than its own. */
  trace?: string
}

const EVERY_MS = 400

export function shopTrace(): DrawnSpan[] {
  return [
    span('a', '-', 'gateway', 'server', 0, 100, 'GET /shop'),
    span('b', 'a!', 'gateway', 'client', 5, 95, 'GET /cart'),
    span('c', 'b@', 'cart', 'server', 8, 92, 'GET /cart'),
    span('d', 'c!', 'cart', 'internal', 10, 20, 'load cart'),
    span('h', 'd!', 'cart', 'client', 12, 18, 'SELECT carts'),
    span('e', 'c!', 'cart', 'client', 30, 60, 'GET /price'),
    span('f', 'e@', 'price', 'server', 32, 58, 'GET /price'),
    span('g', 'f!', 'price', 'client', 35, 50, 'SELECT prices'),
  ]
}

export function span(
  id: string,
  parent: string,
  service: string,
  kind: string,
  start: number,
  end: number,
  name: string,
  more?: string,
): DrawnSpan {
  return { id, parent, service, kind, start, end, name, ...(more === undefined ? {} : { more }) }
}

/** `change` gives the spans of trace number `index`, from a fresh sound trace. */
export function drawTraces(count: number, change: (index: number, spans: DrawnSpan[]) => DrawnSpan[]): string {
  const lines: string[] = []
  for (let index = 0; index < count; index++) {
    const begin = index * EVERY_MS + ((index * 7919) % 389)
    for (const one of change(index, shopTrace())) {
      const trace = one.trace ?? `t${index}`
      const id = `${trace}/${one.id}${index}`
      const parent = /^(\w+)([@!]?)$/.exec(one.parent)
      const above = one.parent === '-' || parent === null ? '-' : `${parent[1]}${index}${parent[2]}`
      const times = `${begin + one.start}..${begin + one.end}`
      lines.push(
        [id, above, one.service, one.kind, times, one.name, `instance=${one.service}1`, one.more ?? '']
          .join('  ')
          .trim(),
      )
    }
  }
  return lines.join('\n')
}

/** Breaks of what was drawn; nothing is pending, unless said otherwise. */
export function breaksOf(spans: SpanTable, more: Partial<BreakInput> = {}): BreakCase[] {
  const forest = buildForest(spans)
  const options = { settleNs: 0, ...more.options }
  return findBreaks({ forest, operations: nameOperations(spans), ...more, options })
}

/** `state class +alternatives` of each case. */
export function summarise(cases: readonly BreakCase[]): string[] {
  return cases.map(({ state, class: name, alternatives }) => [state, name ?? '-', ...alternatives].join(' '))
}

/** Those that count as debt. */
export function debtOf(cases: readonly BreakCase[]): BreakCase[] {
  return cases.filter(({ state }) => state === 'lost' || state === 'unexplained')
}

/** A share of the traces, spread without a period. */
export function some(index: number, percent: number): boolean {
  return (index * 7919 + 13) % 101 < percent
}

/** The spans named move to a trace of their own, the first as its root. */
export function cutOff(spans: readonly DrawnSpan[], ids: string, trace: string): DrawnSpan[] {
  return spans.map((one) =>
    ids.includes(one.id) ? { ...one, trace, parent: one.id === ids[0] ? '-' : one.parent } : one,
  )
}

export function without(spans: readonly DrawnSpan[], ids: string): DrawnSpan[] {
  return spans.filter(({ id }) => !ids.includes(id))
}

export function edit(spans: readonly DrawnSpan[], id: string, changes: Partial<DrawnSpan>): DrawnSpan[] {
  return spans.map((one) => (one.id === id ? { ...one, ...changes } : one))
}
