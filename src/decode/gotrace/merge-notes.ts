/**
 * What merging the threads of a generation noted, as doubts: codes and places of wasm/trace-order/notes.ts become words
 * and places of the input.
 */
import type { TraceDoubts } from './doubts.ts'
import type { OrderInstance } from './order-instance.ts'
import type { RawGeneration } from './splitter.ts'

/** By failure code. */
const failures: Readonly<Record<number, (kind: number) => string>> = {
  1: (byte) => `a thread's batch holds byte ${byte}, which is no event`,
  2: () => 'an event ends after its batch',
  3: (kind) => `event ${kind} has not the goroutine, processor or thread that it needs`,
  4: (kind) => `event ${kind} contradicts the events before it`,
  5: () => 'a goroutine is created that exists',
  6: () => 'a system call begins out of the sequence of its processor',
  7: () => 'a status names a goroutine that no event has created',
}

/** In the order of their codes. */
const doubtMessages = [
  'a range begins twice',
  'a range ends that has not begun',
  'a range is not as told',
  'a task begins twice',
  'a region ends that is not the innermost',
  'an event names a string that its generation does not hold',
  'an event names a stack that its generation does not hold',
] as const

/** In memory: how often, where first, and which of all came first; u32 each. */
const DOUBT_WORDS = 3

export class MergeNotes {
  private readonly instance: OrderInstance
  private readonly doubts: TraceDoubts

  constructor(instance: OrderInstance, doubts: TraceDoubts) {
    this.instance = instance
    this.doubts = doubts
  }

  /** Why the turn of an event failed. */
  tellFailure(raw: RawGeneration): void {
    const { failCode, failKind, failAt } = this.instance.exports
    const message = failures[failCode.value]?.(failKind.value) ?? 'its events contradict each other'
    this.doubts.note(message, raw.offset + (failAt.value >>> 0) - raw.address)
  }

  /** What contradicts other events without touching the order. */
  tellDoubts(raw: RawGeneration): void {
    const { exports, words } = this.instance
    if (exports.hasDoubt.value === 0) return
    const from = (exports.doubtsAddress() >>> 0) / 4
    const rows = doubtMessages.map((message, which) => {
      const at = from + which * DOUBT_WORDS
      return {
        message,
        count: words[at] as number,
        offset: raw.offset + (words[at + 1] as number) - raw.address,
        turn: words[at + 2] as number,
      }
    })
    rows.sort((left, right) => left.turn - right.turn)
    for (const { message, offset, count } of rows) if (count > 0) this.doubts.quibble(message, offset, count)
    exports.clearDoubts()
  }

  /** Names that were missing; they are cut off with the tables of a truncated generation. */
  tellMissing(raw: RawGeneration): void {
    const { missingNames, firstMissing } = this.instance.exports
    if (missingNames.value === 0 || this.doubts.isStrict) return
    const message = 'events name strings or stacks that their generation does not hold; they are left empty'
    const offset = raw.offset + (firstMissing.value >>> 0) - raw.address
    this.doubts.note(message, offset, 'SL_DECODE_TRUNCATED', missingNames.value >>> 0)
  }
}
