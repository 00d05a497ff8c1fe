/**
 * The strings, stacks and frames of a trace as TraceTables, taken out of the reader's memory as they are met: interned
 * by content over all generations (572,368 string entries of a 195 MB trace are 657 strings).
 */
import type { TraceTables } from '../../model/trace.ts'
import type { OrderInstance } from './order-instance.ts'
import { decodeText } from './text.ts'

/** Bytes of a frame in memory: pc f64, line f64, function u32, file u32, room. */
const FRAME_BYTES = 32
/** Of a message: its index, begin and end, u32 each. */
const MESSAGE_WORDS = 3

export class MemoryTables implements TraceTables {
  readonly strings: string[] = ['']
  readonly stackStart: number[] = [0, 0]
  readonly stackFrames: number[] = []
  readonly frameFunctions: number[] = []
  readonly frameFiles: number[] = []
  readonly frameLines: number[] = []
  readonly framePcs: number[] = []
  private readonly instance: OrderInstance
  /** Places of strings that hold messages of this generation. */
  private messages: number[] = []

  constructor(instance: OrderInstance) {
    this.instance = instance
  }

  /** Empties the places of messages: they are used again. */
  releaseMessages(): void {
    for (const place of this.messages) this.strings[place] = ''
    this.messages = []
  }

  /** Takes what is new since the last time. */
  update(): void {
    const { exports } = this.instance
    if (exports.stringCount.value > this.strings.length) this.addStrings(exports.stringCount.value)
    if (exports.frameCount.value > this.framePcs.length) this.addFrames(exports.frameCount.value)
    if (exports.stackCount.value > this.stackStart.length - 1) this.addStacks(exports.stackCount.value)
    const count = exports.takeMessages()
    if (count > 0) this.takeMessages(count)
  }

  private addStrings(count: number): void {
    const { exports, bytes, words } = this.instance
    const text = exports.textAddress() >>> 0
    const start = (exports.textStartAddress() >>> 0) / 4
    for (let string = this.strings.length; string < count; string++) {
      const [from, to] = [words[start + string] as number, words[start + string + 1] as number]
      this.strings.push(decodeText(bytes, text + from, text + to))
    }
  }

  private takeMessages(count: number): void {
    const { exports, bytes, words } = this.instance
    const { strings, messages } = this
    let at = (exports.messagesAddress() >>> 0) / 4
    for (const end = at + count * MESSAGE_WORDS; at < end; at += MESSAGE_WORDS) {
      const place = words[at] as number
      strings[place] = decodeText(bytes, words[at + 1] as number, words[at + 2] as number)
      messages.push(place)
    }
  }

  private addFrames(count: number): void {
    const { exports, memory } = this.instance
    const view = new DataView(memory.buffer, exports.framesAddress() >>> 0)
    for (let frame = this.framePcs.length; frame < count; frame++) {
      const at = frame * FRAME_BYTES
      this.framePcs.push(view.getFloat64(at, true))
      this.frameLines.push(view.getFloat64(at + 8, true))
      this.frameFunctions.push(view.getUint32(at + 16, true))
      this.frameFiles.push(view.getUint32(at + 20, true))
    }
  }

  private addStacks(count: number): void {
    const { exports, words } = this.instance
    const start = (exports.stackStartAddress() >>> 0) / 4
    const frames = (exports.stackFramesAddress() >>> 0) / 4
    for (let stack = this.stackStart.length - 1; stack < count; stack++) {
      this.stackStart.push(words[start + stack + 1] as number)
    }
    const end = this.stackStart.at(-1) as number
    for (let at = this.stackFrames.length; at < end; at++) this.stackFrames.push(words[frames + at] as number)
  }
}
