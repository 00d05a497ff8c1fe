/**
 * Asks one target over HTTP: TCP, TLS or a unix socket; bounded in time and bytes; what came before a failure is kept.
 * Enters: a TargetAddress, credentials, a path with limits. Leaves: an Answer, or a Fault with its own code.
 * Redirects are followed on the same origin only, so that credentials never leave it; bodies are asked for unencoded.
 * When a request is given up its connection is closed, which ends CPU profile and trace on the server at once
 * (net/http/pprof sleeps on the request's context).
 */
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { createSecureContext } from 'node:tls'
import { type Fault, fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import { explainSocketError, explainStatus } from './fetch-faults.ts'
import type { TargetAddress } from './target.ts'

export type FetcherOptions = {
  /** Sent with every request; never shown. */
  readonly headers?: Readonly<Record<string, string>>
  readonly bearer?: string
  readonly basic?: { readonly user: string; readonly password: string }
  readonly tls?: TlsOptions
  /** Sockets at a time; above it requests wait. */
  readonly maxSockets?: number
}

/** PEM texts, not paths. */
export type TlsOptions = {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly serverName?: string
  readonly insecure?: boolean
}

export type FetchLimits = {
  readonly connectMs: number
  /** Until the status line; from the request on. Must hold the window that the request itself asks for. */
  readonly firstByteMs: number
  /** Between two pieces of the body. */
  readonly idleMs: number
  readonly wholeMs: number
  readonly maxBytes: number
  readonly signal?: AbortSignal
}

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly bytes: Uint8Array
  /** Why `bytes` is not the whole body; absent when it is. */
  readonly cut?: Fault
  /** The Date header, with the collector's clock around it: unix ms. */
  readonly date?: { readonly serverMs: number; readonly sentMs: number; readonly receivedMs: number }
}

export type Fetcher = {
  readonly target: TargetAddress
  /** `path` from the root, with its query. A status other than 2xx is an error; a cut body is an answer with `cut`. */
  fetchPath(path: string, limits: FetchLimits): Promise<Result<Answer>>
  close(): void
}

const MAX_REDIRECTS = 5
/** setTimeout fires at once above it. */
const MAX_TIMER_MS = 2 ** 31 - 1
/** Of an error page only this much is read. */
const MAX_ERROR_BYTES = 4096
const USER_AGENT = 'sightline'

/** Codes: SL_COLLECT_CREDENTIALS when PEM texts do not fit together; nothing is sent yet. */
export function openFetcher(target: TargetAddress, options: FetcherOptions = {}): Result<Fetcher> {
  const tls = options.tls ?? {}
  const checked = checkTls(tls)
  if (checked !== undefined) return err(checked)
  const pool = { keepAlive: true, maxSockets: options.maxSockets ?? 8, scheduling: 'fifo' as const }
  const secure = target.transport.kind === 'tcp' && target.transport.secure
  const agent = secure
    ? new HttpsAgent({
        ...pool,
        rejectUnauthorized: tls.insecure !== true,
        ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        ...(tls.cert === undefined ? {} : { cert: tls.cert }),
        ...(tls.key === undefined ? {} : { key: tls.key }),
        ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
      })
    : new HttpAgent(pool)
  const headers = makeHeaders(target, options)
  return ok({
    target,
    fetchPath: (path, limits) => followRedirects({ target, agent, headers }, path, limits),
    close: () => agent.destroy(),
  })
}

type Wire = {
  readonly target: TargetAddress
  readonly agent: HttpAgent | HttpsAgent
  readonly headers: Readonly<Record<string, string>>
}

async function followRedirects(wire: Wire, path: string, limits: FetchLimits): Promise<Result<Answer>> {
  let at = path
  const endMs = Date.now() + limits.wholeMs
  /** Of the whole, not of each hop. */
  const rest = (): FetchLimits => ({ ...limits, wholeMs: Math.max(1, endMs - Date.now()) })
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    let answer = await fetchOnce(wire, at, hops === 0 ? limits : rest())
    if (!answer.ok && answer.error.stale === true) answer = await fetchOnce(wire, at, rest())
    if (answer.ok || answer.error.fault.code !== 'SL_COLLECT_REDIRECT') {
      return answer.ok ? answer : err(answer.error.fault)
    }
    const next = readSameOrigin(wire.target, at, answer.error.location)
    if (next === undefined) return err(answer.error.fault)
    at = next
  }
  return err(fault('SL_COLLECT_REDIRECT', { message: 'The target redirects in a circle', target: wire.target.display }))
}

/** `stale`: the server had closed an idle connection that was used again; asking once more is safe for a GET. */
type Failed = { readonly fault: Fault; readonly location?: string | undefined; readonly stale?: boolean }

function fetchOnce(wire: Wire, path: string, limits: FetchLimits): Promise<Result<Answer, Failed>> {
  const { target, agent } = wire
  const transport = target.transport
  const where =
    transport.kind === 'unix' ? { socketPath: transport.socketPath } : { host: transport.host, port: transport.port }
  const send = transport.kind === 'tcp' && transport.secure ? requestHttps : requestHttp
  const fullPath = target.query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${target.query}`

  return new Promise((resolve) => {
    const sentMs = Date.now()
    const body: Body = { chunks: [], size: 0, openSize: 0 }
    let response: IncomingMessage | undefined
    let settled = false
    const timers = new Set<NodeJS.Timeout>()

    const settle = (result: Result<Answer, Failed>): void => {
      if (settled) return
      settled = true
      for (const timer of timers) clearTimeout(timer)
      limits.signal?.removeEventListener('abort', onAbort)
      resolve(result)
    }
    /** Gives up: the connection is closed, and what came of a good answer is kept with the reason. */
    const giveUp = (why: Fault): void => {
      const kept = response !== undefined && isSuccess(response) && body.size > 0
      settle(kept ? ok(makeAnswer(response as IncomingMessage, body, sentMs, why)) : err({ fault: why }))
      clientRequest.destroy()
    }
    const startTimer = (ms: number, why: () => Fault): NodeJS.Timeout => {
      const timer = setTimeout(() => giveUp(why()), Math.min(ms, MAX_TIMER_MS))
      timers.add(timer)
      return timer
    }
    const timeout = (phase: string, ms: number) => () =>
      fault('SL_COLLECT_TIMEOUT', { target: target.display, detail: { phase, afterMs: ms } })
    const onAbort = (): void => giveUp(fault('SL_COLLECT_INTERRUPTED', { target: target.display }))

    const clientRequest = send({
      ...where,
      path: fullPath,
      method: 'GET',
      agent,
      headers: wire.headers,
      setHost: transport.kind === 'tcp',
    })
    startTimer(limits.wholeMs, timeout('whole answer', limits.wholeMs))
    const firstByte = startTimer(limits.firstByteMs, timeout('first byte', limits.firstByteMs))
    clientRequest.once('socket', (socket) => {
      if (!socket.connecting) return
      const connect = startTimer(limits.connectMs, timeout('connect', limits.connectMs))
      socket.once(transport.kind === 'tcp' && transport.secure ? 'secureConnect' : 'connect', () =>
        clearTimeout(connect),
      )
    })
    clientRequest.on('error', (error) => {
      const why = explainSocketError(error, target.display, response !== undefined && body.size > 0)
      if (clientRequest.reusedSocket && response === undefined && why.code === 'SL_COLLECT_RESET') {
        settle(err({ fault: why, stale: true }))
      }
      giveUp(why)
    })
    clientRequest.on('response', (incoming) => {
      response = incoming
      clearTimeout(firstByte)
      const stalled = (): Fault =>
        fault('SL_COLLECT_STALLED', { target: target.display, detail: { afterMs: limits.idleMs, gotBytes: body.size } })
      const idle = startTimer(limits.idleMs, stalled)
      const isGood = isSuccess(incoming)
      const maxBytes = isGood ? limits.maxBytes : MAX_ERROR_BYTES
      incoming.on('data', (chunk: Uint8Array) => {
        idle.refresh()
        const room = maxBytes - body.size
        appendPiece(body, chunk.length > room ? chunk.subarray(0, room) : chunk)
        if (chunk.length <= room) return
        if (!isGood) finish()
        else giveUp(fault('SL_COLLECT_TOO_LARGE', { target: target.display, detail: { maxBytes } }))
      })
      const finish = (): void => {
        const why = explainStatus(incoming.statusCode ?? 0, startOf(body), target.display)
        if (why === undefined) settle(ok(makeAnswer(incoming, body, sentMs)))
        else settle(err({ fault: why, location: incoming.headers.location }))
        if (!incoming.complete) clientRequest.destroy()
      }
      incoming.on('end', () => {
        if (incoming.complete || !isGood) finish()
        else giveUp(fault('SL_COLLECT_CUT', { target: target.display, detail: { gotBytes: body.size } }))
      })
      incoming.on('error', (error) => {
        const why = explainSocketError(error, target.display, true)
        giveUp(why.code === 'SL_COLLECT_RESET' ? fault('SL_COLLECT_CUT', { target: target.display }) : why)
      })
      incoming.on('close', () => giveUp(fault('SL_COLLECT_CUT', { target: target.display })))
    })
    limits.signal?.addEventListener('abort', onAbort, { once: true })
    if (limits.signal?.aborted === true) onAbort()
    clientRequest.end()
  })
}

/** `open` is the last of `chunks`, with its first `openSize` bytes written. */
type Body = { readonly chunks: Uint8Array[]; size: number; open?: Uint8Array; openSize: number }

const BLOCK_BYTES = 64 * 1024

/** Small pieces are copied together: a body that is sent byte by byte would else take a hundred times its size. */
function appendPiece(body: Body, piece: Uint8Array): void {
  body.size += piece.length
  if (body.open === undefined || piece.length > BLOCK_BYTES - body.openSize) {
    closeBlock(body)
    if (piece.length >= BLOCK_BYTES / 4) {
      body.chunks.push(piece)
      return
    }
    body.open = new Uint8Array(BLOCK_BYTES)
    body.chunks.push(body.open)
  }
  body.open.set(piece, body.openSize)
  body.openSize += piece.length
}

/** A copy of what is written, so that blocks that stay nearly empty hold no memory. */
function closeBlock(body: Body): void {
  if (body.open !== undefined) body.chunks[body.chunks.length - 1] = body.open.slice(0, body.openSize)
  delete body.open
  body.openSize = 0
}

function joinBody(body: Body): Buffer {
  closeBlock(body)
  return Buffer.concat(body.chunks, body.size)
}

function isSuccess(incoming: IncomingMessage): boolean {
  const status = incoming.statusCode ?? 0
  return status >= 200 && status < 300
}

function makeAnswer(incoming: IncomingMessage, body: Body, sentMs: number, cut?: Fault): Answer {
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(incoming.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const serverMs = Date.parse(incoming.headers.date ?? '')
  return {
    status: incoming.statusCode ?? 0,
    headers,
    bytes: joinBody(body),
    ...(cut === undefined ? {} : { cut }),
    ...(Number.isNaN(serverMs) ? {} : { date: { serverMs, sentMs, receivedMs: Date.now() } }),
  }
}

function startOf(body: Body): string {
  return joinBody(body).subarray(0, MAX_ERROR_BYTES).toString('utf8')
}

/** The path of a redirect that stays on the origin; undefined for every other place. */
function readSameOrigin(target: TargetAddress, from: string, location: string | undefined): string | undefined {
  if (location === undefined) return undefined
  const transport = target.transport
  const origin =
    transport.kind === 'unix'
      ? 'http://localhost'
      : `${transport.secure ? 'https' : 'http'}://${transport.host.includes(':') ? `[${transport.host}]` : transport.host}:${transport.port}`
  const here = new URL(from, origin)
  if (!URL.canParse(location, here)) return undefined
  const next = new URL(location, here)
  return next.origin === here.origin ? `${next.pathname}${next.search}` : undefined
}

function makeHeaders(target: TargetAddress, options: FetcherOptions): Readonly<Record<string, string>> {
  const basic = options.basic ?? target.basic
  const authorization =
    options.bearer !== undefined
      ? `Bearer ${options.bearer}`
      : basic !== undefined
        ? `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}`
        : undefined
  return {
    'user-agent': USER_AGENT,
    'accept-encoding': 'identity',
    ...(target.transport.kind === 'unix' ? { host: 'localhost' } : {}),
    ...(authorization === undefined ? {} : { authorization }),
    ...options.headers,
  }
}

function checkTls(tls: TlsOptions): Fault | undefined {
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    return fault('SL_COLLECT_CREDENTIALS', { message: 'A client certificate needs its key, and a key its certificate' })
  }
  try {
    createSecureContext({ ca: tls.ca, cert: tls.cert, key: tls.key })
    return undefined
  } catch (error) {
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable PEM'
    return fault('SL_COLLECT_CREDENTIALS', { detail: { cause } })
  }
}
