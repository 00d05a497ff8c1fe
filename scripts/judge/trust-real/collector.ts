/**
 * A collector for the real services: takes OTLP over HTTP as protobuf, and writes it down as it arrives. A file of
 * requests put one after another is one message again, since their fields are repeated.
 * `repeatFirst`: of the first requests with spans, each is kept and yet refused, as a collector does that fails after it
 * stored: the exporter sends it again. `delayMs`: how long what is behind it takes; a sender that gives up meanwhile has
 * sent nothing. `sampledHalves`: what comes to /a and to /b is sampled by two collectors that know nothing of each other.
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { keepSlowTraces } from './tail-sampler.ts'

export type Collector = {
  /** Below it /a and /b take the same. */
  readonly url: string
  readonly close: () => Promise<void>
}

export type CollectorOptions = {
  readonly repeatFirst?: number
  readonly delayMs?: number
  readonly sampledHalves?: boolean
}

export async function startCollector(
  files: { readonly spans: string; readonly logs: string },
  options: CollectorOptions = {},
): Promise<Collector> {
  for (const file of [files.spans, files.logs]) writeFileSync(file, '')
  let toRepeat = options.repeatFirst ?? 0
  const halves = { a: [] as Buffer[], b: [] as Buffer[] }
  const server = createServer(async (request, response) => {
    const [, half, signal] = /^\/([ab])\/v1\/(traces|logs)$/.exec(request.url ?? '') ?? []
    const file = signal === 'traces' ? files.spans : signal === 'logs' ? files.logs : undefined
    const body = await readBody(request).catch(() => undefined)
    if (file === undefined || body === undefined) {
      response.writeHead(file === undefined ? 404 : 400).end()
      return
    }
    if (options.delayMs !== undefined) await wait(options.delayMs)
    if (request.socket.destroyed) return
    if (options.sampledHalves === true && signal === 'traces') halves[half === 'a' ? 'a' : 'b'].push(body)
    else appendFileSync(file, body)
    const isRefused = file === files.spans && toRepeat-- > 0
    response.writeHead(isRefused ? 503 : 200, { 'content-type': 'application/x-protobuf' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          for (const requests of [halves.a, halves.b]) appendFileSync(files.spans, keepSlowTraces(requests))
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

/** The whole body; fails where the sender gave up on the way. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const body = Buffer.concat(pieces)
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
}
