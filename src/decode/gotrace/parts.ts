/**
 * The stages that a trace of format v2 passes through, on one instance of the module: bytes to generations, tables,
 * doubts in words. Opened once per trace, by who orders its events and by who only decodes them.
 */
import type { TraceSeat } from '../../model/trace.ts'
import type { TraceDoubts } from './doubts.ts'
import { GenerationTables } from './generation.ts'
import { MemoryTables } from './memory-tables.ts'
import { MergeNotes } from './merge-notes.ts'
import { OrderInstance } from './order-instance.ts'
import { GenerationSplitter } from './splitter.ts'
import { DEFAULT_MAX_STRING_BYTES } from './text.ts'

export type TraceLimits = {
  /** Bytes of one generation that are held; default 1 GiB. */
  readonly maxGenerationBytes?: number
  /** Bytes of distinct strings that are kept; default 256 MiB. */
  readonly maxStringBytes?: number
}

const DEFAULT_MAX_GENERATION_BYTES = 2 ** 30

export type TraceParts = {
  readonly instance: OrderInstance
  readonly splitter: GenerationSplitter
  readonly store: MemoryTables
  readonly tables: GenerationTables
  readonly notes: MergeNotes
}

export type PartsOptions = {
  readonly limits?: TraceLimits
  readonly withMessages?: boolean
  readonly seat?: TraceSeat
}

/** Undefined when there is no memory for them. `offset`: place in the input of the first byte after the header. */
export function openParts(
  format: number,
  offset: number,
  doubts: TraceDoubts,
  { limits = {}, withMessages = true, seat }: PartsOptions,
): TraceParts | undefined {
  const instance = OrderInstance.open(format, doubts.isStrict, limits.maxStringBytes ?? DEFAULT_MAX_STRING_BYTES, seat)
  if (instance === undefined) return undefined
  if (!withMessages) instance.exports.leaveMessages()
  const maxGenerationBytes = limits.maxGenerationBytes ?? DEFAULT_MAX_GENERATION_BYTES
  return {
    instance,
    splitter: new GenerationSplitter(instance.input, format, offset, maxGenerationBytes),
    store: new MemoryTables(instance),
    tables: new GenerationTables(format, instance, doubts),
    notes: new MergeNotes(instance, doubts),
  }
}
