/**
 * Draws traces of format 26 in which all that the order of events depends on happens: a small scheduler plays goroutines,
 * processors and threads, and sometimes does what it may not. Numbers are odd on purpose: long ids, varints longer than
 * they need be, names that no table has, clocks of threads that are apart, times that are equal.
 * Enters: a seed. Leaves: bytes of a trace, the same for the same seed.
 */

/** Event ids: see gotrace/events.ts. */
const START = 16
const STATES = { runnable: 1, running: 2, syscall: 3, waiting: 4 } as const
const BATCH_BYTES = 3000
const IDS = [1n, 200n, 70_000n, 3_000_000n, 400_000_000n, 1n << 40n, 1n << 62n, 1n << 63n, (1n << 64n) - 9n]

type Goroutine = { readonly id: bigint; status: number; seq: bigint }
type Processor = { readonly id: bigint; status: number; seq: bigint }
type Thread = {
  readonly id: bigint
  readonly skew: number
  goroutine: Goroutine | undefined
  processor: Processor | undefined
  time: number
  bytes: number[]
  batches: { readonly time: number; readonly bytes: readonly number[] }[]
}

export type OrderDrawing = {
  readonly seed: number
  readonly events: number
  readonly generations: number
  /** Of a thousand events, how many are wrong. */
  readonly wrong: number
}

export function drawOrder({ seed, events, generations, wrong }: OrderDrawing): Uint8Array {
  let state = seed >>> 0
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * below)
  }
  const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T
  const pickGoroutine = (status: number): Goroutine | undefined =>
    pick(goroutines.filter((one) => one.status === status))
  const number = (value: bigint): number[] => writeNumber(value, random(12) === 0 ? random(3) : 0)
  const stack = (): bigint => (random(60) === 0 ? 999n : BigInt(random(4)))
  const name = (): bigint => (random(60) === 0 ? pick([998n, 1n << 63n, (1n << 64n) - 1n]) : BigInt(random(4)))
  const task = (): bigint => (random(8) === 0 ? pick(IDS) : BigInt(random(6)))

  const goroutines: Goroutine[] = []
  const processors: Processor[] = [0, 1, 2].map((id) => ({ id: BigInt(id), status: 1, seq: 0n }))
  const threads: Thread[] = [0, 1, 2, 3].map((at) => ({
    id: BigInt(100 + at),
    skew: random(3) === 0 ? random(300) : 0,
    goroutine: undefined,
    processor: processors[at],
    time: 0,
    bytes: [],
    batches: [],
  }))
  const [first] = threads as [Thread]
  let [now, made] = [1000, 0]
  const out: number[] = [...new TextEncoder().encode('go 1.26 trace\0\0\0')]

  const make = (status: number): Goroutine => {
    made += 1
    const one = { id: BigInt.asUintN(64, pick(IDS) + BigInt(made * 16)), status, seq: 0n }
    goroutines.push(one)
    return one
  }
  const flush = (thread: Thread): void => {
    if (thread.bytes.length > 0) thread.batches.push({ time: thread.time, bytes: thread.bytes })
    thread.bytes = []
  }
  const write = (thread: Thread, kind: number, ...args: bigint[]): void => {
    if (thread.bytes.length > BATCH_BYTES) flush(thread)
    if (thread.bytes.length === 0) {
      thread.time = now + thread.skew
      lastTime.set(thread, thread.time)
    }
    const delta = Math.max(0, now + thread.skew - (lastTime.get(thread) ?? 0))
    lastTime.set(thread, (lastTime.get(thread) ?? 0) + delta)
    thread.bytes.push(kind, ...number(BigInt(delta)), ...args.flatMap(number))
  }
  const lastTime = new Map<Thread, number>()
  const drop = (one: Goroutine): void => {
    goroutines.splice(goroutines.indexOf(one), 1)
  }

  const play = (thread: Thread): void => {
    const { goroutine, processor } = thread
    if (random(1000) < wrong) {
      misplay(thread)
      return
    }
    const waiting = pickGoroutine(STATES.waiting)
    if (waiting !== undefined && random(4) === 0) {
      waiting.status = STATES.runnable
      write(thread, 21, waiting.id, ++waiting.seq, stack())
    } else if (processor === undefined) {
      const free = processors.find(({ status }) => status === 2)
      if (goroutine?.status === STATES.syscall) {
        goroutine.status = STATES.runnable
        thread.goroutine = undefined
        write(thread, 24)
      } else if (free !== undefined) {
        free.status = 1
        thread.processor = free
        write(thread, 10, free.id, ++free.seq)
      }
    } else if (goroutine === undefined) {
      const next = pickGoroutine(STATES.runnable)
      if (next !== undefined && random(8) > 0) {
        next.status = STATES.running
        thread.goroutine = next
        write(thread, START, next.id, ++next.seq)
      } else if (random(3) === 0) {
        processor.status = 2
        thread.processor = undefined
        write(thread, 11)
      }
    } else if (goroutine.status === STATES.syscall) {
      const thief = threads.find((other) => other !== thread && other.processor !== undefined)
      if (thief !== undefined && random(4) === 0) {
        processor.status = 2
        thread.processor = undefined
        write(thief, 12, processor.id, ++processor.seq, thread.id)
      } else {
        goroutine.status = STATES.running
        write(thread, 23)
      }
    } else run(thread, goroutine, processor)
  }

  const run = (thread: Thread, goroutine: Goroutine, processor: Processor): void => {
    switch (random(14)) {
      case 0:
      case 1:
        write(thread, 14, make(STATES.runnable).id, stack(), stack())
        return
      case 2:
        thread.goroutine = undefined
        drop(goroutine)
        write(thread, 17)
        return
      case 3:
      case 4:
        goroutine.status = random(2) === 0 ? STATES.runnable : STATES.waiting
        thread.goroutine = undefined
        write(thread, goroutine.status === STATES.runnable ? 19 : 20, name(), stack())
        return
      case 5:
        goroutine.status = STATES.syscall
        write(thread, 22, ++processor.seq, stack())
        return
      case 6:
        write(thread, 40, task(), task(), name(), stack())
        return
      case 7:
        write(thread, 41, task(), stack())
        return
      case 8:
      case 9:
        write(thread, random(2) === 0 ? 42 : 43, task(), name(), stack())
        return
      case 10:
        write(thread, 44, task(), name(), name(), stack())
        return
      case 11: {
        const next = pickGoroutine(STATES.waiting)
        if (next === undefined) return
        next.status = STATES.running
        goroutine.status = STATES.waiting
        thread.goroutine = next
        write(thread, 45, next.id, ++next.seq)
        return
      }
      default:
        write(thread, 37, BigInt(random(1 << 30)))
    }
  }

  /** What the rules forbid, or what never gets its turn. */
  const misplay = (thread: Thread): void => {
    const id = random(2) === 0 ? pick(IDS) : pick([...goroutines.map((one) => one.id), 0n])
    const seq = BigInt(random(5))
    const kind = pick([14, 16, 17, 19, 20, 21, 22, 23, 24, 40, 41, 42, 43, 44, 45, 10, 12, 7, 200])
    const counts: Readonly<Record<number, number>> = {
      14: 3,
      17: 0,
      21: 3,
      23: 0,
      24: 0,
      40: 4,
      42: 3,
      43: 3,
      44: 4,
      12: 3,
    }
    write(thread, kind, ...[id, seq, stack(), stack()].slice(0, counts[kind] ?? 2))
    if (random(4) > 0) return
    // A batch that ends in the middle of a number.
    thread.bytes.push(START, 1, ...new Uint8Array(1 + random(11)).fill(255))
    flush(thread)
  }

  for (let generation = 1; generation <= generations; generation++) {
    for (const one of processors) one.seq = 0n
    for (const one of goroutines) one.seq = 0n
    for (const thread of threads) {
      if (thread.processor !== undefined) {
        const inCall = thread.goroutine?.status === STATES.syscall
        write(thread, 13, thread.processor.id, inCall ? 3n : 1n)
      }
      if (generation === 1 && thread.processor !== undefined) thread.goroutine = make(STATES.running)
      const { goroutine } = thread
      if (goroutine !== undefined) write(thread, 25, goroutine.id, thread.id, BigInt(goroutine.status))
    }
    for (const { id, status } of processors) {
      if (status === 2) write(first, 13, id, 2n)
    }
    for (const { id, status } of goroutines) {
      if (status === STATES.runnable || status === STATES.waiting) {
        write(first, 25, id, (1n << 64n) - 1n, BigInt(status))
      }
    }
    for (let at = 0; at < events; at++) {
      now += random(3) === 0 ? 0 : random(200)
      play(pick(threads))
    }
    for (const thread of threads) flush(thread)
    const batch = (thread: bigint, time: number, bytes: readonly number[]): void => {
      out.push(
        1,
        ...[BigInt(generation), thread, BigInt(time), BigInt(bytes.length)].flatMap((one) => writeNumber(one, 0)),
      )
      for (const byte of bytes) out.push(byte)
    }
    const nobody = (1n << 64n) - 1n
    batch(nobody, now, [50, 8, ...writeNumber(1_000_000_000n, 0), 51, 0, 1, 1, 1])
    batch(nobody, now, [4, ...[1, 2, 3].flatMap((id) => [5, id, 1, 96 + id])])
    batch(nobody, now, [2, ...[1, 2, 3].flatMap((id) => [3, id, 1, 16 * id, 1, 2, id])])
    for (const thread of threads) {
      for (const { time, bytes } of thread.batches) batch(thread.id, time, bytes)
      thread.batches = []
    }
    out.push(52)
    now += 1000
  }
  return Uint8Array.from(out)
}

/** LEB128; `longer` groups more than it takes, as long as ten bytes hold them. */
function writeNumber(value: bigint, longer: number): number[] {
  const groups: number[] = []
  for (let rest = value; rest > 0n || groups.length === 0; rest >>= 7n) groups.push(Number(rest & 127n))
  for (let more = 0; more < longer && groups.length < 10; more++) groups.push(0)
  return groups.map((group, at) => (at === groups.length - 1 ? group : group | 128))
}
