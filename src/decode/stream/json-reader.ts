/**
 * JSON read from bytes as they come: tokens are places in the window, no text and no object is made of them.
 * Enters: pieces of the window. A read that runs out of the window throws NEED_MORE, and the caller begins its record again
 * when there is more; a read that breaks the grammar throws CursorFault. Neither leaves this folder.
 */
import { CursorFault } from '../../base/byte-cursor.ts'
import { ByteWindow, NEED_MORE } from '../stream/byte-window.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/** 1: blank; 2: may stand in a number or word. */
const CLASSES: Uint8Array = makeClasses()

export class JsonReader extends ByteWindow {
  /** The string or word that was read last: text[from..to). */
  text: Uint8Array = this.bytes
  from = 0
  to = 0
  readonly maxDepth: number
  private scratch: Uint8Array<ArrayBuffer> = new Uint8Array(1024)
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  private readonly encoder = new TextEncoder()

  constructor(maxDepth: number) {
    super()
    this.maxDepth = maxDepth
  }

  fail(message: string): never {
    if (this.at >= this.end) {
      if (!this.isLast) throw NEED_MORE
      throw new CursorFault('truncated', this.offset, 'the JSON ends before it is closed')
    }
    throw new CursorFault('malformed', this.offset, message)
  }

  /** The next byte that is no blank, not consumed. */
  peek(): number {
    const bytes = this.bytes
    let at = this.at
    let byte = bytes[at] as number
    while (CLASSES[byte] === 1) byte = bytes[++at] as number
    this.at = at
    if (byte === 0) this.fail('a NUL stands in the JSON')
    return byte
  }

  expect(byte: number): void {
    if (this.peek() !== byte) this.fail(`${String.fromCharCode(byte)} is missing`)
    this.at++
  }

  /** In an object: true when a key was read (see `text`) and its value is next; false when the object was closed. */
  nextKey(): boolean {
    let byte = this.peek()
    if (byte === 0x2c) {
      this.at++
      byte = this.peek()
    }
    if (byte === CLOSE_OBJECT) {
      this.at++
      return false
    }
    if (byte !== QUOTE) this.fail('a key is missing')
    this.readString()
    if (this.bytes[this.at] === 0x3a) this.at++
    else this.expect(0x3a)
    return true
  }

  /** In an array: true when a value is next; false when the array was closed. */
  nextItem(): boolean {
    let byte = this.peek()
    if (byte === 0x2c) {
      this.at++
      byte = this.peek()
    }
    if (byte !== CLOSE_ARRAY) return true
    this.at++
    return false
  }

  /** Consumes `{`; where something else stands, skips it and says false. */
  openObject(): boolean {
    if (this.peek() === OPEN_OBJECT) {
      this.at++
      return true
    }
    this.skipValue()
    return false
  }

  openArray(): boolean {
    if (this.peek() === OPEN_ARRAY) {
      this.at++
      return true
    }
    this.skipValue()
    return false
  }

  /** A string, a number or a word (true, null) into `text`; false, and skipped, where it is a bracket. */
  readScalar(): boolean {
    const byte = this.peek()
    if (byte === QUOTE) {
      this.readString()
      return true
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      this.skipValue()
      return false
    }
    this.readWord()
    return true
  }

  /** Whether the next value is a string. */
  isString(): boolean {
    return this.peek() === QUOTE
  }

  readString(): void {
    const bytes = this.bytes
    const start = this.at + 1
    let at = start
    let byte = bytes[at] as number
    while (byte !== QUOTE && byte !== BACKSLASH && byte >= 0x20) byte = bytes[++at] as number
    if (byte === QUOTE) {
      this.text = bytes
      this.from = start
      this.to = at
      this.at = at + 1
      return
    }
    if (byte === BACKSLASH) {
      this.readEscaped(start)
      return
    }
    this.at = at
    this.fail('a control character stands in a string')
  }

  private readEscaped(start: number): void {
    const begin = start - 1
    this.at = begin
    this.skipString()
    let text: string
    try {
      text = JSON.parse(this.decoder.decode(this.bytes.subarray(begin, this.at))) as string
    } catch {
      throw new CursorFault('malformed', this.base + begin, 'a string has an escape that JSON does not know')
    }
    if (this.scratch.length < text.length * 3) this.scratch = new Uint8Array(text.length * 3)
    this.from = 0
    this.to = this.encoder.encodeInto(text, this.scratch).written
    this.text = this.scratch
  }

  private skipString(): void {
    const bytes = this.bytes
    let at = this.at + 1
    for (;;) {
      let byte = bytes[at] as number
      while (byte !== QUOTE && byte !== BACKSLASH && byte >= 0x20) byte = bytes[++at] as number
      if (byte === QUOTE) {
        this.at = at + 1
        return
      }
      if (byte !== BACKSLASH || at + 1 >= this.end) {
        this.at = byte === BACKSLASH ? this.end : at
        this.fail('a control character stands in a string')
      }
      at += 2
    }
  }

  private readWord(): void {
    const bytes = this.bytes
    const start = this.at
    let at = start
    while (CLASSES[bytes[at] as number] === 2) at++
    this.at = at
    if (at >= this.end && !this.isLast) throw NEED_MORE
    if (at === start) this.fail('a value is missing')
    this.text = bytes
    this.from = start
    this.to = at
  }

  /** Passes over the next value, whatever it is. */
  skipValue(): void {
    const byte = this.peek()
    if (byte === QUOTE) this.skipString()
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.skipBrackets()
    else this.readWord()
  }

  private skipBrackets(): void {
    const bytes = this.bytes
    const closers: number[] = []
    do {
      const byte = bytes[this.at] as number
      if (byte === QUOTE) {
        this.skipString()
        continue
      }
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        closers.push(byte + 2)
        if (closers.length > this.maxDepth) {
          throw new CursorFault('malformed', this.offset, `it is nested deeper than ${this.maxDepth} levels`)
        }
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (closers.pop() !== byte) this.fail('a bracket is closed by one of another kind')
      } else if (byte === 0) this.fail('a NUL stands in the JSON')
      this.at++
    } while (closers.length > 0)
  }

  /** The next value as an object: for what is rare and small. */
  parseValue(): unknown {
    this.peek()
    const start = this.at
    this.skipValue()
    try {
      return JSON.parse(this.decoder.decode(this.bytes.subarray(start, this.at)))
    } catch {
      throw new CursorFault('malformed', this.base + start, 'a value is no JSON')
    }
  }

  /** `text` as a string of JavaScript. */
  textString(): string {
    return this.decoder.decode(this.text.subarray(this.from, this.to))
  }

  /** Whether `text` is this word of ASCII. */
  textIs(word: string): boolean {
    if (this.to - this.from !== word.length) return false
    for (let at = 0; at < word.length; at++) if (this.text[this.from + at] !== word.charCodeAt(at)) return false
    return true
  }

  /** `text` as a small number, NaN where it is none. */
  textNumber(): number {
    const { text, from, to } = this
    if (to === from || to - from > 9) return to === from ? Number.NaN : Number(this.textString())
    let value = 0
    for (let at = from; at < to; at++) {
      const digit = (text[at] as number) - 0x30
      if (digit < 0 || digit > 9) return Number(this.textString())
      value = value * 10 + digit
    }
    return value
  }
}

function makeClasses(): Uint8Array {
  const classes = new Uint8Array(256)
  for (const blank of [0x20, 0x09, 0x0a, 0x0d]) classes[blank] = 1
  for (const char of '+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ')
    classes[char.charCodeAt(0)] = 2
  return classes
}
