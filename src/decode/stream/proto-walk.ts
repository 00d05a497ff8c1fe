/**
 * Walks OTLP protobuf as it comes: only the lengths of the messages above a span are held, a span is read when all of
 * it is there. Takes one message, several one after the other (which protobuf reads as one), and streams of messages
 * with their length before each, as the collector's file exporter (four bytes, big-endian) and `delimited` writers
 * (a varint) do. A message that is damaged is left out; what its length does not reach is read on.
 */
import { CursorFault } from '../../base/byte-cursor.ts'
import type { IssueLog } from '../../model/issue.ts'
import { BYTES, readTag, readVarint32, skipField } from '../pprof/wire.ts'
import { ByteWindow, NEED_MORE } from '../stream/byte-window.ts'
import type { FullSpanLimits } from './limits.ts'

/** What field numbers of a message hold: a message to go into, or one to hand over whole, from `window.at` to `end`. */
export type ProtoField = { readonly enter: ProtoRole } | { readonly unit: (end: number) => void }
export type ProtoRole = {
  readonly fields: Readonly<Record<number, ProtoField>>
  readonly onOpen?: () => void
  readonly onClose?: () => void
}

type Framing = 'none' | 'four bytes' | 'varint'
type Frame = { readonly role: ProtoRole | undefined; readonly end: number }

const FEED_BYTES = 1024 * 1024
const HEAD_BYTES = 16

/** How messages are set apart, by the first bytes; `undefined`: this is no OTLP. */
export function detectFraming(head: Uint8Array): Framing | undefined {
  if (beginsMessage(head, 0)) return 'none'
  if (head.length > 5 && (head[0] as number) < 4 && beginsMessage(head, 4)) {
    const [a = 0, b = 0, c = 0, d = 0] = head
    if (a * 16777216 + b * 65536 + c * 256 + d >= 2) return 'four bytes'
  }
  const at = head.findIndex((byte) => byte < 0x80) + 1
  return at >= 1 && at <= 5 && beginsMessage(head, at) ? 'varint' : undefined
}

/** Field 1 with a length, and in it a message that begins with field 1, 2 or 3 with a length. */
function beginsMessage(head: Uint8Array, at: number): boolean {
  if (head[at] !== 0x0a) return false
  let next = at + 1
  while (next < at + 6 && (head[next] as number) >= 0x80) next++
  const first = head[next + 1]
  return head[next] === 0 || first === 0x0a || first === 0x12 || first === 0x1a
}

export class ProtoWalk {
  readonly window = new ByteWindow()
  documents = 0
  /** The input ended inside a message. */
  isCut = false
  private readonly root: ProtoRole
  private readonly limits: FullSpanLimits
  private readonly issues: IssueLog
  private readonly fileOf: () => string
  private readonly onDrop: () => void
  private readonly frames: Frame[] = []
  private framing: Framing | undefined
  /** Bytes still to be passed over. */
  private skipBytes = 0
  private isOver = false

  constructor(
    root: (window: ByteWindow) => ProtoRole,
    to: { limits: FullSpanLimits; issues: IssueLog; fileOf: () => string; onDrop: () => void },
  ) {
    this.root = root(this.window)
    this.limits = to.limits
    this.issues = to.issues
    this.fileOf = to.fileOf
    this.onDrop = to.onDrop
  }

  feed(piece: Uint8Array): void {
    for (let from = 0; from < piece.length && !this.isOver; from += FEED_BYTES) {
      this.window.feed(piece.subarray(from, from + FEED_BYTES))
      this.run()
    }
  }

  finish(): void {
    const { window } = this
    window.isLast = true
    if (!this.isOver) this.run()
    const isOpen = this.frames.some(({ end }) => Number.isFinite(end) && end > window.offset) || window.at < window.end
    if (!this.isOver && (isOpen || this.skipBytes > 0)) {
      this.note('truncated', window.offset, 'the input ends inside a message')
    }
    this.closeDownTo(0)
  }

  private run(): void {
    const { window } = this
    if (this.framing === undefined) {
      if (window.end - window.at < HEAD_BYTES && !window.isLast) return
      if (window.end === window.at) return
      this.framing = detectFraming(window.bytes.subarray(window.at, Math.min(window.end, window.at + HEAD_BYTES)))
      if (this.framing === undefined) {
        this.note('malformed', window.offset, 'it does not begin like an OTLP message')
        this.isOver = true
        return
      }
      if (this.framing === 'none') this.open(this.root, Number.POSITIVE_INFINITY)
    }
    for (;;) {
      const mark = window.at
      try {
        if (!this.step()) return
      } catch (error) {
        if (error === NEED_MORE) {
          window.at = mark
          return
        }
        if (!(error instanceof CursorFault)) throw error
        window.at = mark
        this.leaveBroken(error)
        if (this.isOver) return
      }
    }
  }

  /** One field, or the beginning or end of a message. False when the window is used up. */
  private step(): boolean {
    const { window, frames } = this
    // A step of its own: what comes after may need more bytes, and the step is begun again then.
    if (this.skipBytes > 0) return this.passOver()
    const frame = frames[frames.length - 1]
    if (frame !== undefined && window.offset >= frame.end) {
      frames.pop()
      frame.role?.onClose?.()
      return true
    }
    if (window.at >= window.end) return false
    if (frame === undefined) {
      const length = this.readFrameLength()
      this.open(this.root, window.offset + length)
      return true
    }
    const inWindow = Math.min(window.end, frame.end - window.base)
    this.needHeader(inWindow)
    const tag = readTag(window, inWindow)
    if ((tag & 7) !== BYTES) {
      skipField(window, tag, inWindow)
      return true
    }
    const length = readVarint32(window, inWindow)
    if (window.offset + length > frame.end) {
      throw new CursorFault('malformed', window.offset, `a field of ${length} bytes ends after what holds it`)
    }
    this.take(frame.role?.fields[tag >>> 3], length)
    return true
  }

  private take(field: ProtoField | undefined, length: number): void {
    const { window } = this
    if (field === undefined) {
      this.skipBytes = length
      return
    }
    if ('enter' in field) {
      this.open(field.enter, window.offset + length)
      return
    }
    const end = window.at + length
    if (length > this.limits.maxRecordBytes) {
      const message = `Records larger than ${this.limits.maxRecordBytes} bytes were passed over`
      this.issues.add('SL_DECODE_SPAN_SKIPPED', message, { at: { file: this.fileOf(), offset: window.offset } })
      this.skipBytes = length
      return
    }
    if (end > window.end) {
      if (!window.isLast) throw NEED_MORE
      throw new CursorFault('truncated', window.offset, 'the input ends inside a record')
    }
    const offset = window.offset
    try {
      field.unit(end)
    } catch (error) {
      if (!(error instanceof CursorFault)) throw error
      this.onDrop()
      const message = `A record is damaged (${error.message}) and was left out`
      this.issues.add('SL_DECODE_SPAN_SKIPPED', message, { at: { file: this.fileOf(), offset } })
    }
    window.at = end
  }

  private open(role: ProtoRole, end: number): void {
    if (role === this.root) this.documents++
    this.frames.push({ role, end })
    role.onOpen?.()
  }

  /** A tag and what follows it (a length, a number) take fifteen bytes at most. */
  private needHeader(inWindow: number): void {
    const { window } = this
    if (inWindow - window.at < 15 && inWindow === window.end && !window.isLast) throw NEED_MORE
  }

  private readFrameLength(): number {
    const { window } = this
    this.needHeader(window.end)
    if (this.framing === 'varint') return readVarint32(window, window.end)
    if (window.at + 4 > window.end) throw new CursorFault('truncated', window.offset, 'the input ends inside a length')
    const { bytes, at } = window
    window.at = at + 4
    const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4)
    return a * 16777216 + b * 65536 + c * 256 + d
  }

  private passOver(): boolean {
    const { window } = this
    const step = Math.min(this.skipBytes, window.end - window.at)
    window.at += step
    this.skipBytes -= step
    return this.skipBytes === 0
  }

  /** Past the message whose fields make no sense, to where its length ends. */
  private leaveBroken(error: CursorFault): void {
    const { window, frames } = this
    const frame = frames[frames.length - 1]
    this.note(error.kind, window.offset, error.message)
    if (frame === undefined || !Number.isFinite(frame.end) || window.isLast) {
      const end = frame?.end ?? Number.POSITIVE_INFINITY
      if (end <= window.base + window.end) window.at = end - window.base
      else {
        this.isOver = true
        window.at = window.end
      }
      return
    }
    this.skipBytes = frame.end - window.offset
  }

  private closeDownTo(depth: number): void {
    while (this.frames.length > depth) this.frames.pop()?.role?.onClose?.()
  }

  private note(kind: 'truncated' | 'malformed', offset: number, message: string): void {
    if (kind === 'truncated') this.isCut = true
    const code = kind === 'truncated' ? 'SL_DECODE_TRUNCATED' : 'SL_DECODE_MALFORMED'
    const at = { file: this.fileOf(), offset }
    this.issues.add(code, `The input is no OTLP protobuf from here on: ${message}`, { at })
  }
}
