/**
 * Writes that wait: output of any length whose reader may be slow, from code that cannot wait for a stream. Node's pipes
 * queue what is not taken, and a trace's events are many times the memory there is; here the program stands still instead.
 */
import { writeSync } from 'node:fs'
import type { OutStream } from './streams.ts'

/** `gone`: the reader went away, which is no failure (`| head`). */
export type WriteOutcome = 'written' | 'gone' | 'failed'

/** A pipe holds 64 KiB: waits begin short, for a reader that is at work, and grow for one that is not. */
const LEAST_WAIT_MS = 0.05
const MOST_WAIT_MS = 10
const pause = new Int32Array(new SharedArrayBuffer(4))

/** All of the text, before it returns; streams without a file behind them get it as always. */
export function writeNow(stream: OutStream, text: string): WriteOutcome {
  if (stream.fd === undefined) {
    stream.write(text)
    return 'written'
  }
  return writeBytesNow(stream.fd, Buffer.from(text))
}

/** The same for bytes, to an open file. */
export function writeBytesNow(fd: number, bytes: Uint8Array): WriteOutcome {
  let at = 0
  let waitMs = LEAST_WAIT_MS
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at)
      waitMs = LEAST_WAIT_MS
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EPIPE') return 'gone'
      if (code !== 'EAGAIN') return 'failed'
      Atomics.wait(pause, 0, 0, waitMs)
      waitMs = Math.min(waitMs * 2, MOST_WAIT_MS)
    }
  }
  return 'written'
}
