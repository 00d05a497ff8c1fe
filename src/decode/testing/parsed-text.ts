/**
 * Chunk rows as the lines that `go tool trace -d=parsed` prints (Event.String of internal/trace/event.go), without the
 * time: the form in which our reading and the reference's are compared.
 * One row may be several lines: GoSwitch is unblock, block or destroy, and start; GoDestroySyscall may lose a processor.
 */
import type { TraceChunk, TraceTables } from '../../model/trace.ts'

const goStates = ['Undetermined', 'Runnable', 'Running', 'Syscall', 'Waiting'] as const
const procStates = ['Undetermined', 'NotExist', 'Running', 'Idle'] as const
/** ProcState by ProcStatus. */
const procStateOf = [0, 2, 3, 2, 3] as const
const experimental: Readonly<Record<number, readonly [string, ...string[]]>> = {
  128: ['Span', 'id', 'npages_value', 'kindclass'],
  129: ['SpanAlloc', 'id', 'npages_value', 'kindclass'],
  130: ['SpanFree', 'id'],
  131: ['HeapObject', 'id', 'type'],
  132: ['HeapObjectAlloc', 'id', 'type'],
  133: ['HeapObjectFree', 'id'],
  134: ['GoroutineStack', 'id', 'order'],
  135: ['GoroutineStackAlloc', 'id', 'order'],
  136: ['GoroutineStackFree', 'id'],
}
const metrics: Readonly<Record<number, string>> = {
  9: '/sched/gomaxprocs:threads',
  37: '/memory/classes/heap/objects:bytes',
  38: '/gc/heap/goal:bytes',
}

export type ParsedLines = (line: string, timeNs: number) => void

/** A function that prints the rows of chunks; it knows which goroutines have had a status before. */
export function openParsedText(): (chunk: TraceChunk, tables: TraceTables, emit: ParsedLines) => void {
  const known = new Set<number>()
  const begun = new Set<number>()
  const stacks = new Map<number, string>()
  return (chunk, tables, emit) => {
    const stackText = (stack: number): string => {
      const seen = stacks.get(stack)
      if (seen !== undefined) return seen
      const text = printStack(tables, stack)
      stacks.set(stack, text)
      return text
    }
    for (let row = 0; row < chunk.rowCount; row++) {
      const at = (column: Float64Array): number => column[row] as number
      const kind = chunk.kinds[row] as number
      const [a0, a1, a2, a3] = [at(chunk.arg0), at(chunk.arg1), at(chunk.arg2), at(chunk.arg3)]
      const time = at(chunk.timesNs)
      const thread = at(chunk.threads)
      const processor = (chunk.processorsPlusOne[row] as number) - 1
      const goroutine = at(chunk.goroutines) === 0 ? -1 : at(chunk.goroutines)
      const context = `M=${Number.isNaN(thread) ? -1 : thread} P=${processor} G=${goroutine}`
      const text = (index: number): string => quoteGo(tables.strings[index] as string)
      const put = (what: string, stack = 0, transitionStack = 0): void => {
        const transition = stackText(transitionStack)
        const own = stackText(stack)
        emit(
          `${context} ${what}${transition === '' ? '' : `\nTransitionStack=${transition}`}${own === '' ? '' : `\nStack=${own}`}`,
          time,
        )
      }
      const go = (id: number, from: string, to: string, reason = 0, stack = 0, transitionStack = stack): void =>
        put(`StateTransition GoID=${id} ${from}->${to} Reason=${text(reason)}`, stack, transitionStack)
      const proc = (id: number, from: string, to: string): void =>
        put(`StateTransition ProcID=${id} ${from}->${to} Reason=""`)
      const range = (what: string, name: string, scope: string, stack = 0): void => {
        const attributes = kind === 33 ? `"bytes swept"=${value(a0)} "bytes reclaimed"=${value(a1)}` : ''
        const suffix = what === 'RangeEnd' ? ` Attributes=[${attributes}]` : ''
        put(`${what} Name=${quoteGo(name)} Scope=${scope}${suffix}`, stack)
      }
      switch (kind) {
        case 9:
        case 37:
        case 38:
          put(`Metric Name="${metrics[kind]}" Value=${value(a0)}`, kind === 9 ? a1 : 0)
          break
        case 10:
          proc(a0, 'Idle', 'Running')
          break
        case 11:
          proc(processor, 'Running', 'Idle')
          break
        case 12:
          proc(a0, procStates[a3] as string, 'Idle')
          break
        case 13:
          proc(a0, procStates[a2] as string, procStates[procStateOf[a1] as number] as string)
          break
        case 14:
        case 47:
          known.add(a0)
          go(a0, 'NotExist', kind === 14 ? 'Runnable' : 'Waiting', 0, a2, a1)
          break
        case 15:
          known.add(a0)
          go(a0, 'NotExist', 'Syscall')
          break
        case 16:
          go(a0, 'Runnable', 'Running')
          break
        case 17:
          known.delete(goroutine)
          go(goroutine, 'Running', 'NotExist')
          break
        case 18:
          known.delete(goroutine)
          if (processor >= 0) proc(processor, 'Running', 'Idle')
          go(goroutine, 'Syscall', 'NotExist')
          break
        case 19:
          go(goroutine, 'Running', 'Runnable', a0, a1)
          break
        case 20:
          go(goroutine, 'Running', 'Waiting', a0, a1)
          break
        case 21:
          go(a0, 'Waiting', 'Runnable', 0, a2, 0)
          break
        case 22:
          go(goroutine, 'Running', 'Syscall', 0, a1)
          break
        case 23:
          go(goroutine, 'Syscall', 'Running')
          break
        case 24:
          go(goroutine, 'Syscall', 'Runnable')
          break
        case 25:
        case 48: {
          const state = goStates[a2] as string
          go(a0, known.has(a0) ? state : 'Undetermined', state, 0, kind === 48 ? a3 : 0)
          known.add(a0)
          break
        }
        case 26:
        case 27: {
          const name = `stop-the-world (${tables.strings[a0]})`
          range(kind === 26 ? 'RangeBegin' : 'RangeEnd', name, `Goroutine(${goroutine})`, kind === 26 ? a1 : 0)
          break
        }
        case 28:
        case 29:
        case 30:
          range(
            ['RangeActive', 'RangeBegin', 'RangeEnd'][kind - 28] as string,
            'GC concurrent mark phase',
            'None',
            kind === 29 ? a1 : 0,
          )
          break
        case 31:
          range('RangeActive', 'GC incremental sweep', `Proc(${a0})`)
          break
        case 32:
        case 33:
          range(
            kind === 32 ? 'RangeBegin' : 'RangeEnd',
            'GC incremental sweep',
            `Proc(${processor})`,
            kind === 32 ? a0 : 0,
          )
          break
        case 34:
          range('RangeActive', 'GC mark assist', `Goroutine(${a0})`)
          break
        case 35:
        case 36:
          range(
            kind === 35 ? 'RangeBegin' : 'RangeEnd',
            'GC mark assist',
            `Goroutine(${goroutine})`,
            kind === 35 ? a0 : 0,
          )
          break
        case 39:
          put(`Label Label=${text(a0)} Resource=Goroutine(${goroutine})`)
          break
        case 40:
          begun.add(a0)
          put(`TaskBegin ID=${a0} Parent=${a1 === 0 ? NO_TASK : a1} Type=${text(a2)}`, a3)
          break
        case 41: {
          const parent = a2 === 0 || !begun.delete(a0) ? NO_TASK : a2
          begun.delete(a0)
          put(`TaskEnd ID=${a0} Parent=${parent} Type=${text(a3)}`, a1)
          break
        }
        case 42:
        case 43:
          put(`${kind === 42 ? 'RegionBegin' : 'RegionEnd'} Task=${a0} Type=${text(a1)}`, a2)
          break
        case 44:
          put(`Log Task=${a0} Category=${text(a1)} Message=${text(a2)}`, a3)
          break
        case 45:
        case 46:
          go(a0, 'Waiting', 'Runnable')
          if (kind === 46) known.delete(goroutine)
          go(goroutine, 'Running', kind === 45 ? 'Waiting' : 'NotExist')
          emit(`M=${thread} P=${processor} G=-1 StateTransition GoID=${a0} Runnable->Running Reason=""`, time)
          break
        default: {
          const [name, ...args] = experimental[kind] as readonly [string, ...string[]]
          const values = args.map((arg, place) => `${arg}=${value([a0, a1, a2][place] as number)}`)
          put(`Experimental Name=${name} Args=[${values.join(', ')}]`)
        }
      }
    }
  }
}

const NO_TASK = '18446744073709551615'

function value(number: number): string {
  return `Value{Uint64(${number})}`
}

/** Frames as lines, leaf first. */
export function printStack(tables: TraceTables, stack: number): string {
  let text = ''
  const end = tables.stackStart[stack + 1] as number
  for (let at = tables.stackStart[stack] as number; at < end; at++) {
    const frame = tables.stackFrames[at] as number
    const name = tables.strings[tables.frameFunctions[frame] as number]
    const file = tables.strings[tables.frameFiles[frame] as number]
    const pc = BigInt(tables.framePcs[frame] as number).toString(16)
    text += `\n\t${name} @ 0x${pc}\n\t\t${file}:${tables.frameLines[frame]}`
  }
  return text
}

function quoteGo(text: string): string {
  return JSON.stringify(text).replace(/\\u00([0-9a-f]{2})/g, '\\x$1')
}
