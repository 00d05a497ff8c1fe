/**
 * The door for spans: files of any of the formats, whole or in pieces → one SpanTable with what was doubtful.
 * Enters: names and bytes. Each file is told by its content: JSON (OTLP, Jaeger, Zipkin, Tempo; lines or one document)
 * or OTLP protobuf (one message, or a stream of them). gzip is inflated by the port, where whole bytes are given;
 * pieces are plain. Leaves: the table, or a fault where no file gave a span.
 */
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { Decoded } from '../../model/issue.ts'
import type { Inflater } from '../../model/ports.ts'
import type { SpanTable } from '../../model/spans.ts'
import { looksLikeHtml } from '../looks-like-html.ts'
import { detectFraming } from '../stream/proto-walk.ts'
import { openSpanProto } from './otlp-proto.ts'
import { SpanBuilder, type SpanBuilderOptions } from './span-builder.ts'
import { openSpanJson } from './span-json.ts'

export type SpanInput = {
  readonly name: string
  /** Pieces are not kept: each may be overwritten when the next is asked for. */
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>
  /** Why spans may be missing, where whoever fetched it knows (a limit, a page). */
  readonly mayBePartial?: string
}

export type DecodeSpansOptions = SpanBuilderOptions & {
  readonly inflater?: Inflater
  /** Of one compressed file. */
  readonly maxInflatedBytes?: number
}

const MAX_INFLATED_BYTES = 2 * 1024 ** 3
const HEAD_BYTES = 16
/** So many blanks before anything are no beginning of a file. */
const MAX_BLANK_BYTES = 64 * 1024

/** Reads all inputs into one table. Faults: those of a single file, or SL_DECODE_NO_SPANS. */
export async function decodeSpans(
  inputs: readonly SpanInput[],
  options: DecodeSpansOptions = {},
): Promise<Result<Decoded<SpanTable>>> {
  const reader = openSpanReader(options)
  for (const input of inputs) {
    reader.beginFile(input.name, input.mayBePartial)
    if (input.bytes instanceof Uint8Array) await feedWhole(reader, input.bytes, options)
    else for await (const piece of input.bytes) reader.feed(piece)
    reader.endFile()
  }
  return reader.finish()
}

async function feedWhole(reader: SpanReader, bytes: Uint8Array, options: DecodeSpansOptions): Promise<void> {
  if (!isCompressed(bytes) || options.inflater === undefined) {
    reader.feed(bytes)
    return
  }
  const maxBytes = options.maxInflatedBytes ?? MAX_INFLATED_BYTES
  const plain = await options.inflater.inflate(bytes, { maxBytes })
  if (plain.ok) reader.feed(plain.value)
  else reader.failFile(plain.error)
}

function isCompressed(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x1f && bytes[1] === 0x8b) || (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f)
}

/** File after file, piece after piece. */
export type SpanReader = {
  beginFile(name: string, mayBePartial?: string): void
  feed(piece: Uint8Array): void
  /** The file could not be read on: what came before is kept. */
  failFile(why: Fault): void
  /** False where the file was cut short or could not be read on. Where that leaves a part of one document, its spans may
   *  lack others of their traces; of a stream of documents only the end is missing. */
  endFile(): boolean
  finish(): Result<Decoded<SpanTable>>
}

type Walk = { feed(piece: Uint8Array): void; finish(): void; readonly isCut: boolean; readonly documents: number }

export function openSpanReader(options: SpanBuilderOptions = {}): SpanReader {
  const builder = new SpanBuilder(options)
  const faults: Fault[] = []
  const file: { name: string; head: Uint8Array; walk: Walk | undefined; isDone: boolean; hasFailed: boolean } = {
    name: '',
    head: new Uint8Array(0),
    walk: undefined,
    isDone: true,
    hasFailed: false,
  }
  function fail(why: Fault): void {
    faults.push({ ...why, target: file.name })
    builder.issues.add(why.code, why.message, { at: { file: file.name } })
    file.walk?.finish()
    file.isDone = true
    file.hasFailed = true
  }
  function begin(): void {
    const walk = chooseWalk(file.head, builder)
    if (walk.ok) {
      file.walk = walk.value
      file.walk.feed(file.head)
    } else fail(walk.error)
  }
  return {
    beginFile(name, mayBePartial) {
      builder.beginSource(name, 'otlp-json', mayBePartial)
      Object.assign(file, { name, head: new Uint8Array(0), walk: undefined, isDone: false, hasFailed: false })
    },
    feed(piece) {
      if (file.isDone) return
      if (file.walk !== undefined) {
        file.walk.feed(piece)
        return
      }
      if (file.head.length === 0 && piece.length >= HEAD_BYTES && firstChar(piece) !== undefined) file.head = piece
      else {
        const joined = new Uint8Array(file.head.length + piece.length)
        joined.set(file.head)
        joined.set(piece, file.head.length)
        file.head = joined
      }
      const isTold = file.head.length >= HEAD_BYTES && firstChar(file.head) !== undefined
      if (isTold || file.head.length > MAX_BLANK_BYTES) begin()
    },
    failFile: fail,
    endFile() {
      if (!file.isDone && file.walk === undefined) begin()
      if (!file.isDone) file.walk?.finish()
      file.isDone = true
      const isWhole = !file.hasFailed && file.walk?.isCut !== true
      if (!isWhole && (file.walk?.documents ?? 0) <= 1) builder.markPartial('the file is cut short')
      return isWhole
    },
    finish() {
      const decoded = builder.finish()
      if (decoded.value.count > 0) return ok(decoded)
      const first = faults[0]
      if (first !== undefined) return err(first)
      const broken = decoded.issues.find(({ severity }) => severity === 'warning')
      const message = broken === undefined ? undefined : `The input holds no span that can be used: ${broken.message}`
      return err(fault('SL_DECODE_NO_SPANS', message === undefined ? {} : { message }))
    },
  }
}

/** The first byte that is neither blank nor part of a byte order mark. */
function firstChar(bytes: Uint8Array): number | undefined {
  // Field 1 of a message is a newline.
  if (bytes[0] === 0x0a && detectFraming(bytes) !== undefined) return 0x0a
  return bytes.find((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf)
}

function chooseWalk(head: Uint8Array, builder: SpanBuilder): Result<Walk> {
  if (head.length === 0) return err(fault('SL_DECODE_EMPTY'))
  const first = firstChar(head)
  const isBinary = head.subarray(0, HEAD_BYTES).some((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x20))
  const framing = detectFraming(head.subarray(0, HEAD_BYTES))
  if ((first === 0x7b || first === 0x5b) && !(isBinary && framing !== undefined)) return ok(openSpanJson(builder))
  if (isCompressed(head)) return err(fault('SL_DECODE_COMPRESSED'))
  if (looksLikeHtml(head)) return err(fault('SL_DECODE_HTML'))
  if (framing !== undefined) return ok(openSpanProto(builder))
  const message = 'The input is neither JSON nor OTLP protobuf'
  return err(fault('SL_DECODE_UNKNOWN_FORMAT', { message }))
}
