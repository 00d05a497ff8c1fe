/**
 * Hands text to the reader in windows, whatever chunks it comes in: the same table for any chunking.
 * Enters: chunks. Leaves: finished dumps with their issues, through `sink`. Holds one window and a line of carry,
 * never the text. Keeps a little text behind the cursor, so that a cause line is found again under a log prefix.
 */
import type { GoroutineDump } from '../../model/goroutine-dump.ts'
import { goroutineFlags } from '../../model/goroutine-dump.ts'
import type { Decoded } from '../../model/issue.ts'
import { type FullDumpLimits, MAX_LINE_BYTES, RUNTIME_DUMP_CAP_BYTES } from './limits.ts'
import type { LogPrefix } from './log-prefix.ts'
import { cleanLines, isJsonLog, needsCleaning } from './text-cleaner.ts'
import { type FinishedDump, HISTORY_BYTES, TracebackReader } from './traceback-reader.ts'

export const DEFAULT_WINDOW_BYTES = 256 * 1024

type TextEncoding = 'unknown' | 'utf-8' | TextDecoder

export class DumpFeeder {
  private readonly limits: FullDumpLimits
  private readonly windowBytes: number
  private readonly reader: TracebackReader
  private readonly sink: (dump: Decoded<GoroutineDump>) => void
  /** Bytes taken in so far, as they came. */
  sizeBytes = 0
  private isOverLimit = false
  private encoding: TextEncoding = 'unknown'
  private text = new Uint8Array(0)
  private textAt = 0
  private textEnd = 0
  private isCleaning = false
  private isJsonLog = false
  private prefix: LogPrefix | undefined
  /** A line without its end yet, not cleaned. */
  private carry = new Uint8Array(0)
  private pending: FinishedDump | undefined

  constructor(
    limits: FullDumpLimits,
    sink: (dump: Decoded<GoroutineDump>) => void,
    windowBytes = DEFAULT_WINDOW_BYTES,
  ) {
    this.limits = limits
    this.sink = sink
    this.windowBytes = windowBytes
    // A dump is handed on when the next one ends: only the last can be cut by the runtime's cap.
    this.reader = new TracebackReader(limits, (dump) => {
      this.flushPending(false)
      this.pending = dump
    })
  }

  get isFull(): boolean {
    return this.reader.isFull || this.isOverLimit
  }

  /** `panic: …`, `SIGQUIT: quit`, when the text so far has one without goroutines after it. */
  get openCause(): string | undefined {
    return this.reader.openCause
  }

  get unsafePrefixes(): number {
    return this.reader.unsafePrefixes
  }

  /** Lines read so far. */
  get lineCount(): number {
    return this.reader.line
  }

  push(chunk: Uint8Array): void {
    if (this.isFull || chunk.length === 0) return
    const room = this.limits.maxBytes - this.sizeBytes
    if (chunk.length > room) this.isOverLimit = true
    const taken = chunk.length > room ? chunk.subarray(0, room) : chunk
    this.sizeBytes += taken.length
    if (this.encoding === 'utf-8') this.addText(taken)
    else this.addEncoded(taken)
    if (this.textEnd - this.textAt >= this.windowBytes) this.run(false)
  }

  finish(): void {
    if (this.encoding === 'unknown') this.startText(true)
    if (typeof this.encoding === 'object') this.addText(new TextEncoder().encode(this.encoding.decode()))
    if (this.carry.length > 0) {
      const carry = this.carry
      this.carry = new Uint8Array(0)
      this.append(carry, true)
    }
    if (!this.reader.isFull) this.run(true)
    this.reader.finish()
    this.flushPending(true)
  }

  private addEncoded(chunk: Uint8Array): void {
    if (typeof this.encoding === 'object') {
      this.addText(new TextEncoder().encode(this.encoding.decode(chunk, { stream: true })))
      return
    }
    this.carry = concat(this.carry, chunk)
    this.startText(false)
  }

  /** Decides on the encoding and on docker's wrapping once the first bytes are there. */
  private startText(isLast: boolean): void {
    const head = this.carry
    if (head.length < 8 && !isLast) return
    this.carry = new Uint8Array(0)
    if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
      this.encoding = new TextDecoder(head[0] === 0xff ? 'utf-16le' : 'utf-16be')
      this.addEncoded(head)
      return
    }
    this.encoding = 'utf-8'
    const hasMark = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf
    if (isJsonLog(head)) {
      this.isJsonLog = true
      this.isCleaning = true
    }
    this.addText(hasMark ? head.subarray(3) : head)
  }

  private addText(chunk: Uint8Array): void {
    if (!this.isCleaning && needsCleaning(chunk)) this.startCleaning()
    if (!this.isCleaning) {
      this.append(chunk, false)
      return
    }
    const newline = chunk.lastIndexOf(10)
    if (newline < 0 && this.carry.length + chunk.length <= MAX_LINE_BYTES) {
      this.carry = concat(this.carry, chunk)
      return
    }
    const end = newline < 0 ? chunk.length : newline + 1
    this.append(concat(this.carry, chunk.subarray(0, end)), true)
    this.carry = chunk.slice(end)
  }

  /** From here on lines are cleaned: the line that is not whole yet goes back to the carry. */
  private startCleaning(): void {
    this.isCleaning = true
    const lineStart = this.text.subarray(0, this.textEnd).lastIndexOf(10) + 1
    const from = Math.max(lineStart, this.textAt)
    this.carry = this.text.slice(from, this.textEnd)
    this.textEnd = from
  }

  private append(chunk: Uint8Array, clean: boolean): void {
    const needed = this.textEnd + chunk.length
    if (needed > this.text.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(this.text.length * 2, needed + this.windowBytes)))
      grown.set(this.text.subarray(0, this.textEnd))
      this.text = grown
    }
    if (clean) {
      this.textEnd = cleanLines(this.rules(), chunk, 0, chunk.length, this.text, this.textEnd)
      return
    }
    this.text.set(chunk, this.textEnd)
    this.textEnd += chunk.length
  }

  private rules() {
    return { prefix: this.prefix, isJsonLog: this.isJsonLog }
  }

  private run(isLast: boolean): void {
    for (;;) {
      this.textAt = this.reader.read(this.text.subarray(0, this.textEnd), this.textAt, isLast)
      const found = this.reader.foundPrefix
      if (found === undefined) break
      this.reader.foundPrefix = undefined
      this.stripFrom(found, isLast)
    }
    const keptFrom = Math.max(0, this.textAt - HISTORY_BYTES)
    this.text.copyWithin(0, keptFrom, this.textEnd)
    this.textAt -= keptFrom
    this.textEnd -= keptFrom
  }

  /** Takes the prefix off the header line, or off everything from it on. */
  private stripFrom(prefix: LogPrefix, isLast: boolean): void {
    const text = this.text
    const from = this.textAt
    if (prefix.isOnce) {
      const lineEnd = text.indexOf(10, from)
      const write = cleanLines({ prefix, isJsonLog: false }, text, from, lineEnd, text, from)
      text.copyWithin(write, lineEnd, this.textEnd)
      this.textEnd -= lineEnd - write
      return
    }
    if (!this.isCleaning && !isLast) this.startCleaning()
    this.isCleaning = true
    this.prefix = prefix
    this.textEnd = cleanLines(this.rules(), text, from, this.textEnd, text, from)
  }

  private flushPending(isLastDump: boolean): void {
    const finished = this.pending
    if (finished === undefined) return
    this.pending = undefined
    const builder = finished.builder
    let isTruncated = finished.isCut
    if (finished.isCut) {
      const message = 'the text ends inside a goroutine: the dump was cut, and what came after is not known'
      builder.issues.add('SL_DECODE_DUMP_CUT', message, { at: { line: this.reader.line, offset: this.sizeBytes } })
    }
    if (isLastDump && this.sizeBytes === RUNTIME_DUMP_CAP_BYTES && builder.form === 'debug2') {
      isTruncated = true
      const message = 'the dump is exactly 64 MiB long, where the Go runtime stops: goroutines are missing'
      builder.issues.add('SL_DECODE_DUMP_CAPPED', message, { at: { offset: this.sizeBytes } })
    }
    if (builder.fullOf !== undefined || (isLastDump && this.isOverLimit)) {
      isTruncated = true
      const limit = builder.fullOf ?? `${this.limits.maxBytes} bytes of text`
      const message = `reading stopped at the limit of ${limit}: goroutines are missing`
      builder.issues.add('SL_DECODE_TOO_LARGE', message, { at: { line: this.reader.line } })
    }
    if (builder.rowCount === 0) return
    const unavailable = builder.countFlag(goroutineFlags.stackUnavailable)
    if (unavailable > 0) {
      const message = 'stacks of goroutines that were running on other threads are not in the dump'
      builder.issues.add('SL_DECODE_DUMP_PART_SKIPPED', message, { severity: 'info', count: unavailable })
    }
    const value = builder.finish(isTruncated)
    this.sink({ value, issues: builder.issues.list() })
  }
}

function concat(left: Uint8Array<ArrayBuffer>, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(left.length + right.length)
  joined.set(left)
  joined.set(right, left.length)
  return joined
}
