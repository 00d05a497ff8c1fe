/** Targets that answer 200 with something else: what it is gets its own code, and the rest of the target is still asked. */
import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { encodePprof } from '../decode/pprof/encode.ts'
import type { Profile } from '../model/profile.ts'
import { captureTarget } from './capture-target.ts'
import { openInflater } from './inflate.ts'
import { SLOW_DUMP_MS } from './plan.ts'
import { parseTarget } from './target.ts'

const DEPS = {
  clock: { nowUnixNs: () => BigInt(Date.now()) * 1_000_000n, nowMonoNs: () => performance.now() * 1e6 },
  inflater: openInflater(),
  version: '0.0.0',
}

const PROFILE: Profile = {
  sampleTypes: [{ type: 'goroutine', unit: 'count' }],
  defaultSampleType: '',
  dropFrames: '',
  keepFrames: '',
  docUrl: '',
  comments: [],
  strings: [''],
  sampleCount: 1,
  values: BigInt64Array.of(7n),
  locationStart: Uint32Array.of(0, 0),
  sampleLocations: new Uint32Array(0),
  labelStart: Uint32Array.of(0, 0),
  labelKeys: new Uint32Array(0),
  labelStrings: new Uint32Array(0),
  labelNumbers: new BigInt64Array(0),
  labelUnits: new Uint32Array(0),
  labelIsNumber: new Uint8Array(0),
  locationCount: 0,
  locationAddresses: new BigUint64Array(0),
  locationMappings: new Uint32Array(0),
  locationFolded: new Uint8Array(0),
  lineStart: Uint32Array.of(0),
  lineFunctions: new Uint32Array(0),
  lineNumbers: new Float64Array(0),
  lineColumns: new Float64Array(0),
  functionCount: 0,
  functionNames: new Uint32Array(0),
  functionSystemNames: new Uint32Array(0),
  functionFiles: new Uint32Array(0),
  functionStartLines: new Float64Array(0),
  mappings: [],
}
const GOOD_PROFILE = gzipSync(encodePprof(PROFILE))
const GOOD_DUMP = 'goroutine 1 [running]:\nmain.main()\n\t/src/main.go:3 +0x1\n'

type Answers = Readonly<Record<string, (response: ServerResponse) => void>>

/** A pprof server of our own making: good answers but where `odd` says otherwise. */
async function serve(t: TestContext, odd: Answers): Promise<string> {
  const server = createServer((request, response) => {
    const [path = '', search = ''] = (request.url ?? '').split('?')
    const name = path.replace('/debug/pprof/', '')
    const special = odd[`${name}?${search}`] ?? odd[name] ?? odd['*']
    if (special !== undefined) return special(response)
    if (path === '/debug/vars' || path === '/metrics' || !path.startsWith('/debug/pprof/'))
      return response.writeHead(404).end()
    response.end(search.includes('debug=2') ? GOOD_DUMP : name === 'cmdline' ? 'till' : GOOD_PROFILE)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return `http://127.0.0.1:${address.port}`
}

async function capture(url: string, timeoutMs = 1000) {
  const target = parseTarget(url)
  assert.ok(target.ok)
  return captureTarget(DEPS, { target: target.value, plan: { mode: 'quick', limits: { timeoutMs } } })
}

async function requestOf(url: string, kind: string) {
  const result = await capture(url)
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.error))
  const request = result.value.capture.manifest.requests.find((one) => one.kind === kind)
  assert.ok(request !== undefined)
  return { request, capture: result.value.capture }
}

const BOMB = gzipSync(Buffer.alloc(100 * 1024 * 1024))
const HTML = '<!DOCTYPE html><html><body>Sign in</body></html>'

const ODD: readonly (readonly [string, (response: ServerResponse) => void, string])[] = [
  ['a web page by its content', (response) => response.end(HTML), 'SL_COLLECT_HTML'],
  [
    'a web page by its type',
    (response) => response.setHeader('content-type', 'text/html').end('<p>hi'),
    'SL_COLLECT_HTML',
  ],
  ['nothing', (response) => response.end(), 'SL_COLLECT_EMPTY'],
  ['binary noise', (response) => response.end(Buffer.from([0xff, 0xfe, 0, 1, 2, 3, 0xff])), 'SL_COLLECT_NOT_PPROF'],
  ['JSON of another kind', (response) => response.end('{"status":"UP"}'), 'SL_COLLECT_NOT_PPROF'],
  ['a gzip that ends early', (response) => response.end(GOOD_PROFILE.subarray(0, 40)), 'SL_DECODE_TRUNCATED_GZIP'],
  ['a gzip bomb', (response) => response.end(BOMB), 'SL_DECODE_BOMB'],
  ['an error of the server', (response) => response.writeHead(500).end('boom'), 'SL_COLLECT_SERVER_ERROR'],
  ['a page that is not there', (response) => response.writeHead(404).end(), 'SL_COLLECT_LENS_ABSENT'],
]

describe('a target that answers oddly', { concurrency: 6 }, () => {
  for (const [what, answer, code] of ODD) {
    test(`${what} instead of a heap profile is ${code}, and the other lenses are captured`, async (t) => {
      const { request, capture: kept } = await requestOf(await serve(t, { heap: answer }), 'heap-profile')
      assert.equal(request.status, 'failed')
      assert.equal(request.code, code)
      assert.ok(kept.files.every(({ name }) => name !== 'heap.pb.gz'))
      assert.ok(kept.files.some(({ name }) => name === 'cpu.pb.gz'))
    })
  }

  test('a target that dribbles is given up after its windows and three timeouts', async (t) => {
    const timers = new Set<NodeJS.Timeout>()
    t.after(() => {
      for (const timer of timers) clearInterval(timer)
    })
    const dribble = (response: ServerResponse) => {
      response.write('x')
      timers.add(setInterval(() => response.write('x'), 50))
    }
    const begunMs = Date.now()
    const result = await capture(await serve(t, { '*': dribble }), 500)
    assert.ok(Date.now() - begunMs < 1000 + 3 * 500 + 1000, `${Date.now() - begunMs} ms`)
    assert.ok(!result.ok)
    const half = await capture(
      await serve(t, {
        heap: dribble,
        allocs: dribble,
        threadcreate: dribble,
        block: dribble,
        mutex: dribble,
        profile: dribble,
      }),
      500,
    )
    assert.ok(Date.now() - begunMs < 2 * (1000 + 3 * 500 + 1000), `${Date.now() - begunMs} ms`)
    assert.ok(half.ok, 'what answered is kept')
    const skipped = half.value.capture.manifest.requests.filter(({ status }) => status === 'skipped')
    assert.ok(skipped.some(({ code, why }) => code === 'SL_COLLECT_TIMEOUT' && why !== undefined))
  })

  test('a target with metrics and without pprof has failed, and the hint says what to add', async (t) => {
    const server = createServer((request, response) => {
      if (request.url === '/metrics') response.end('# TYPE a gauge\na 1\n')
      else response.writeHead(404).end('404 page not found\n')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const result = await capture(`http://127.0.0.1:${address.port}`)
    assert.ok(!result.ok)
    assert.equal(result.error.code, 'SL_COLLECT_NOT_FOUND')
    assert.match(result.error.message, /answers \/metrics, but every page of net\/http\/pprof is 404/)
    assert.match(result.error.hint, /import _ "net\/http\/pprof".*base path/)
  })

  test('a dump of another runtime is not kept as one of Go', async (t) => {
    const java = 'Full thread dump OpenJDK 64-Bit Server VM (21.0.1 mixed mode):\n\n"main" #1 prio=5\n'
    const { request } = await requestOf(
      await serve(t, { 'goroutine?debug=2': (response) => response.end(java) }),
      'goroutine-dump',
    )
    assert.equal(request.code, 'SL_COLLECT_NOT_PPROF')
  })

  test('a dump that the runtime cut at 64 MiB is kept, and is said to be cut', async (t) => {
    const line = Buffer.from('goroutine 1 [select]:\nmain.wait(...)\n\t/src/main.go:3 +0x1\n\n')
    const full = Buffer.alloc(64 * 1024 * 1024, line)
    const { request, capture: kept } = await requestOf(
      await serve(t, { 'goroutine?debug=2': (response) => response.end(full) }),
      'goroutine-dump',
    )
    assert.equal(request.status, 'partial')
    assert.equal(request.code, 'SL_DECODE_DUMP_CAPPED')
    assert.equal(kept.files.find(({ name }) => name === 'goroutine.0.txt')?.bytes.length, full.length)
  })

  test('a dump that breaks off on the way is kept as far as it came', async (t) => {
    const { request, capture: kept } = await requestOf(
      await serve(t, {
        'goroutine?debug=2': (response) => {
          response.setHeader('content-length', 1000)
          response.write(GOOD_DUMP)
          setTimeout(() => response.destroy(), 50)
        },
      }),
      'goroutine-dump',
    )
    assert.equal(request.status, 'partial')
    assert.equal(request.code, 'SL_COLLECT_CUT')
    assert.equal(kept.files.find(({ name }) => name === 'goroutine.0.txt')?.bytes.length, GOOD_DUMP.length)
  })

  test('a target that has no ?seconds= gives its profile since the start, and the manifest says so', async (t) => {
    const url = await serve(t, {
      'block?seconds=1': (response) =>
        response.writeHead(400).end('"seconds" parameter is not supported for this profile type'),
    })
    const { request, capture: kept } = await requestOf(url, 'block-profile')
    assert.equal(request.span?.kind, 'cumulative')
    assert.match(request.why ?? '', /since the start/)
    assert.equal(kept.manifest.lenses.find(({ lens }) => lens === 'block')?.state, 'unknown')
  })

  test('one lens that hangs is given up, and the others are captured', async (t) => {
    const { request, capture: kept } = await requestOf(await serve(t, { heap: () => undefined }), 'heap-profile')
    assert.equal(request.code, 'SL_COLLECT_TIMEOUT')
    assert.ok(kept.files.some(({ name }) => name === 'goroutine.1.txt'))
  })

  test('a target that hangs everywhere fails after two timeouts, not after twenty', async (t) => {
    const startMs = Date.now()
    const result = await capture(await serve(t, { '*': () => undefined }), 500)
    assert.ok(!result.ok)
    assert.equal(result.error.code, 'SL_COLLECT_TIMEOUT')
    assert.ok(Date.now() - startMs < 5000)
  })

  test('a target that answers the count and then hangs is left alone after two timeouts', async (t) => {
    let asked = 0
    const hang = (response: ServerResponse): void => {
      asked += 1
      response.on('close', () => undefined)
    }
    const url = await serve(t, { '*': hang, 'goroutine?debug=0': (response) => response.end(GOOD_PROFILE) })
    const result = await capture(url, 300)
    assert.ok(result.ok)
    const skipped = result.value.capture.manifest.requests.filter(({ status }) => status === 'skipped')
    assert.ok(skipped.length > 5)
    assert.ok(asked <= 4, `${asked} requests`)
  })

  test('a web site fails as a web page, and a site that answers 404 to everything as no pprof', async (t) => {
    const page = await capture(await serve(t, { '*': (response) => response.end(HTML) }))
    assert.ok(!page.ok && page.error.code === 'SL_COLLECT_HTML')
    const nothing = await capture(await serve(t, { '*': (response) => response.writeHead(404).end() }))
    assert.ok(!nothing.ok && nothing.error.code === 'SL_COLLECT_NOT_FOUND')
  })

  test('a target whose requests all fail, each in its own way, is said to answer nothing, with the first cause', async (t) => {
    const odd: Answers = {
      '*': (response) => response.writeHead(404).end(),
      goroutine: (response) => response.end('{}'),
      heap: (response) => response.writeHead(500).end(),
    }
    const result = await capture(await serve(t, odd))
    assert.ok(!result.ok)
    assert.equal(result.error.code, 'SL_COLLECT_NOTHING_ANSWERED')
    assert.equal(result.error.cause?.code, 'SL_COLLECT_NOT_PPROF')
  })

  test('after a dump that took long the others are taken as profiles', async (t) => {
    const url = await serve(t, {
      'goroutine?debug=2': (response) => void setTimeout(() => response.end(GOOD_DUMP), SLOW_DUMP_MS + 200),
    })
    const target = parseTarget(url)
    assert.ok(target.ok)
    const result = await captureTarget(DEPS, { target: target.value, plan: { traceSeconds: 0 } })
    assert.ok(result.ok)
    const taken = result.value.capture.files.filter(({ name }) => /^goroutine\./.test(name)).map(({ name }) => name)
    assert.deepEqual(taken, ['goroutine.0.txt', 'goroutine.2.pb.gz', 'goroutine.3.pb.gz', 'goroutine.pb.gz'])
  })

  test('the limit on all bytes stops further requests, and says which were not asked', async (t) => {
    const url = await serve(t, {})
    const target = parseTarget(url)
    assert.ok(target.ok)
    const result = await captureTarget(DEPS, {
      target: target.value,
      plan: { mode: 'quick', limits: { maxTotalBytes: GOOD_PROFILE.length + 10 } },
    })
    assert.ok(result.ok)
    const over = result.value.capture.manifest.requests.filter(({ code }) => code === 'SL_COLLECT_OVER_BUDGET')
    assert.ok(over.length > 3)
  })

  test('an interrupt before anything was got is a fault', async (t) => {
    const target = parseTarget(await serve(t, { '*': () => undefined }))
    assert.ok(target.ok)
    const result = await captureTarget(DEPS, { target: target.value, signal: AbortSignal.timeout(100) })
    assert.ok(!result.ok && result.error.code === 'SL_COLLECT_INTERRUPTED')
  })
})
