/**
 * The side of the thread: takes errands from the pool and gives them to the handler of that name.
 * Enters: a table of handlers. Called once by the entry file of the threads; does nothing in the main thread.
 */
import { parentPort } from 'node:worker_threads'
import type { WorkerHandler, WorkerJobs } from '../../model/ports.ts'
import type { FromWorker, ToWorker } from './messages.ts'

export function serveJobs<Jobs extends WorkerJobs>(
  handlers: {
    readonly [Name in keyof Jobs]: WorkerHandler<Jobs[Name]>
  },
): void {
  const port = parentPort
  if (port === null) return
  const running = new Map<number, AbortController>()
  const send = (message: FromWorker, transfer: readonly ArrayBuffer[] = []): void => {
    port.postMessage(message, [...transfer])
  }
  const run = async (id: number, job: string, input: unknown): Promise<void> => {
    const controller = new AbortController()
    running.set(id, controller)
    try {
      const handler = handlers[job]
      if (handler === undefined) throw new Error(`no job is called ${job}`)
      const done = await handler(input, {
        signal: controller.signal,
        tell: (news) => send({ kind: 'news', id, news }),
      })
      if (!done.ok) send({ kind: 'done', id, result: done })
      else send({ kind: 'done', id, result: { ok: true, value: done.value.output } }, done.value.transfer)
    } catch (error) {
      send({ kind: 'threw', id, text: error instanceof Error ? error.message : String(error) })
    } finally {
      running.delete(id)
    }
  }
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'abort') running.get(message.id)?.abort()
    else void run(message.id, message.job, message.input)
  })
}
