/**
 * Compressed files of telemetry as streams of plain bytes: gzip (several members too), zstd (several frames too), and
 * what the collector's file exporter writes with `compression: zstd`: messages compressed one by one, each with its
 * length before it in four bytes, big-endian. Messages of protobuf keep such a length before them when they are plain,
 * JSON gets a line each. Memory is bounded by one piece, or one message. What could be inflated before damage is given;
 * `fail` says what was wrong: SL_DECODE_BAD_GZIP, _TRUNCATED_GZIP, _BOMB, _TOO_LARGE.
 */
import { pipeline, Readable } from 'node:stream'
import { createZstdDecompress, zstdDecompressSync } from 'node:zlib'
import { type Fault, fault } from '../../base/errors.ts'
import { detectCompression, MAX_INFLATE_RATIO, RATIO_FREE_BYTES } from '../inflate.ts'
import { inflateStream } from '../trace-stream.ts'

/** So many bytes tell. */
export const MAGIC_BYTES = 8

/** One message: what a collector may send at once, with room. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024
const LENGTH_BYTES = 4
const PIECE_BYTES = 1 << 20

type Packing = 'gzip' | 'zstd' | 'zstd messages'
type Inflate = (pieces: AsyncIterable<Uint8Array>, fail: (why: Fault) => void) => AsyncGenerator<Uint8Array, void>

const inflaters: Readonly<Record<Packing, Inflate>> = {
  gzip: inflateStream,
  zstd: inflateZstd,
  'zstd messages': inflateMessages,
}

/** How to read a file that begins like this; `undefined`: as it is. */
export function chooseInflate(head: Uint8Array): Inflate | undefined {
  const packing = detectPacking(head)
  return packing === undefined ? undefined : inflaters[packing]
}

function detectPacking(head: Uint8Array): Packing | undefined {
  const whole = detectCompression(head.subarray(0, 16))
  if (whole === 'gzip' || whole === 'zstd') return whole
  const isMessages = head.length > LENGTH_BYTES && detectCompression(head.subarray(LENGTH_BYTES)) === 'zstd'
  return isMessages ? 'zstd messages' : undefined
}

async function* inflateZstd(
  pieces: AsyncIterable<Uint8Array>,
  fail: (why: Fault) => void,
): AsyncGenerator<Uint8Array, void> {
  const plain = createZstdDecompress({ chunkSize: PIECE_BYTES })
  pipeline(Readable.from(copyPieces(pieces), { objectMode: false }), plain, () => {})
  let size = 0
  try {
    for await (const piece of plain) {
      size += (piece as Uint8Array).length
      if (size > RATIO_FREE_BYTES && size > plain.bytesWritten * MAX_INFLATE_RATIO) {
        fail(fault('SL_DECODE_BOMB', { detail: { inflatedBytes: size, compressedBytes: plain.bytesWritten } }))
        return
      }
      yield piece as Uint8Array
    }
  } catch (error) {
    const isCut = error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR'
    fail(isCut ? cutZstd(size) : damagedZstd(size))
  }
}

async function* copyPieces(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const piece of pieces) yield piece.slice()
}

async function* inflateMessages(
  pieces: AsyncIterable<Uint8Array>,
  fail: (why: Fault) => void,
): AsyncGenerator<Uint8Array, void> {
  let held: Buffer = Buffer.alloc(0)
  let taken = 0
  let given = 0
  for await (const piece of pieces) {
    held = Buffer.concat([held, piece])
    taken += piece.length
    for (;;) {
      if (held.length < LENGTH_BYTES) break
      const length = held.readUInt32BE(0)
      if (length > MAX_MESSAGE_BYTES) {
        const message = `A message claims ${length} compressed bytes, more than the limit of ${MAX_MESSAGE_BYTES}`
        return fail(fault('SL_DECODE_TOO_LARGE', { message }))
      }
      if (held.length < LENGTH_BYTES + length) break
      const plain = inflateMessage(held.subarray(LENGTH_BYTES, LENGTH_BYTES + length))
      if (plain === undefined) return fail(damagedZstd(given))
      given += plain.length
      if (given > RATIO_FREE_BYTES && given > taken * MAX_INFLATE_RATIO) {
        return fail(fault('SL_DECODE_BOMB', { detail: { inflatedBytes: given, compressedBytes: taken } }))
      }
      yield frameMessage(plain)
      held = held.subarray(LENGTH_BYTES + length)
    }
  }
  if (held.length > 0) fail(cutZstd(given))
}

function inflateMessage(bytes: Uint8Array): Buffer | undefined {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: MAX_MESSAGE_BYTES })
  } catch {
    return undefined
  }
}

function frameMessage(plain: Buffer): Buffer {
  if (plain[0] === 0x7b || plain[0] === 0x5b) return Buffer.concat([plain, Buffer.from('\n')])
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(plain.length)
  return Buffer.concat([length, plain])
}

function cutZstd(size: number): Fault {
  const message = 'The zstd data ends before its own end'
  return fault('SL_DECODE_TRUNCATED_GZIP', { message, detail: { compression: 'zstd', inflatedBytes: size } })
}

function damagedZstd(size: number): Fault {
  const message = 'The zstd data is corrupt'
  return fault('SL_DECODE_BAD_GZIP', { message, detail: { compression: 'zstd', inflatedBytes: size } })
}
