/** Servers that misbehave on the wire: each failure its own code, and what came before it is kept. */
import assert from 'node:assert/strict'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer as createTcp, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Result } from '../base/result.ts'
import { type Answer, type FetchLimits, openFetcher } from './fetcher.ts'
import { parseTarget } from './target.ts'

const LIMITS: FetchLimits = { connectMs: 1000, firstByteMs: 400, idleMs: 400, wholeMs: 1500, maxBytes: 1000 }

async function serveHttp(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createHttp(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${portOf(server.address())}`
}

async function serveBytes(t: TestContext, answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcp((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => answer(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${portOf(server.address())}`
}

function portOf(address: ReturnType<ReturnType<typeof createTcp>['address']>): number {
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}

async function ask(url: string, limits: Partial<FetchLimits> = {}, path = '/debug/pprof/heap') {
  const target = parseTarget(url)
  assert.ok(target.ok)
  const fetcher = openFetcher(target.value)
  assert.ok(fetcher.ok)
  try {
    return await fetcher.value.fetchPath(path, { ...LIMITS, ...limits })
  } finally {
    fetcher.value.close()
  }
}

async function codeOf(url: string, limits: Partial<FetchLimits> = {}): Promise<string> {
  const answer = await ask(url, limits)
  return answer.ok ? (answer.value.cut?.code ?? 'answered') : answer.error.code
}

test('an answer comes with its status, headers, bytes and the server’s date', async (t) => {
  const url = await serveHttp(t, (_, response) => response.end('hello'))
  const answer = await ask(url)
  assert.ok(answer.ok)
  assert.equal(Buffer.from(answer.value.bytes).toString(), 'hello')
  assert.equal(answer.value.status, 200)
  assert.equal(answer.value.cut, undefined)
  assert.ok(Math.abs((answer.value.date?.serverMs ?? 0) - Date.now()) < 5000)
})

test('each status has its code', async (t) => {
  const url = await serveHttp(t, (request, response) => {
    response.statusCode = Number(/\d+$/.exec(request.url ?? '')?.[0])
    response.end('sorry')
  })
  const codes: Record<number, string> = {}
  for (const status of [400, 401, 403, 404, 405, 410, 429, 500, 502, 503]) {
    const answer = await ask(url, {}, `/${status}`)
    codes[status] = answer.ok ? 'answered' : answer.error.code.replace('SL_COLLECT_', '')
  }
  assert.deepEqual(codes, {
    400: 'REJECTED',
    401: 'UNAUTHORIZED',
    403: 'FORBIDDEN',
    404: 'NOT_FOUND',
    405: 'REJECTED',
    410: 'NOT_FOUND',
    429: 'THROTTLED',
    500: 'SERVER_ERROR',
    502: 'SERVER_ERROR',
    503: 'THROTTLED',
  })
})

test('a port where nothing listens is refused', async (t) => {
  const url = await serveHttp(t, () => undefined)
  const server = createTcp()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const port = portOf(server.address())
  await new Promise((resolve) => server.close(resolve))
  assert.equal(await codeOf(url.replace(/\d+$/, String(port))), 'SL_COLLECT_REFUSED')
})

test('a name that does not resolve is a DNS fault', async () => {
  assert.equal(
    await codeOf('http://no-such-host.invalid:6060', { connectMs: 10_000, firstByteMs: 10_000, wholeMs: 10_000 }),
    'SL_COLLECT_DNS',
  )
})

test('a server that takes the request and never answers runs into the timeout', async (t) => {
  const url = await serveHttp(t, () => undefined)
  const answer = await ask(url)
  assert.ok(!answer.ok)
  assert.equal(answer.error.code, 'SL_COLLECT_TIMEOUT')
  assert.equal(answer.error.detail?.phase, 'first byte')
})

test('a body that stops in the middle is stalled, and what came is kept', async (t) => {
  const url = await serveHttp(t, (_, response) => response.write('half'))
  const answer = await ask(url)
  assert.ok(answer.ok)
  assert.equal(answer.value.cut?.code, 'SL_COLLECT_STALLED')
  assert.equal(Buffer.from(answer.value.bytes).toString(), 'half')
})

test('a body that drips forever ends at the time for the whole answer', async (t) => {
  const url = await serveHttp(t, (_, response) => {
    const timer = setInterval(() => response.write('.'), 50)
    response.on('close', () => clearInterval(timer))
  })
  const answer = await ask(url)
  assert.ok(answer.ok)
  assert.equal(answer.value.cut?.code, 'SL_COLLECT_TIMEOUT')
  assert.ok(answer.value.bytes.length > 3)
})

test('an endless body ends at the limit of bytes, which are kept', async (t) => {
  const url = await serveHttp(t, (_, response) => {
    const timer = setInterval(() => response.write('x'.repeat(300)), 1)
    response.on('close', () => clearInterval(timer))
  })
  const answer = await ask(url)
  assert.ok(answer.ok)
  assert.equal(answer.value.cut?.code, 'SL_COLLECT_TOO_LARGE')
  assert.equal(answer.value.bytes.length, 1000)
})

test('a body shorter than its Content-Length is cut', async (t) => {
  const url = await serveBytes(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.'))
  const answer = await ask(url)
  assert.ok(answer.ok)
  assert.equal(answer.value.cut?.code, 'SL_COLLECT_CUT')
  assert.equal(answer.value.bytes.length, 10)
})

test('a body cut in the middle of its chunks is cut', async (t) => {
  const url = await serveBytes(t, (socket) =>
    socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nten bytes.\r\n5\r\nab'),
  )
  assert.equal(await codeOf(url), 'SL_COLLECT_CUT')
})

test('a connection closed without an answer is a reset', async (t) => {
  assert.equal(await codeOf(await serveBytes(t, (socket) => socket.destroy())), 'SL_COLLECT_RESET')
  assert.equal(await codeOf(await serveBytes(t, (socket) => socket.resetAndDestroy())), 'SL_COLLECT_RESET')
})

test('a reset in the middle of the body is a cut, and the bytes are kept', async (t) => {
  const url = await serveBytes(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.')
    setTimeout(() => socket.resetAndDestroy(), 50)
  })
  const answer = await ask(url)
  assert.ok(answer.ok)
  assert.equal(answer.value.cut?.code, 'SL_COLLECT_CUT')
  assert.equal(answer.value.bytes.length, 10)
})

test('a server of another protocol is not HTTP', async (t) => {
  const url = await serveBytes(t, (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'))
  assert.equal(await codeOf(url), 'SL_COLLECT_NOT_HTTP')
})

test('TLS asked of a plain HTTP server says so', async (t) => {
  const url = await serveHttp(t, (_, response) => response.end())
  assert.equal(await codeOf(url.replace('http:', 'https:')), 'SL_COLLECT_TLS_NOT_TLS')
})

test('a redirect on the same origin is followed, with the credentials', async (t) => {
  const seen: (string | undefined)[] = []
  const url = await serveHttp(t, (request, response) => {
    seen.push(request.headers.authorization)
    if (request.url === '/there/heap') response.end('here')
    else response.writeHead(302, { location: '/there/heap' }).end()
  })
  const target = parseTarget(url.replace('//', '//ann:secret@'))
  assert.ok(target.ok)
  const fetcher = openFetcher(target.value)
  assert.ok(fetcher.ok)
  const answer = await fetcher.value.fetchPath('/debug/pprof/heap', LIMITS)
  fetcher.value.close()
  assert.ok(answer.ok && Buffer.from(answer.value.bytes).toString() === 'here')
  assert.deepEqual(seen, Array(2).fill(`Basic ${Buffer.from('ann:secret').toString('base64')}`))
})

test('a redirect to another origin is not followed: nothing is asked there', async (t) => {
  let asked = 0
  const other = await serveHttp(t, (_, response) => {
    asked += 1
    response.end()
  })
  const url = await serveHttp(t, (_, response) => response.writeHead(302, { location: `${other}/heap` }).end())
  assert.equal(await codeOf(url), 'SL_COLLECT_REDIRECT')
  assert.equal(asked, 0)
})

test('redirects in a circle end', async (t) => {
  const url = await serveHttp(t, (request, response) => response.writeHead(307, { location: request.url ?? '/' }).end())
  assert.equal(await codeOf(url), 'SL_COLLECT_REDIRECT')
})

test('an abort ends the request at once and closes its connection', async (t) => {
  let closed = false
  const url = await serveHttp(t, (_, response) => response.on('close', () => (closed = true)))
  const ending = new AbortController()
  setTimeout(() => ending.abort(), 100)
  const startMs = Date.now()
  const answer = await ask(url, { signal: ending.signal, firstByteMs: 5000, wholeMs: 5000 })
  assert.ok(!answer.ok && answer.error.code === 'SL_COLLECT_INTERRUPTED')
  assert.ok(Date.now() - startMs < 1000)
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(closed)
})

test('a keep-alive connection that the server closed meanwhile is opened again', async (t) => {
  const url = await serveBytes(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok')
    socket.on('data', () => socket.destroy())
  })
  const target = parseTarget(url)
  assert.ok(target.ok)
  const fetcher = openFetcher(target.value)
  assert.ok(fetcher.ok)
  for (let round = 0; round < 3; round += 1) {
    const answer: Result<Answer> = await fetcher.value.fetchPath('/', LIMITS)
    assert.ok(answer.ok, `round ${round}`)
  }
  fetcher.value.close()
})

test('a busy tracer and a busy CPU profiler are told from other errors', async (t) => {
  const url = await serveHttp(t, (request, response) => {
    const words =
      request.url === '/trace'
        ? 'Could not enable tracing: tracing is already enabled\n'
        : 'Could not enable CPU profiling: cpu profiling already in use\n'
    response.writeHead(500, { 'x-go-pprof': '1' }).end(words)
  })
  const trace = await ask(url, {}, '/trace')
  assert.ok(!trace.ok && trace.error.code === 'SL_COLLECT_TRACE_BUSY')
  const profile = await ask(url, {}, '/profile')
  assert.ok(!profile.ok && profile.error.code === 'SL_COLLECT_PROFILE_BUSY')
})

test('a certificate without its key, and PEM that is none, are refused before anything is sent', () => {
  const target = parseTarget('https://127.0.0.1:1')
  assert.ok(target.ok)
  const half = openFetcher(target.value, { tls: { cert: 'x' } })
  assert.ok(!half.ok && half.error.code === 'SL_COLLECT_CREDENTIALS')
  const noise = openFetcher(target.value, { tls: { cert: 'noise', key: 'noise' } })
  assert.ok(!noise.ok && noise.error.code === 'SL_COLLECT_CREDENTIALS')
})

test('a unix socket that does not exist is missing, and says so', async () => {
  assert.equal(await codeOf('unix:///tmp/sightline-no-such.sock'), 'SL_COLLECT_SOCKET_MISSING')
})

test('pieces of every size make one body, in order', async (t) => {
  const sizes = [1, 1, 70_000, 3, 16_384, 16_383, 65_536, ...Array.from({ length: 2000 }, (_, at) => at % 97)]
  const pieces = sizes.map((size, at) => Buffer.alloc(size, at % 251))
  const url = await serveHttp(t, async (_, response) => {
    for (const piece of pieces) {
      if (piece.length > 0 && !response.write(piece)) await new Promise((resolve) => response.once('drain', resolve))
    }
    response.end()
  })
  const answer = await ask(url, { maxBytes: 1 << 20, wholeMs: 20_000, idleMs: 20_000 })
  assert.ok(answer.ok)
  assert.equal(answer.value.cut, undefined)
  assert.ok(Buffer.concat(pieces).equals(answer.value.bytes))
})
