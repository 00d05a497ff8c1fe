/**
 * The Inflater port on node:zlib: gzip (several members too), zlib and zstd, by their magic numbers.
 * Enters: compressed bytes and bounds. Leaves: plain bytes, or which of four things went wrong: not compressed by any
 * of these, cut short, corrupt, or inflating past the bounds (size alone, or out of all proportion: a bomb).
 * Streams, so that a bomb is stopped at the bound and never held whole.
 */
import { createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import { formatSize } from '../base/units.ts'
import type { Inflater } from '../model/ports.ts'

/** Output to input; profiles reach 30, repetitive dumps 100, zeros in gzip 1,029. */
export const MAX_INFLATE_RATIO = 200
/** Below this much output the ratio is not judged: it can do no harm. */
export const RATIO_FREE_BYTES = 64 * 1024 * 1024

export type Compression = 'gzip' | 'zlib' | 'zstd'

/** What compressed it, by magic number; zlib also by its header checksum. */
export function detectCompression(head: Uint8Array): Compression | undefined {
  const [a = -1, b = -1, c = -1, d = -1] = head
  if (a === 0x1f && b === 0x8b && (c === 8 || head.length === 2)) return 'gzip'
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zstd'
  if ((a & 0x0f) === 8 && a >> 4 <= 7 && (a * 256 + b) % 31 === 0 && (b & 0x20) === 0) return 'zlib'
  return undefined
}

export function openInflater(): Inflater {
  return { inflate: inflateBounded }
}

/** The whole of `bytes` inflated, in one array. Faults: SL_DECODE_BAD_GZIP, _TRUNCATED_GZIP, _BOMB, _TOO_LARGE. */
export async function inflateBounded(
  bytes: Uint8Array,
  limits: { readonly maxBytes: number },
): Promise<Result<Uint8Array>> {
  const kind = detectCompression(bytes)
  if (kind === undefined) {
    return err(fault('SL_DECODE_BAD_GZIP', { message: 'The input is not compressed by gzip, zlib or zstd' }))
  }
  const stream = openStream(kind)
  const chunks: Uint8Array[] = []
  let size = 0
  return new Promise((resolve) => {
    function finish(result: Result<Uint8Array>): void {
      stream.destroy()
      resolve(result)
    }
    stream.on('data', (chunk: Uint8Array) => {
      size += chunk.length
      if (size > limits.maxBytes || (size > RATIO_FREE_BYTES && size > bytes.length * MAX_INFLATE_RATIO)) {
        // Not all of the input may have been read yet: the ratio is that of what has.
        return finish(err(tooMuch(Math.min(stream.bytesWritten, bytes.length), size, limits.maxBytes)))
      }
      chunks.push(chunk)
    })
    stream.on('error', (error: NodeJS.ErrnoException) => finish(err(damaged(kind, error, size))))
    stream.on('end', () => finish(ok(joinChunks(chunks, size))))
    stream.end(bytes)
  })
}

function openStream(kind: Compression) {
  const chunkSize = 256 * 1024
  if (kind === 'gzip') return createGunzip({ chunkSize })
  return kind === 'zlib' ? createInflate({ chunkSize }) : createZstdDecompress({ chunkSize })
}

function tooMuch(from: number, to: number, maxBytes: number) {
  const detail = { compressedBytes: from, inflatedBytes: to, limitBytes: maxBytes }
  if (to > from * MAX_INFLATE_RATIO) {
    const message = `${formatSize(from)} inflate to more than ${formatSize(to)}: stopped`
    return fault('SL_DECODE_BOMB', { message, detail })
  }
  return fault('SL_DECODE_TOO_LARGE', { message: `The input inflates to more than ${formatSize(maxBytes)}`, detail })
}

/** zlib says Z_BUF_ERROR and zstd an unexpected end where input is missing; all else is corruption. */
function damaged(kind: Compression, error: NodeJS.ErrnoException, size: number) {
  const isCut = error.code === 'Z_BUF_ERROR' || /unexpected end|incomplete/i.test(error.message)
  const message = isCut
    ? `The ${kind} data ends before its own end, after ${formatSize(size)} of output`
    : `The ${kind} data is corrupt: ${error.message}`
  return fault(isCut ? 'SL_DECODE_TRUNCATED_GZIP' : 'SL_DECODE_BAD_GZIP', {
    message,
    detail: { compression: kind, inflatedBytes: size },
  })
}

function joinChunks(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const only = chunks[0]
  if (chunks.length === 1 && only !== undefined) return only
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}
