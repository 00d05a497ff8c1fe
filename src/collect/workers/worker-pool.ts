/**
 * The worker pool on Node's worker_threads: jobs by name go to threads, results come back in the order of the inputs.
 * Enters: the entry file that mounts the jobs (it calls serve-jobs.ts) and how many threads there may be. Threads are
 * started when there is work for them and kept until `close`. Nothing waits for ever: a thread that ends, throws or
 * cannot be understood is a fault of the input at hand, and one that does not heed an abort is ended.
 */
import type { Worker } from 'node:worker_threads'
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { AbortNotice, WorkerJobs, WorkerPool, WorkerRunOptions } from '../../model/ports.ts'
import { startThread, takeEarlyThread } from './early-thread.ts'
import type { FromWorker, ToWorker } from './messages.ts'

export type WorkerPoolOptions = {
  /** Of the module that the threads run. */
  readonly entry: URL
  readonly size: number
  /** Given to a thread after an abort, to hand over what it has. */
  readonly graceMs?: number
}

const DEFAULT_GRACE_MS = 2_000

/** One input on its way, and what to tell about it. */
type Errand = {
  readonly message: ToWorker
  readonly transfer: readonly ArrayBuffer[]
  readonly onNews: (news: unknown) => void
  readonly resolve: (result: Result<unknown>) => void
}

export function openWorkerPool<Jobs extends WorkerJobs>(options: WorkerPoolOptions): WorkerPool<Jobs> {
  const pool = new ThreadPool(options)
  return {
    size: pool.size,
    async run(job, inputs, { signal, onNews, transfer }: WorkerRunOptions<Jobs[typeof job]> = {}) {
      const results = inputs.map((input, index) =>
        pool.send(job, input, {
          transfer: transfer?.(input) ?? [],
          onNews: (news) => onNews?.(index, news),
          ...(signal === undefined ? {} : { signal }),
        }),
      )
      // The types of a job are those of its name: both sides are compiled against the same table.
      return (await Promise.all(results)) as Result<Jobs[typeof job]['output']>[]
    },
    close: () => pool.close(),
  }
}

type SendOptions = {
  readonly transfer: readonly ArrayBuffer[]
  readonly onNews: (news: unknown) => void
  readonly signal?: AbortNotice
}

class ThreadPool {
  readonly size: number
  private readonly entry: URL
  private readonly graceMs: number
  private readonly waiting: Errand[] = []
  private readonly idle: Thread[] = []
  private readonly threads = new Set<Thread>()
  private isClosed = false
  private nextId = 1

  constructor({ entry, size, graceMs }: WorkerPoolOptions) {
    this.entry = entry
    this.size = Math.max(1, Math.floor(size))
    this.graceMs = graceMs ?? DEFAULT_GRACE_MS
  }

  send(job: string, input: unknown, { transfer, onNews, signal }: SendOptions): Promise<Result<unknown>> {
    if (this.isClosed) return Promise.resolve(err(lost('the pool is closed')))
    if (signal?.aborted === true) return Promise.resolve(err(interrupted()))
    const id = this.nextId
    this.nextId += 1
    return new Promise((resolve) => {
      const abort = (): void => this.abort(errand)
      const errand: Errand = {
        message: { kind: 'run', id, job, input },
        transfer,
        onNews,
        resolve: (result) => {
          signal?.removeEventListener('abort', abort)
          resolve(result)
        },
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.waiting.push(errand)
      this.dispatch()
    })
  }

  async close(): Promise<void> {
    this.isClosed = true
    for (const errand of this.waiting.splice(0)) errand.resolve(err(lost('the pool is closed')))
    await Promise.all([...this.threads].map((thread) => thread.end(lost('the pool is closed'))))
  }

  private dispatch(): void {
    while (this.waiting.length > 0) {
      const thread = this.idle.pop() ?? this.start()
      if (thread === undefined) return
      thread.run(this.waiting.shift() as Errand)
    }
  }

  private start(): Thread | undefined {
    if (this.threads.size >= this.size) return undefined
    const thread = new Thread(this.entry, {
      onIdle: () => {
        this.idle.push(thread)
        this.dispatch()
      },
      onEnd: () => {
        this.threads.delete(thread)
        const place = this.idle.indexOf(thread)
        if (place !== -1) this.idle.splice(place, 1)
        if (!this.isClosed) this.dispatch()
      },
    })
    this.threads.add(thread)
    return thread
  }

  private abort(errand: Errand): void {
    const place = this.waiting.indexOf(errand)
    if (place !== -1) {
      this.waiting.splice(place, 1)
      errand.resolve(err(interrupted()))
      return
    }
    for (const thread of this.threads) thread.abort(errand, this.graceMs)
  }
}

type ThreadHooks = { readonly onIdle: () => void; readonly onEnd: () => void }

/** A thread and the one errand that it is on. */
class Thread {
  private readonly worker: Worker
  private readonly hooks: ThreadHooks
  private errand: Errand | undefined
  private timer: NodeJS.Timeout | undefined
  private isEnded = false

  constructor(entry: URL, hooks: ThreadHooks) {
    this.hooks = hooks
    this.worker = takeEarlyThread(entry) ?? startThread(entry)
    this.worker.on('message', (message: FromWorker) => this.take(message))
    this.worker.on('messageerror', (error) => this.fail(error))
    this.worker.on('error', (error) => this.fail(error))
    this.worker.on('exit', (code) => this.fail(`it ended with ${code}`))
  }

  run(errand: Errand): void {
    this.errand = errand
    this.worker.ref()
    try {
      this.worker.postMessage(errand.message, [...errand.transfer])
    } catch (error) {
      // An input that cannot be cloned is the caller's mistake: the thread is as good as before.
      this.settle(err(lost(error)))
    }
  }

  abort(errand: Errand, graceMs: number): void {
    if (this.errand !== errand) return
    this.worker.postMessage({ kind: 'abort', id: errand.message.id } satisfies ToWorker)
    this.timer = setTimeout(() => void this.end(interrupted()), graceMs)
  }

  async end(why: Fault): Promise<void> {
    this.close(why)
    await this.worker.terminate()
  }

  private take(message: FromWorker): void {
    if (this.errand === undefined || message.id !== this.errand.message.id) return
    if (message.kind === 'news') this.errand.onNews(message.news)
    else if (message.kind === 'threw') this.fail(message.text)
    else this.settle(message.result.ok ? ok(message.result.value) : message.result)
  }

  private settle(result: Result<unknown>): void {
    const errand = this.errand
    this.errand = undefined
    clearTimeout(this.timer)
    this.worker.unref()
    errand?.resolve(result)
    if (!this.isEnded) this.hooks.onIdle()
  }

  /** After a throw nobody knows what state a thread is in: another one takes its place. */
  private fail(error: unknown): void {
    if (this.isEnded) return
    this.close(lost(error))
    void this.worker.terminate()
  }

  private close(why: Fault): void {
    if (this.isEnded) return
    this.isEnded = true
    const errand = this.errand
    this.errand = undefined
    clearTimeout(this.timer)
    this.hooks.onEnd()
    errand?.resolve(err(why))
  }
}

function lost(error: unknown): Fault {
  const said = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? { code: String(error.code) } : {}
  return fault('SL_COLLECT_WORKER_LOST', { message: `A worker thread was lost: ${said}`, detail: code })
}

function interrupted(): Fault {
  return fault('SL_COLLECT_INTERRUPTED', { message: 'The work was ended' })
}
