/**
 * Ordered events of an execution trace as NDJSON: one object per line, arguments by name as the wire names them,
 * strings and stacks resolved. Enters: chunks. Leaves: text, a chunk's at a time.
 * Kinds and argument names are those of internal/trace/tracev2; statuses are words. Unknown is absent: an event without
 * a goroutine has no `goroutine`.
 */
import { timedEvents } from '../decode/gotrace/events.ts'
import type { TraceChunk, TraceTables } from '../model/trace.ts'
import { traceKinds, wireGoroutineStatus, wireProcessorStatus } from '../model/trace-kinds.ts'

export type TraceLines = {
  /** The chunk's events; with `goroutine`, only those that it ran or that name it. Empty where there are none. */
  format(chunk: TraceChunk, tables: TraceTables): string
}

/** Characters of printed stacks that are kept for the next event with the same one. */
const MAX_STACK_TEXT = 32 * 1024 * 1024
const MAX_SAFE_TIME_DIGITS = 1000

const statusWords = {
  gStatus: invert(wireGoroutineStatus),
  pStatus: invert(wireProcessorStatus),
} as const

/** What chunks carry beyond the wire's arguments, see TraceChunk. */
const moreArgs: Readonly<Record<string, readonly string[]>> = {
  UserTaskEnd: ['task', 'stack', 'parentTask', 'name'],
  STWEnd: ['kind'],
}

const stringArgs = new Set(['reason', 'kind', 'label', 'name', 'key', 'value'])
const goroutineArgs = new Set(['g', 'newG'])

type Argument = {
  /** `"reason":` as it is printed. */
  readonly label: string
  readonly form: 'string' | 'stack' | 'gStatus' | 'pStatus' | 'number'
  readonly isGoroutine: boolean
}

const layouts = new Map(
  timedEvents.map(({ id, name, args }) => [id, { name, args: (moreArgs[name] ?? args).map((arg) => layOut(arg)) }]),
)

function layOut(name: string): Argument {
  const label = `${JSON.stringify(name)}:`
  const isGoroutine = goroutineArgs.has(name)
  if (stringArgs.has(name)) return { label, form: 'string', isGoroutine }
  if (name === 'stack' || name === 'newStack') return { label, form: 'stack', isGoroutine }
  if (name === 'gStatus' || name === 'pStatus') return { label, form: name, isGoroutine }
  return { label, form: 'number', isGoroutine }
}

export function openTraceLines(options: { readonly goroutine?: number } = {}): TraceLines {
  const stacks = openStackTexts()
  const { goroutine } = options
  return {
    format(chunk, tables) {
      const lines: string[] = []
      for (let row = 0; row < chunk.rowCount; row++) {
        if (goroutine !== undefined && !concerns(chunk, row, goroutine)) continue
        lines.push(formatRow(chunk, row, tables, stacks))
      }
      return lines.length === 0 ? '' : `${lines.join('\n')}\n`
    },
  }
}

function concerns(chunk: TraceChunk, row: number, goroutine: number): boolean {
  if (chunk.goroutines[row] === goroutine) return true
  const layout = layouts.get(chunk.kinds[row] as number)
  return layout?.args.some(({ isGoroutine }, at) => isGoroutine && readArg(chunk, row, at) === goroutine) ?? false
}

function formatRow(chunk: TraceChunk, row: number, tables: TraceTables, stacks: StackTexts): string {
  const kind = chunk.kinds[row] as number
  const layout = layouts.get(kind)
  let line = `{"kind":${JSON.stringify(layout?.name ?? String(kind))},"timeNs":${sayNumber(chunk.timesNs[row] as number)}`
  const goroutine = chunk.goroutines[row] as number
  const processorPlusOne = chunk.processorsPlusOne[row] as number
  const thread = chunk.threads[row] as number
  if (goroutine !== 0) line += `,"goroutine":${sayNumber(goroutine)}`
  if (processorPlusOne !== 0) line += `,"processor":${processorPlusOne - 1}`
  if (!Number.isNaN(thread)) line += `,"thread":${sayNumber(thread)}`
  let args = ''
  layout?.args.forEach((argument, at) => {
    const text = sayArg(argument, readArg(chunk, row, at), kind, tables, stacks)
    if (text !== undefined) args += `${args === '' ? '' : ','}${argument.label}${text}`
  })
  return args === '' ? `${line}}` : `${line},"args":{${args}}}`
}

/** Undefined for what is not there: an empty string or stack, no thread, no task. */
function sayArg(
  { form }: Argument,
  value: number,
  kind: number,
  tables: TraceTables,
  stacks: StackTexts,
): string | undefined {
  if (Number.isNaN(value)) return undefined
  switch (form) {
    case 'string':
      // The message of a log may be empty; a name that is not known is absent.
      if (value === 0 && kind !== traceKinds.UserLog) return undefined
      return JSON.stringify(tables.strings[value] ?? '')
    case 'stack':
      return value === 0 ? undefined : stacks.say(value, tables)
    case 'gStatus':
    case 'pStatus':
      return JSON.stringify(statusWords[form].get(value) ?? String(value))
    default:
      return sayNumber(value)
  }
}

function readArg(chunk: TraceChunk, row: number, at: number): number {
  const column = at === 0 ? chunk.arg0 : at === 1 ? chunk.arg1 : at === 2 ? chunk.arg2 : chunk.arg3
  return column[row] as number
}

/** Whole numbers beyond 2^53 are decimal strings. */
function sayNumber(value: number): string {
  if (!Number.isFinite(value)) return 'null'
  if (Number.isSafeInteger(value)) return String(value)
  return Number.isInteger(value)
    ? `"${BigInt(value)}"`
    : String(Math.round(value * MAX_SAFE_TIME_DIGITS) / MAX_SAFE_TIME_DIGITS)
}

type StackTexts = { say(stack: number, tables: TraceTables): string }

function openStackTexts(): StackTexts {
  const texts = new Map<number, string>()
  let size = 0
  return {
    say(stack, tables) {
      const known = texts.get(stack)
      if (known !== undefined) return known
      const text = formatStack(stack, tables)
      if (size + text.length > MAX_STACK_TEXT) {
        texts.clear()
        size = 0
      }
      texts.set(stack, text)
      size += text.length
      return text
    },
  }
}

function formatStack(stack: number, tables: TraceTables): string {
  const { strings, stackStart, stackFrames, frameFunctions, frameFiles, frameLines } = tables
  const frames: object[] = []
  const end = stackStart[stack + 1] ?? 0
  for (let at = stackStart[stack] ?? end; at < end; at++) {
    const frame = stackFrames[at] as number
    frames.push({
      function: strings[frameFunctions[frame] as number] ?? '',
      file: strings[frameFiles[frame] as number] ?? '',
      line: frameLines[frame],
    })
  }
  return JSON.stringify(frames)
}

function invert(words: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(words).map(([word, value]) => [value, word]))
}
