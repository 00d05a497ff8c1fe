/** From the memory of the account's module to plain data: what stands where is stated in wasm/trace-account. */
import type { ProcessorRow } from '../../model/trace-account.ts'
import { SKETCH_BUCKETS } from '../columns/duration-sketch.ts'
import {
  type AccountData,
  GROUP_WIDTH,
  type KeyedTable,
  SITE_WIDTH,
  type StayTotals,
  WAKE_WIDTH,
} from './account-data.ts'
import type { LedgerExports } from './ledger-instance.ts'

const KEY_WORDS = 3
/** Bytes of the key and of the word beside it. */
const KEY_BYTES = 16
const SITE_BYTES = 128
const WAKE_BYTES = 32
const MAX_PROCESSORS = 4096
const PROCESSOR_DOUBLES = 6
/** Where a processor's flags of being known stand, in words of its row. */
const PROCESSOR_KNOWN = 9
const mutatorWindows = [1e6, 1e7, 1e8, 1e9] as const
/** Steps at which the gauge of mutators looks. */
const GAUGE_STEP_NS = 10_000

export type LedgerData = Pick<
  AccountData,
  | 'eventCounts'
  | 'goroutines'
  | 'lostGoroutines'
  | 'backwardIntervals'
  | 'sites'
  | 'siteSketch'
  | 'wakes'
  | 'maxProcessors'
  | 'processors'
  | 'ignoredProcessors'
  | 'duringStopNs'
  | 'duringAllBusyNs'
  | 'duringGcNs'
  | 'allBusyNs'
  | 'assist'
  | 'sweep'
  | 'sweptBytes'
  | 'reclaimedBytes'
  | 'collectorNs'
  | 'mutatorWindows'
  | 'taskCount'
  | 'lostTasks'
  | 'taskTypes'
  | 'regions'
  | 'logCount'
  | 'logCategories'
> & { readonly sketches: readonly Uint32Array[]; readonly groupSums: Float64Array }

/** `sketches`: addresses, by the index that siteSketch has. */
export function readLedger(
  ledger: LedgerExports,
  buffer: ArrayBuffer,
  sketches: readonly number[],
  siteSketch: Int32Array,
  groupCount: number,
  endNs: number,
): LedgerData {
  const readStay = (address: number): StayTotals => {
    const [count = 0, ns = 0, maxNs = 0] = new Float64Array(buffer, address, 3)
    const [sketch = 0] = new Uint32Array(buffer, address + 24, 1)
    return { count, ns, maxNs, sketch: new Uint32Array(buffer, sketch, SKETCH_BUCKETS).slice() }
  }
  const readNames = (table: number) => {
    const [rows = 0, count = 0, bytes = 0] = [2, 3, 5].map((word) => new Uint32Array(buffer, table, 6)[word] as number)
    return Array.from({ length: count }, (_, at) => {
      const place = rows + at * bytes
      const [name = 0, , , address = 0] = new Int32Array(buffer, place, 4)
      return { name, address: address >>> 0, place }
    })
  }
  const doubles = (address: number, count: number) => new Float64Array(buffer, address, count)
  const siteCount = ledger.siteCount()
  return {
    eventCounts: doubles(ledger.countsOf(), 256).slice(),
    goroutines: {
      count: ledger.seen.value,
      createdCount: ledger.created.value,
      endedCount: ledger.ended.value,
      mostAtOnce: ledger.mostAtOnce.value,
    },
    lostGoroutines: ledger.lostGoroutines.value,
    backwardIntervals: ledger.backwards.value,
    sites: readTable(buffer, ledger.siteRows(), siteCount, SITE_WIDTH, SITE_BYTES, ledger.lostStays.value),
    siteSketch: siteSketch.slice(0, siteCount),
    sketches: sketches.map((address) => new Uint32Array(buffer, address, SKETCH_BUCKETS).slice()),
    wakes: readTable(buffer, ledger.wakeRows(), ledger.wakeCount(), WAKE_WIDTH, WAKE_BYTES, ledger.lostWakes.value),
    groupSums: doubles(ledger.groupRows(), groupCount * GROUP_WIDTH).slice(),
    maxProcessors: ledger.maxProcessors.value,
    processors: readProcessors(buffer, ledger.processorRows()),
    ignoredProcessors: ledger.ignoredProcessors.value,
    duringStopNs: ledger.duringStop.value,
    duringAllBusyNs: ledger.duringBusy.value,
    duringGcNs: ledger.duringGc.value,
    allBusyNs: ledger.readAllBusy(endNs),
    assist: readStay(ledger.assistStay.value >>> 0),
    sweep: readStay(ledger.sweepStay.value >>> 0),
    sweptBytes: ledger.sweptBytes.value,
    reclaimedBytes: ledger.reclaimedBytes.value,
    collectorNs: ledger.collectorNs.value,
    mutatorWindows: readMutatorWindows(ledger),
    taskCount: ledger.taskCount.value,
    lostTasks: ledger.lostTasks.value + ledger.lostRegions.value,
    taskTypes: readNames(ledger.taskTypes.value).map(({ name, address }) => ({
      name,
      stay: readStay(address),
      incompleteCount: doubles(address + 32, 1)[0] as number,
    })),
    regions: readNames(ledger.regionTypes.value).map(({ name, address }) => {
      const [runnableNs = 0, runningNs = 0, waitingNs = 0, syscallNs = 0, openCount = 0] = doubles(address + 32, 5)
      return { name, stay: readStay(address), openCount, runnableNs, runningNs, waitingNs, syscallNs }
    }),
    logCount: ledger.logCount.value,
    logCategories: readNames(ledger.logCategories.value).map(({ name, place }) => ({
      category: name,
      count: doubles(place + KEY_BYTES, 1)[0] as number,
    })),
  }
}

/** Ratios for the windows that the trace was long enough for; none when the number of processors was never said. */
function readMutatorWindows(ledger: LedgerExports): AccountData['mutatorWindows'] {
  if (ledger.gaugeProcessors.value === 0) return []
  const longest = ledger.longestSteps()
  return mutatorWindows.flatMap((windowNs, at) => {
    const steps = windowNs / GAUGE_STEP_NS
    if (steps > longest) return []
    const ratio = Math.min(1, Math.max(0, 1 - ledger.worstOf(at) / windowNs))
    return [{ windowNs, ratio, errorRatio: 2 / steps }]
  })
}

function readTable(
  buffer: ArrayBuffer,
  rows: number,
  count: number,
  width: number,
  bytes: number,
  lost: number,
): KeyedTable {
  const keys = new Int32Array(count * KEY_WORDS)
  const sums = new Float64Array(count * width)
  for (let row = 0; row < count; row++) {
    keys.set(new Int32Array(buffer, rows + row * bytes, KEY_WORDS), row * KEY_WORDS)
    sums.set(new Float64Array(buffer, rows + row * bytes + KEY_BYTES, width), row * width)
  }
  return { count, keys, sums, lost }
}

function readProcessors(buffer: ArrayBuffer, rows: number): ProcessorRow[] {
  const doubles = new Float64Array(buffer, rows, MAX_PROCESSORS * PROCESSOR_DOUBLES)
  const words = new Uint32Array(buffer, rows, MAX_PROCESSORS * PROCESSOR_DOUBLES * 2)
  const found: ProcessorRow[] = []
  for (let processor = 0; processor < MAX_PROCESSORS; processor++) {
    const at = processor * PROCESSOR_DOUBLES
    if (words[at * 2 + PROCESSOR_KNOWN] !== 1) continue
    const [, heldNs = 0, runningNs = 0, startCount = 0] = doubles.subarray(at, at + 4)
    found.push({ processor, runningNs, heldNs, startCount })
  }
  return found
}
