/**
 * An execution trace in a file, read at any place: an index of it, and the bytes of a range piece by piece.
 * Reads that fail or come short (the file shrank, the disk is ill) end the input there; `failure` says why.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { type Fault, fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { TracePlace } from '../model/ports.ts'

const PIECE_BYTES = 1 << 20

export type TraceFile = {
  readonly sizeBytes: number
  /** At most `length` bytes from `offset` on, fewer where the file ends. */
  readonly read: (offset: number, length: number) => Uint8Array
  /** The bytes [from, to), in order; a piece holds until the next is asked for. Lets other work go on in between. */
  readonly pieces: (from: number, to: number) => AsyncIterable<Uint8Array>
  readonly failure: () => Fault | undefined
  readonly close: () => void
}

export function openTraceFile({ path, sizeBytes }: TracePlace): Result<TraceFile> {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (error) {
    return err(unread(path, error))
  }
  let failure: Fault | undefined
  /** Bytes that are in the buffer now. */
  const fill = (buffer: Uint8Array, offset: number, length: number): number => {
    let done = 0
    try {
      while (done < length) {
        const count = readSync(descriptor, buffer, done, length - done, offset + done)
        if (count === 0) break
        done += count
      }
    } catch (error) {
      failure ??= unread(path, error)
    }
    return done
  }
  async function* pieces(from: number, to: number): AsyncGenerator<Uint8Array, void> {
    const buffer = new Uint8Array(Math.min(PIECE_BYTES, Math.max(0, to - from)))
    for (let at = from; at < to; ) {
      const wanted = Math.min(buffer.length, to - at)
      const count = fill(buffer, at, wanted)
      if (count > 0) yield buffer.subarray(0, count)
      if (count < wanted) {
        failure ??= unread(path, new Error('the file became shorter'))
        return
      }
      at += count
      // A turn of the event loop: news that reading is to end come through it.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return ok({
    sizeBytes,
    read: (offset, length) => {
      const wanted = Math.max(0, Math.min(length, sizeBytes - offset))
      const buffer = new Uint8Array(wanted)
      return buffer.subarray(0, fill(buffer, offset, wanted))
    },
    pieces,
    failure: () => failure,
    close: () => closeSync(descriptor),
  })
}

function unread(target: string, error: unknown): Fault {
  const cause = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  return fault('SL_COLLECT_NO_INPUT', { target, detail: { cause } })
}
