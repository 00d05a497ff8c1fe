/** Writes traces of format v1 by hand: the wire of runtime/trace.go up to Go 1.21. */

export type V1Writer = {
  /** What follows is of this processor (-1 = none), from this time on. */
  batch(processor: number, ticks: number): void
  /** Arguments after the time delta, the stack last. */
  event(kind: number, delta: number, ...args: readonly number[]): void
  string(id: number, text: string): void
  stack(
    id: number,
    ...frames: readonly (readonly [pc: number, functionId: number, fileId: number, line: number])[]
  ): void
  log(delta: number, task: number, key: number, stack: number, text: string): void
  sample(ticks: number, processor: number, goroutine: number, stack: number): void
  /** With how many ticks make a second, as the runtime writes at the end; 0 = left out. */
  finish(ticksPerSecond?: number): Uint8Array
}

export function openV1Writer(format = 21): V1Writer {
  const out: number[] = [...`go 1.${format} trace\0\0\0`].map((letter) => letter.charCodeAt(0))
  const encoder = new TextEncoder()
  const number = (value: number, into: number[]): void => {
    let left = BigInt.asUintN(64, BigInt(value))
    for (; left > 127n; left >>= 7n) into.push(Number(left & 127n) | 128)
    into.push(Number(left))
  }
  const prefixed = (kind: number, values: readonly number[]): void => {
    const payload: number[] = []
    for (const value of values) number(value, payload)
    out.push(kind | 0xc0)
    number(payload.length, out)
    out.push(...payload)
  }
  const text = (value: string): void => {
    const bytes = encoder.encode(value)
    number(bytes.length, out)
    out.push(...bytes)
  }
  return {
    batch(processor, ticks) {
      out.push(1 | 0x40)
      number(processor, out)
      number(ticks, out)
    },
    event(kind, delta, ...args) {
      const values = [delta, ...args]
      if (values.length > 3) return prefixed(kind, values)
      out.push(kind | ((values.length - 1) << 6))
      for (const value of values) number(value, out)
    },
    string(id, value) {
      out.push(37)
      number(id, out)
      text(value)
    },
    stack: (id, ...frames) => prefixed(3, [id, frames.length, ...frames.flat()]),
    log(delta, task, key, stack, value) {
      prefixed(48, [delta, task, key, stack])
      text(value)
    },
    sample: (ticks, processor, goroutine, stack) => prefixed(49, [1, ticks, processor, goroutine, stack]),
    finish(ticksPerSecond = 1_000_000_000) {
      if (ticksPerSecond !== 0) {
        out.push(1 | 0x40, 0, 0, 2)
        number(ticksPerSecond, out)
      }
      return Uint8Array.from(out)
    },
  }
}
