/** An entry file of threads for the test of the worker pool: jobs that work, tell, throw, die, and never end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { fault } from '../../base/errors.ts'
import { err, ok } from '../../base/result.ts'
import type { WorkerHandler } from '../../model/ports.ts'
import { serveJobs } from '../workers/serve-jobs.ts'

export type TestJobs = {
  readonly square: { readonly input: number; readonly output: { square: number; thread: number }; readonly news: never }
  readonly fill: { readonly input: Float64Array; readonly output: Float64Array; readonly news: never }
  readonly count: { readonly input: number; readonly output: string; readonly news: number }
  readonly refuse: { readonly input: string; readonly output: never; readonly news: never }
  readonly throw: { readonly input: string; readonly output: never; readonly news: never }
  readonly die: { readonly input: number; readonly output: never; readonly news: never }
  readonly spin: { readonly input: number; readonly output: never; readonly news: 'begun' }
  readonly patient: { readonly input: number; readonly output: 'heeded'; readonly news: 'begun' }
  readonly clumsy: { readonly input: number; readonly output: unknown; readonly news: never }
}

const handlers: { readonly [Name in keyof TestJobs]: WorkerHandler<TestJobs[Name]> } = {
  square: async (input) => {
    await sleep(20)
    return ok({ output: { square: input * input, thread: threadId } })
  },
  fill: async (input) => {
    input.fill(7)
    return ok({ output: input, transfer: [input.buffer as ArrayBuffer] })
  },
  count: async (input, { tell }) => {
    for (let at = 1; at <= input; at++) tell(at)
    return ok({ output: 'counted' })
  },
  refuse: async (input) => err(fault('SL_DECODE_EMPTY', { target: input })),
  throw: async (input) => {
    throw new Error(input)
  },
  die: async (input) => process.exit(input),
  spin: async (_input, { tell }) => {
    tell('begun')
    for (let at = 0; ; at++) if (at < 0) return err(fault('SL_DECODE_EMPTY'))
  },
  patient: async (_input, { signal, tell }) => {
    tell('begun')
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    return ok({ output: 'heeded' })
  },
  clumsy: async () => ok({ output: () => 'a function cannot be cloned' }),
}

serveJobs<TestJobs>(handlers)
