/**
 * Walks a stream of JSON documents by a grammar: which brackets to go into, which values to hand over as a whole.
 * Only the brackets above a span are held; a span is read when all of it is in the window. Documents may stand one
 * per line, one after the other, or in an array. What breaks the grammar is an issue with its place, and reading goes
 * on at the next line that begins a document; a value too large for the window is passed over.
 */
import { CursorFault } from '../../base/byte-cursor.ts'
import type { IssueLog } from '../../model/issue.ts'
import { NEED_MORE } from '../stream/byte-window.ts'
import { JsonReader } from '../stream/json-reader.ts'
import type { FullSpanLimits } from './limits.ts'
import { KeySet } from './text-pool.ts'

/** What to do with a value: read it whole, go into it, or decide by its keys. `undefined`: pass over it. */
export type Action =
  | { readonly unit: () => void }
  | { readonly enter: string }
  | { readonly choose: (keys: KeyWalk) => Action | undefined }

/** Gives each key of the object that comes next to `judge`, until that gives an action. Consumes nothing. */
export type KeyWalk = (judge: (reader: JsonReader) => Action | undefined) => Action | undefined

export type Role = {
  /** As an object: the action for each key; `anyKey` for the others. */
  readonly keys?: Readonly<Record<string, Action>>
  readonly anyKey?: Action
  /** As an array: the action for its items. */
  readonly item?: Action
  readonly choice?: Action
  readonly onOpen?: () => void
  readonly onClose?: () => void
}

/** Roles by name; `document` is what every document is, unless `choice` says otherwise. */
export type Grammar = Readonly<Record<string, Role>>

type Frame = { readonly role: CompiledRole; readonly isObject: boolean }
type Skim = { depth: number; inString: boolean; escaped: boolean; begun: boolean }
type CompiledRole = Role & { readonly keySet: KeySet; readonly actions: readonly Action[] }

const FEED_BYTES = 256 * 1024

export class JsonWalk {
  readonly reader: JsonReader
  /** Documents begun. */
  documents = 0
  /** Bytes taken in, and how many places could not be read. */
  broken = 0
  /** It ended before it was closed. */
  isCut = false
  private readonly roles = new Map<string, CompiledRole>()
  private readonly frames: Frame[] = []
  private readonly limits: FullSpanLimits
  private readonly issues: IssueLog
  private readonly fileOf: () => string
  private readonly onDrop: () => void
  /** Looking for the next line that begins a document. */
  private isLost = false
  private skim: Skim | undefined
  /** Bytes to wait for before the record in hand is begun again. */
  private wantedBytes = 0
  /** Where the step in hand began. */
  private mark = 0

  constructor(
    grammar: (reader: JsonReader) => Grammar,
    to: { limits: FullSpanLimits; issues: IssueLog; fileOf: () => string; onDrop: () => void },
  ) {
    this.limits = to.limits
    this.issues = to.issues
    this.fileOf = to.fileOf
    this.onDrop = to.onDrop
    this.reader = new JsonReader(to.limits.maxDepth)
    for (const [name, role] of Object.entries(grammar(this.reader))) {
      const keys = role.keys ?? {}
      this.roles.set(name, { ...role, keySet: new KeySet(Object.keys(keys)), actions: Object.values(keys) })
    }
  }

  feed(piece: Uint8Array): void {
    for (let from = 0; from < piece.length; from += FEED_BYTES) {
      this.reader.feed(piece.subarray(from, from + FEED_BYTES))
      if (this.reader.end - this.reader.at >= this.wantedBytes) this.run()
    }
  }

  /** No more comes: what is open is cut. */
  finish(): void {
    this.reader.isLast = true
    this.run()
    if (this.frames.length > 0)
      this.note(new CursorFault('truncated', this.reader.offset, 'it ends before it is closed'))
    this.closeAll()
  }

  private run(): void {
    const reader = this.reader
    this.mark = reader.at
    this.wantedBytes = 0
    for (;;) {
      try {
        while (this.step()) this.mark = reader.at
        return
      } catch (error) {
        this.onDrop()
        if (error === NEED_MORE) {
          reader.at = this.mark
          const held = reader.end - reader.at
          if (held <= this.limits.maxRecordBytes) {
            // A record is begun again only when twice as much is there: no input makes reading quadratic.
            this.wantedBytes = Math.min(held * 2, this.limits.maxRecordBytes + 1)
            return
          }
          const message = `Records larger than ${this.limits.maxRecordBytes} bytes were passed over`
          this.issues.add('SL_DECODE_SPAN_SKIPPED', message, { at: { file: this.fileOf(), offset: reader.offset } })
          this.skim = { depth: 0, inString: false, escaped: false, begun: false }
          continue
        }
        if (!(error instanceof CursorFault)) throw error
        this.note(error)
        this.closeAll()
        this.isLost = true
        this.mark = reader.at
      }
    }
  }

  private note(error: CursorFault): void {
    this.broken++
    if (error.kind === 'truncated') this.isCut = true
    const code = error.kind === 'truncated' ? 'SL_DECODE_TRUNCATED' : 'SL_DECODE_MALFORMED'
    const more = { at: { file: this.fileOf(), offset: error.offset } }
    this.issues.add(code, `The input is not JSON from here on: ${error.message}`, more)
  }

  private closeAll(): void {
    for (let frame = this.frames.pop(); frame !== undefined; frame = this.frames.pop()) frame.role.onClose?.()
  }

  /** One bracket or one whole value. False when the window is used up between documents. */
  private step(): boolean {
    const reader = this.reader
    // Steps of their own: what comes after may need more bytes, and the step is begun again then.
    if (this.isLost) return this.findLine()
    if (this.skim !== undefined) return this.skimOn(this.skim)
    const frame = this.frames[this.frames.length - 1]
    if (frame === undefined) return this.beginDocument()
    if (frame.isObject) {
      if (!reader.nextKey()) return this.close(frame)
      const place = frame.role.keySet.find(reader.text, reader.from, reader.to)
      this.take(place === -1 ? frame.role.anyKey : frame.role.actions[place])
    } else {
      if (!reader.nextItem()) return this.close(frame)
      this.take(frame.role.item)
    }
    return true
  }

  private close(frame: Frame): true {
    this.frames.pop()
    frame.role.onClose?.()
    return true
  }

  private take(action: Action | undefined): void {
    const reader = this.reader
    if (action === undefined) {
      reader.skipValue()
      return
    }
    if ('unit' in action) {
      action.unit()
      return
    }
    const byte = reader.peek()
    if ('choose' in action) {
      this.take(action.choose((judge) => this.walkKeys(judge)))
      return
    }
    const role = this.roles.get(action.enter) as CompiledRole
    const isObject = byte === 0x7b
    if ((isObject && (role.keys ?? role.anyKey) === undefined) || (byte === 0x5b && role.item === undefined)) {
      reader.skipValue()
      return
    }
    if (!isObject && byte !== 0x5b) {
      reader.skipValue()
      return
    }
    if (this.frames.length >= this.limits.maxDepth) {
      throw new CursorFault('malformed', reader.offset, `it is nested deeper than ${this.limits.maxDepth} levels`)
    }
    reader.at++
    this.frames.push({ role, isObject })
    role.onOpen?.()
  }

  private walkKeys(judge: (reader: JsonReader) => Action | undefined): Action | undefined {
    const reader = this.reader
    const start = reader.at
    let action: Action | undefined
    reader.at++
    while (action === undefined && reader.nextKey()) {
      action = judge(reader)
      if (action === undefined) reader.skipValue()
    }
    reader.at = start
    return action
  }

  private beginDocument(): boolean {
    const reader = this.reader
    const { bytes } = reader
    for (; reader.at < reader.end; reader.at++) {
      const byte = bytes[reader.at] as number
      if (byte === 0x7b || byte === 0x5b) {
        this.take(this.roles.get('document')?.choice ?? { enter: 'document' })
        this.documents++
        return true
      }
      // Blanks, a comma between documents, a record separator (RFC 7464), a byte order mark.
      const isBetween = byte <= 0x20 ? byte !== 0 : byte === 0x2c || byte === 0xef || byte === 0xbb || byte === 0xbf
      if (!isBetween) reader.fail('a document begins with { or [')
    }
    return false
  }

  /** To the next line that begins with a bracket. */
  private findLine(): boolean {
    const reader = this.reader
    const { bytes } = reader
    for (;;) {
      const newline = bytes.indexOf(0x0a, reader.at)
      if (newline === -1 || newline >= reader.end - 1) {
        reader.at = newline === -1 || newline >= reader.end ? reader.end : newline
        if (reader.isLast) reader.at = reader.end
        return false
      }
      reader.at = newline + 1
      if (bytes[reader.at] === 0x7b) {
        this.isLost = false
        return true
      }
    }
  }

  /** Passes over the rest of a value of any size; stands before the comma or bracket that ends it. */
  private skimOn(skim: Skim): boolean {
    const reader = this.reader
    const { bytes, end } = reader
    for (; reader.at < end; reader.at++) {
      const byte = bytes[reader.at] as number
      if (skim.inString) {
        if (skim.escaped) skim.escaped = false
        else if (byte === 0x5c) skim.escaped = true
        else if (byte === 0x22) skim.inString = false
      } else if (byte === 0x22) skim.inString = true
      else if (byte === 0x7b || byte === 0x5b) skim.depth++
      else if (byte === 0x7d || byte === 0x5d) {
        if (skim.depth === 0) break
        skim.depth--
      } else if (byte === 0x2c && skim.depth === 0 && skim.begun) break
      if (byte > 0x20) skim.begun = true
    }
    if (reader.at >= end) return false
    this.skim = undefined
    return true
  }
}
