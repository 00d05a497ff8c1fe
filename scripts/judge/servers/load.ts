/**
 * A small bounded load on one server: a few requests at a time over kept-alive connections, open streams, raw
 * sockets, until it is told to stop. Enters: addresses. Leaves: how many requests were answered and how many failed.
 */
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export type Load = {
  readonly gets?: readonly string[]
  /** Address and body. */
  readonly posts?: readonly (readonly [string, string])[]
  /** Requests whose answer stays open: address and body ('' is a GET). */
  readonly streams?: readonly (readonly [string, string])[]
  /** Port, what is sent first, what is sent again and again. */
  readonly sockets?: readonly (readonly [number, string, string])[]
}

export type LoadCount = { readonly answered: number; readonly failed: number }

const clients = 4
const pauseMs = 20
const maxRequests = 5_000

/** Runs until `signal` is aborted or the bound on requests is reached. */
export async function applyLoad(load: Load, signal: AbortSignal): Promise<LoadCount> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const open: Socket[] = []
  const streams = (load.streams ?? []).map(([address, body]) => openStream(address, body, signal))
  for (const [port, first, again] of load.sockets ?? []) {
    for (let nth = 0; nth < clients; nth++) open.push(openSocket(port, first, again, signal))
  }
  const steps: (readonly [string, string | undefined])[] = [
    ...(load.posts ?? []),
    ...(load.gets ?? []).map((address) => [address, undefined] as const),
  ]
  let answered = 0
  let failed = 0
  const drive = async (first: number): Promise<void> => {
    for (let nth = first; !signal.aborted && nth < maxRequests; nth += clients) {
      const step = steps[nth % steps.length]
      if (step === undefined) return
      if (await ask(step[0], step[1], agent)) answered += 1
      else failed += 1
      await wait(pauseMs)
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, nth) => drive(nth)))
  for (const socket of open) socket.destroy()
  for (const stream of streams) stream.destroy()
  agent.destroy()
  return { answered, failed }
}

function ask(address: string, body: string | undefined, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const method = body === undefined ? 'GET' : 'POST'
    const outgoing = request(address, { method, agent, timeout: 5_000 }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve((answer.statusCode ?? 500) < 500))
      answer.on('error', () => resolve(false))
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')))
    outgoing.on('error', () => resolve(false))
    outgoing.end(body)
  })
}

function openStream(address: string, body: string, signal: AbortSignal): { destroy: () => void } {
  const outgoing = request(address, { method: body === '' ? 'GET' : 'POST' }, (answer) => {
    answer.resume()
    answer.on('error', () => {})
  })
  outgoing.on('error', () => {})
  outgoing.end(body)
  signal.addEventListener('abort', () => outgoing.destroy())
  return outgoing
}

function openSocket(port: number, first: string, again: string, signal: AbortSignal): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(first))
  const timer = setInterval(() => socket.write(again), 200)
  socket.on('data', () => {})
  socket.on('error', () => {})
  socket.on('close', () => clearInterval(timer))
  signal.addEventListener('abort', () => socket.destroy())
  return socket
}
