/**
 * Stays by full stack, reason and start function: what a pprof profile of an execution trace is made of.
 * Enters: stays, and for regions and CPU samples the events themselves. Leaves: rows, none dropped below MAX_ROWS; what is
 * beyond is counted. The views of `go tool trace -pprof=` follow cmd/trace/pprof.go: stays that ended within the trace and
 * are longer than nothing, from where they were told, by the stack of the event that began them, and, as there, nothing
 * from before a goroutine was first seen to run: `sched` lacks the wait for the first start, `runnable` has it.
 */
import type { TraceTables } from '../../model/trace.ts'
import type { ProfileView } from '../../model/trace-export/trace-export.ts'
import {
  type StayState,
  stayStates,
  type TraceStay,
  type TraceStayListener,
} from '../../model/trace-export/trace-stays.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import type { WaitClass } from '../../model/wait-class.ts'
import { growFloats, KeyTable } from '../columns/key-table.ts'
import { classifyStay } from '../trace/blind-share.ts'
import { COROUTINE_CODE, causeOf, runnableCode, SYSCALL_CODE } from '../trace/codes.ts'
import { StackFunctions } from '../trace/stack-functions.ts'

const MAX_ROWS = 1 << 20
const MAX_REGIONS = 1 << 20
const { runnable, running, waiting, syscall } = stayStates

/** Codes of rows that are no stay of codes.ts. */
const RUNNING_CODE = -2000
const SAMPLE_CODE = -2001
const REGION_CODE = -2002

type ViewRule = {
  readonly states: readonly StayState[]
  /** As cmd/trace/pprof.go has it. */
  readonly isGoView: boolean
  readonly takesReason?: (reason: string) => boolean
}

const rules: Readonly<Record<ProfileView, ViewRule>> = {
  all: { states: [runnable, waiting, syscall], isGoView: false },
  waiting: { states: [waiting], isGoView: false },
  runnable: { states: [runnable], isGoView: false },
  running: { states: [running], isGoView: false },
  cpu: { states: [], isGoView: false },
  region: { states: [], isGoView: false },
  net: { states: [waiting], isGoView: true, takesReason: (reason) => reason === 'network' },
  sync: { states: [waiting], isGoView: true, takesReason: (reason) => /chan|sync|select/.test(reason) },
  syscall: { states: [syscall], isGoView: true },
  sched: { states: [runnable], isGoView: true },
}

export type StayProfileRow = {
  readonly startFunction: string
  readonly state: 'running' | 'runnable' | 'waiting' | 'syscall' | 'region'
  /** Block reason, cause, or the region's name. */
  readonly reason: string
  readonly waitClass?: WaitClass
  /** No lens of pprof's own can record it; absent where that is not known. */
  readonly isBlind?: boolean
  /** Had not ended with the trace. */
  readonly isOpen: boolean
  readonly stack: number
  readonly count: number
  readonly ns: number
}

export type StayProfileOptions = {
  readonly what: ProfileView
  readonly fromNs?: number
  readonly toNs?: number
  readonly goroutine?: number
  readonly goVersion?: string
  readonly maxRows?: number
}

export type StayProfile = {
  readonly listener: TraceStayListener
  /** Largest first. `omitted`: beyond the limit of rows. */
  finish(): { readonly rows: readonly StayProfileRow[]; readonly omitted: { count: number; ns: number } }
}

export function openStayProfile(options: StayProfileOptions): StayProfile {
  const ledger = new StayProfileLedger(options)
  const { what } = options
  return {
    listener: {
      onStay: (stay, tables) => ledger.addStay(stay, tables),
      ...(what === 'cpu'
        ? {
            onCpuSamples: (samples, tables) => {
              for (const { timeNs, goroutine, stack } of samples) ledger.addSample(timeNs, goroutine, stack, tables)
            },
          }
        : {}),
      ...(what !== 'region'
        ? {}
        : {
            onOther: (chunk, row, _since, tables) => {
              const type = chunk.kinds[row] as number
              const goroutine = chunk.goroutines[row] as number
              const name = chunk.arg1[row] as number
              const timeNs = chunk.timesNs[row] as number
              if (type === kind.UserRegionBegin)
                ledger.beginRegion(goroutine, name, chunk.arg2[row] as number, timeNs, tables)
              else if (type === kind.UserRegionEnd) ledger.endRegion(goroutine, name, timeNs, false)
            },
            onEnd: (goroutine, endNs) => ledger.endRegions(goroutine, endNs),
          }),
    },
    finish: () => ledger.finish(),
  }
}

type Region = { readonly name: number; readonly stack: number; readonly startNs: number }

class StayProfileLedger {
  private readonly options: StayProfileOptions
  private readonly rule: ViewRule
  private readonly fromNs: number
  private readonly toNs: number
  private readonly functions = new StackFunctions()
  /** start function, code * 2 + open, stack */
  private readonly keys: KeyTable
  private counts = new Float64Array(1024)
  private times = new Float64Array(1024)
  private readonly omitted = { count: 0, ns: 0 }
  private readonly reasons = new Map<number, boolean>()
  private readonly regions = new Map<number, Region[]>()
  private regionCount = 0

  constructor(options: StayProfileOptions) {
    this.options = options
    this.rule = rules[options.what]
    this.fromNs = options.fromNs ?? 0
    this.toNs = options.toNs ?? Number.POSITIVE_INFINITY
    this.keys = new KeyTable(options.maxRows ?? MAX_ROWS)
  }

  addStay(stay: TraceStay, tables: TraceTables): void {
    const { rule } = this
    this.functions.use(tables)
    if (!rule.states.includes(stay.state) || !this.takes(stay.goroutine)) return
    if (rule.isGoView && (stay.isOpen || !this.takesReason(stay.reason, tables))) return
    const startNs = Math.max(rule.isGoView ? Math.max(stay.toldNs, stay.ranFromNs) : stay.startNs, this.fromNs)
    const endNs = Math.min(stay.endNs, this.toNs)
    if (endNs < startNs || (rule.isGoView && endNs === startNs)) return
    // Where a goroutine stopped is not where it ran: of running, a trace knows the start function only.
    const stack = rule.isGoView ? stay.eventStack : stay.state === running ? 0 : stay.stack
    this.add(stay.startFunction, codeOf(stay), stay.isOpen, stack, endNs - startNs)
  }

  addSample(timeNs: number, goroutine: number | undefined, stack: number, tables: TraceTables): void {
    this.functions.use(tables)
    if (timeNs < this.fromNs || timeNs > this.toNs || !this.takes(goroutine ?? 0)) return
    this.add(this.functions.rootOf(stack), SAMPLE_CODE, false, stack, 0)
  }

  beginRegion(goroutine: number, name: number, stack: number, startNs: number, tables: TraceTables): void {
    this.functions.use(tables)
    if (!this.takes(goroutine) || this.regionCount >= MAX_REGIONS) return
    this.regionCount++
    const open = this.regions.get(goroutine)
    if (open === undefined) this.regions.set(goroutine, [{ name, stack, startNs }])
    else open.push({ name, stack, startNs })
  }

  /** A region from before the trace has no stack. */
  endRegion(goroutine: number, name: number, endNs: number, isOpen: boolean): void {
    if (!this.takes(goroutine)) return
    const open = this.regions.get(goroutine)
    const region = open?.pop()
    if (region !== undefined) this.regionCount--
    if (open?.length === 0) this.regions.delete(goroutine)
    const { startNs, stack, name: own } = region ?? { startNs: 0, stack: 0, name }
    const length = Math.min(endNs, this.toNs) - Math.max(startNs, this.fromNs)
    if (length >= 0) this.add(own, REGION_CODE, isOpen, stack, length)
  }

  endRegions(goroutine: number, endNs: number): void {
    while (this.regions.has(goroutine)) this.endRegion(goroutine, 0, endNs, true)
  }

  finish(): { readonly rows: readonly StayProfileRow[]; readonly omitted: { count: number; ns: number } } {
    const rows: StayProfileRow[] = []
    for (let row = 0; row < this.keys.rowCount; row++) rows.push(this.describe(row))
    return { rows: rows.sort((a, b) => b.ns - a.ns || b.count - a.count), omitted: this.omitted }
  }

  private add(start: number, code: number, isOpen: boolean, stack: number, ns: number): void {
    const row = this.keys.intern(start, code * 2 + (isOpen ? 1 : 0), stack)
    if (row === -1) {
      this.omitted.count++
      this.omitted.ns += ns
      return
    }
    if (row >= this.counts.length) {
      this.counts = growFloats(this.counts, row + 1)
      this.times = growFloats(this.times, row + 1)
    }
    this.counts[row] = (this.counts[row] as number) + 1
    this.times[row] = (this.times[row] as number) + ns
  }

  private takes(goroutine: number): boolean {
    return this.options.goroutine === undefined || this.options.goroutine === goroutine
  }

  private takesReason(reason: number, tables: TraceTables): boolean {
    const { takesReason } = this.rule
    if (takesReason === undefined) return true
    const known = this.reasons.get(reason)
    if (known !== undefined) return known
    const takes = takesReason(tables.strings[reason] ?? '')
    this.reasons.set(reason, takes)
    return takes
  }

  private describe(row: number): StayProfileRow {
    const { keys } = this.keys
    const start = keys[row * 3] as number
    const marked = keys[row * 3 + 1] as number
    const stack = keys[row * 3 + 2] as number
    const isOpen = (marked & 1) === 1
    const code = (marked - (marked & 1)) / 2
    const base = { isOpen, stack, count: this.counts[row] as number, ns: this.times[row] as number }
    const name = this.functions.nameOf(start)
    if (code === REGION_CODE) {
      return {
        ...base,
        startFunction: this.functions.nameOf(this.functions.rootOf(stack)),
        state: 'region',
        reason: name,
      }
    }
    if (code === RUNNING_CODE || code === SAMPLE_CODE) {
      return { ...base, startFunction: name, state: 'running', reason: '' }
    }
    const word = code >= 0 ? this.functions.nameOf(code) : ''
    const stay = classifyStay(code, word, this.functions.framesOf(stack), this.options.goVersion)
    // As in the account: where nothing is known of a wait, it is blind while it has not ended.
    const isBlind = stay.isBlind ?? (isOpen ? true : undefined)
    const cause = causeOf(code)
    return {
      ...base,
      startFunction: name,
      state: cause !== undefined ? 'runnable' : code === SYSCALL_CODE ? 'syscall' : 'waiting',
      reason: stay.reason,
      waitClass: stay.waitClass,
      ...(isBlind === undefined ? {} : { isBlind }),
    }
  }
}

function codeOf(stay: TraceStay): number {
  if (stay.state === runnable) return runnableCode(stay.cause)
  if (stay.state === syscall) return SYSCALL_CODE
  if (stay.state === running) return RUNNING_CODE
  return stay.isSwitch ? COROUTINE_CODE : stay.reason
}
