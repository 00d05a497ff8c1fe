/**
 * Writes that wait: output of any length whose reader may be slow, from code that cannot wait for a stream. Node's pipes
 * queue what is not taken, and a trace's events are many times the memory there is; here the program stands still instead.
 */
import { writeSync } from 'node:fs'
import type { OutStream } from './streams.ts'

/** `gone`: the reader went away, which is no failure (`| head`). */
export type WriteOutcome = 'written' | 'gone' | 'failed'

const RETRY_MS = 2
const pause = new Int32Array(new SharedArrayBuffer(4))

/** All of the text, before it returns; streams without a file behind them get it as always. */
export function writeNow(stream: OutStream, text: string): WriteOutcome {
  if (stream.fd === undefined) {
    stream.write(text)
    return 'written'
  }
  const bytes = Buffer.from(text)
  let at = 0
  while (at < bytes.length) {
    try {
      at += writeSync(stream.fd, bytes, at)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EPIPE') return 'gone'
      if (code !== 'EAGAIN') return 'failed'
      Atomics.wait(pause, 0, 0, RETRY_MS)
    }
  }
  return 'written'
}
