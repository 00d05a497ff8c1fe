/**
 * How the turn of an event ends, and what is noted of events on the way: names that their generation does not hold,
 * and what contradicts the events before it (see doubts.ts), with the place in the input.
 */
import type { TraceDoubts } from './doubts.ts'
import type { ThreadCursor } from './frontier.ts'
import type { GenerationTables } from './generation.ts'
import { MISSING } from './id-map.ts'

/** The next event comes later than the limit (or the chunk is full), waits, is none, is wrong. */
export const RAN = 0
export const STALLED = 1
export const EXHAUSTED = 2
export const FAILED = 3

export class EventNotes {
  private readonly doubts: TraceDoubts
  private readonly tables: GenerationTables
  /** Place in the input of the generation's bytes. */
  private offset = 0
  /** Strings and stacks of this generation that events name and no table holds. */
  private missingNames = 0
  private firstMissing = 0

  constructor(doubts: TraceDoubts, tables: GenerationTables) {
    this.doubts = doubts
    this.tables = tables
  }

  beginGeneration(offset: number): void {
    this.offset = offset
    this.missingNames = 0
  }

  /** Tells of names that were missing; they are cut off with the tables of a truncated generation. */
  endGeneration(): void {
    if (this.missingNames === 0 || this.doubts.isStrict) return
    const message = 'events name strings or stacks that their generation does not hold; they are left empty'
    this.doubts.note(message, this.offset + this.firstMissing, 'SL_DECODE_TRUNCATED', this.missingNames)
  }

  resolveName(id: number, cursor: ThreadCursor): number {
    const name = this.tables.nameOf(id)
    return name === MISSING ? this.missing('string', cursor) : name
  }

  resolveMessage(id: number, cursor: ThreadCursor): number {
    const message = this.tables.messageOf(id)
    return message === MISSING ? this.missing('string', cursor) : message
  }

  resolveStack(id: number, cursor: ThreadCursor): number {
    const stack = this.tables.stackIds.get(id)
    return stack === MISSING ? this.missing('stack', cursor) : stack
  }

  /** The index to take for a name that is missing. */
  private missing(what: 'string' | 'stack', cursor: ThreadCursor): number {
    this.missingNames += 1
    if (this.missingNames === 1) this.firstMissing = cursor.at
    if (this.doubts.isStrict) this.doubt(`an event names a ${what} that its generation does not hold`, cursor)
    return 0
  }

  /** A doubt that does not touch the order: reading goes on, unless strict. */
  doubt(message: string, cursor: ThreadCursor): void {
    this.doubts.quibble(message, this.offset + cursor.at)
  }

  failContext(cursor: ThreadCursor): number {
    return this.fail(`event ${cursor.kind} has not the goroutine, processor or thread that it needs`, cursor.at)
  }

  failState(cursor: ThreadCursor): number {
    return this.fail(`event ${cursor.kind} contradicts the events before it`, cursor.at)
  }

  fail(message: string, at: number): number {
    this.doubts.note(message, this.offset + at)
    return FAILED
  }
}
