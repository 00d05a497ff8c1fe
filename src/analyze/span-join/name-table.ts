/** Sums of spans by name: count, length, what their goroutines did. Bounded: names are user data. */
import type { SpanNameRow } from '../../model/span-join.ts'
import type { Sighting } from './sightings.ts'

const MAX_NAMES = 4096
const MAX_LISTED = 200

type Row = { -readonly [K in keyof SpanNameRow]: SpanNameRow[K] }

export class NameTable {
  /** Spans whose name found no row. */
  lost = 0
  private readonly rows = new Map<string, Row>()

  add({ name = '', startNs, endNs, states, created, hasBegin, hasEnd }: Sighting): void {
    let row = this.rows.get(name)
    if (row === undefined) {
      if (this.rows.size >= MAX_NAMES) {
        this.lost++
        return
      }
      row = openRow(name)
      this.rows.set(name, row)
    }
    const ns = endNs - startNs
    row.count++
    row.ns += ns
    row.maxNs = Math.max(row.maxNs, ns)
    if (!hasBegin || !hasEnd) row.partialCount++
    row.runningNs += states.runningNs
    row.runnableNs += states.runnableNs
    row.waitingNs += states.waitingNs
    row.syscallNs += states.syscallNs
    row.createdCount += created.count
    row.createdNs += created.runningNs + created.runnableNs + created.waitingNs + created.syscallNs
  }

  list(): SpanNameRow[] {
    return [...this.rows.values()].sort((a, b) => b.ns - a.ns).slice(0, MAX_LISTED)
  }
}

function openRow(name: string): Row {
  return {
    name,
    count: 0,
    ns: 0,
    maxNs: 0,
    partialCount: 0,
    createdCount: 0,
    createdNs: 0,
    runningNs: 0,
    runnableNs: 0,
    waitingNs: 0,
    syscallNs: 0,
  }
}
