/**
 * What `trust --json` says against what was injected. A row is right when it names the class (alone, or among at most
 * three) at a place where that class was injected; its count is right when the true count lies in the row's own interval.
 * Counts of the truth: requests, single events, or what they pollute, as the class has it.
 */
import type { TrustBreak, TrustData } from '../../../src/model/trust/trust-data.ts'
import type { Injection } from './injectors/injection.ts'
import type { TruthItem } from './truth.ts'

export type Row = { readonly service: string; readonly said: TrustBreak }

export type Score = {
  readonly precision: number
  readonly recall: number
  /** Rows whose interval does not hold the true rate, of the rows that are right. */
  readonly outside: number
  readonly rows: number
  readonly truth: number
  /** What was said that is wrong, with counts; what is right is left out. */
  readonly wrong: readonly string[]
  /** What was said of the injected place, right or wrong. */
  readonly said: readonly string[]
}

/** Rows that are debt: lost or unexplained. A break that is told at several services is one row. */
export function readRows(data: TrustData): Row[] {
  const seen = new Set<string>()
  const rows: Row[] = []
  for (const service of data.services) {
    for (const said of service.breaks) {
      const key = JSON.stringify([
        said.class,
        said.state,
        said.edge,
        said.operation,
        said.version,
        said.edge === undefined ? service.service : '',
      ])
      if (seen.has(key)) continue
      seen.add(key)
      rows.push({ service: service.service, said })
    }
  }
  return rows
}

export function isDebt(row: Row): boolean {
  return row.said.state === 'lost' || row.said.state === 'unexplained'
}

export function scoreRows(
  all: readonly Row[],
  truth: readonly TruthItem[],
  injection: Pick<Injection, 'className' | 'demand' | 'alsoTrue'>,
): Score {
  const required = truth.filter((item) => item.optional !== true)
  const isNamed = (row: Row): boolean => isAnswered(row, injection)
  // Losses that are expected (sampling) and clocks may be told as exonerated: named they are.
  const rows = all.filter(
    (row) => isDebt(row) || (row.said.state === 'exonerated' && row.said.class === injection.className),
  )
  const covered = new Map<number, number>()
  let debt = 0
  let right = 0
  let outside = 0
  let rightCount = 0
  let rightRows = 0
  const wrong: string[] = []
  const said: string[] = []
  for (const row of rows) {
    const here = truth.filter((item) => isAt(row, item))
    const text = describe(row)
    if (here.length > 0) said.push(text)
    const isFurtherTruth = here.length > 0 && injection.alsoTrue?.some((name) => isAlone(row, name)) === true
    if (isFurtherTruth) continue
    if (isDebt(row)) debt += row.said.count
    if (here.length === 0 || !isNamed(row)) {
      if (isDebt(row)) wrong.push(text)
      continue
    }
    const counts = trueCounts(here)
    const most = Math.max(...counts)
    if (isDebt(row)) right += Math.min(row.said.count, Math.ceil(most * 1.05) + 1)
    rightRows++
    rightCount += row.said.count
    const [low, high] = row.said.interval
    const least = Math.min(...trueCounts(here.filter((item) => item.optional !== true)))
    // Between the least and the most that can rightly be counted.
    if (most / row.said.traces < low || least / row.said.traces > high) outside++
    const counted = here.filter((item) => item.optional !== true)
    const share = counted.length === 0 ? 0 : Math.min(1, row.said.count / Math.min(...trueCounts(counted)))
    for (const item of counted) covered.set(item.request, Math.max(covered.get(item.request) ?? 0, share))
  }
  const requests = new Set(required.map((item) => item.request))
  let sum = 0
  for (const request of requests) sum += covered.get(request) ?? 0
  // A loss of spans shows at many operations, each in a row of its own: in a set, rows may add up.
  if (injection.demand === 'in-set') sum = Math.max(sum, Math.min(rightCount, requests.size))
  return {
    precision: debt === 0 ? 1 : right / debt,
    recall: requests.size === 0 ? 1 : sum / requests.size,
    outside,
    rows: rightRows,
    truth: requests.size,
    wrong,
    said,
  }
}

export function describe(row: Row): string {
  const { said } = row
  const names = [said.class ?? 'no class', ...said.alternatives].join(' | ')
  const place = said.edge === undefined ? row.service : `${said.edge.from} → ${said.edge.to}`
  const why = said.exoneratedBy === undefined ? '' : ` (${said.exoneratedBy})`
  return `${said.state}${why}: ${names}, ${place}, ${said.operation}, ${said.count}/${said.traces}`
}

function isAlone(row: Row, className: string): boolean {
  return row.said.class === className && row.said.alternatives.length === 0
}

function isAnswered(row: Row, { className, demand }: Pick<Injection, 'className' | 'demand'>): boolean {
  if (demand === 'alone') return isAlone(row, className)
  if (demand === 'exonerated') return row.said.state === 'exonerated' && isAlone(row, className)
  return isInSet(row, className) && (demand !== 'first' || row.said.class === className)
}

function isInSet(row: Row, className: string): boolean {
  const names = [...(row.said.class === undefined ? [] : [row.said.class]), ...row.said.alternatives]
  return names.length <= 3 && names.some((name) => name === className)
}

function isAt(row: Row, item: TruthItem): boolean {
  const { edge, operation } = row.said
  const names = item.operations.length === 0 || item.operations.some((name) => sameName(operation, name))
  if (edge !== undefined && edge.from !== edge.to) {
    if (item.edge !== undefined) return item.edge.from === edge.from && item.edge.to === edge.to && names
    return item.services.some((service) => service === edge.from || service === edge.to) && names
  }
  return item.services.includes(edge?.to ?? row.service) && names
}

/** Placeholders and case of a name are the reader's choice; a kind or method may stand before it. */
function sameName(said: string, name: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/\{[^}]*\}/g, '{}')
  return plain(said).includes(plain(name)) || (said !== '' && plain(name).includes(plain(said)))
}

function trueCounts(items: readonly TruthItem[]): number[] {
  const requests = new Set(items.map((item) => item.request)).size
  const holders = new Set(items.flatMap((item) => (item.holder === undefined ? [] : [item.holder]))).size
  return [requests, items.length, ...(holders === 0 ? [] : [holders])]
}
