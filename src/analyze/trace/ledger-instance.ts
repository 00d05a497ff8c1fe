/**
 * The account's WebAssembly module (wasm/trace-account) as functions. It is opened on the memory in which the reader's
 * chunks lie, and takes them where they are; other chunks are copied in. Its places in memory are stated in its sources.
 */
import { compileModule } from '../../base/wasm-module.ts'
import { chunkColumnOffsets, TRACE_CHUNK_ROWS, type TraceChunk } from '../../model/trace.ts'
import { moduleText } from './account-module.ts'

type Global = { readonly value: number }

export type LedgerExports = {
  openAccount(fromNs: number, toNs: number, tellsGoroutines: number): void
  addChunk(address: number, rowCount: number): void
  fillPlaces(address: number, rowCount: number): void
  makeChunk(): number
  restart(): void
  finish(endNs: number): void
  openSketch(): number
  startStop(atNs: number): void
  endStop(atNs: number): void
  startGc(atNs: number): void
  endGc(atNs: number): void
  stopMutators(change: number, atNs: number): void
  advanceGauge(atNs: number): void
  worstOf(window: number): number
  longestSteps(): number
  readAllBusy(atNs: number): number
  countsOf(): number
  processorRows(): number
  siteRows(): number
  siteCount(): number
  wakeRows(): number
  wakeCount(): number
  groupRow(group: number): number
  groupRows(): number
  readonly generationStartNs: Global
  readonly lastNs: Global
  readonly collectorNs: Global
  readonly gaugeProcessors: Global
  readonly backwards: Global
  readonly created: Global
  readonly ended: Global
  readonly seen: Global
  readonly lostGoroutines: Global
  readonly mostAtOnce: Global
  readonly maxProcessors: Global
  readonly duringStop: Global
  readonly duringBusy: Global
  readonly duringGc: Global
  readonly assistStay: Global
  readonly sweepStay: Global
  readonly sweptBytes: Global
  readonly reclaimedBytes: Global
  readonly ignoredProcessors: Global
  readonly regionTypes: Global
  readonly lostRegions: Global
  readonly lostStays: Global
  readonly lostWakes: Global
  readonly groupCount: Global
  readonly taskTypes: Global
  readonly taskCount: Global
  readonly lostTasks: Global
  readonly logCategories: Global
  readonly logCount: Global
}

/** What the module asks of JavaScript: see wasm/trace-account/host.ts. */
export type LedgerHost = {
  findGroup(startStack: number, stack: number): number
  openSite(row: number, group: number, code: number, stack: number): number
  stopCodeOf(reason: number): number
  isCollectorLabel(label: number): number
  stepRare(row: number, kind: number): void
  noteLongRun(goroutine: number, startNs: number, ns: number, stack: number): void
  noteUnknownWait(goroutine: number, group: number, ns: number, stack: number): void
  noteLongTask(
    id: number,
    parent: number,
    name: number,
    goroutine: number,
    startNs: number,
    ns: number,
    isComplete: number,
  ): number
  noteGoroutine(row: number, hasEnded: number): void
}

export type LedgerInstance = {
  readonly exports: LedgerExports
  readonly memory: { readonly buffer: ArrayBuffer }
  /** Accounts a chunk; `onRows` is told which rows of it the module's row 0 stands for. */
  addChunk(chunk: TraceChunk, onRows: (first: number) => void): void
}

/** Pages that the module expects (scripts/wasm.ts). */
const INITIAL_PAGES = 8
/** Memories with an account in them: its static data has one place. */
const taken = new WeakSet<object>()

export function openLedgerInstance(chunk: TraceChunk | undefined, host: LedgerHost): LedgerInstance {
  const given = chunk?.slots === undefined ? undefined : chunk.memory?.memory
  const memory = given === undefined || taken.has(given) ? new WebAssembly.Memory({ initial: INITIAL_PAGES }) : given
  taken.add(memory)
  const { exports } = new WebAssembly.Instance(compileModule(moduleText, memory), { env: { ...host, memory } })
  const ledger = exports as LedgerExports
  const state = { room: 0 }

  function copyIn(from: TraceChunk, first: number, count: number): number {
    if (state.room === 0) state.room = ledger.makeChunk()
    const { buffer } = memory
    for (const name of columnNames) {
      const column = from[name]
      if (column === undefined) continue
      const place = state.room + chunkColumnOffsets[name]
      const part = column.subarray(first, first + count)
      if (part instanceof Float64Array) new Float64Array(buffer, place, count).set(part)
      else if (part instanceof Uint32Array) new Uint32Array(buffer, place, count).set(part)
      else new Uint8Array(buffer, place, count).set(part)
    }
    return state.room
  }

  function addChunk(from: TraceChunk, onRows: (first: number) => void): void {
    if (from.memory?.memory === memory && from.slots !== undefined) {
      onRows(0)
      ledger.addChunk(from.memory.address, from.rowCount)
      return
    }
    for (let first = 0; first < from.rowCount; first += TRACE_CHUNK_ROWS) {
      const count = Math.min(TRACE_CHUNK_ROWS, from.rowCount - first)
      const address = copyIn(from, first, count)
      if (from.slots === undefined || from.targets === undefined) ledger.fillPlaces(address, count)
      onRows(first)
      ledger.addChunk(address, count)
    }
  }

  return { exports: ledger, memory, addChunk }
}

const columnNames = [
  'timesNs',
  'goroutines',
  'arg0',
  'arg1',
  'arg2',
  'arg3',
  'processorsPlusOne',
  'slots',
  'targets',
  'generations',
  'kinds',
] as const satisfies readonly (keyof typeof chunkColumnOffsets & keyof TraceChunk)[]
