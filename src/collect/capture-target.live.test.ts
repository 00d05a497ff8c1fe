/** Captures of real net/http/pprof servers: what each lens proves, what is never left on, what costs are kept. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { buildProgram, startService } from '../../scripts/fixtures/build-program.ts'
import { findGo, GO_VERSIONS, type GoVersion, requireGo } from '../../scripts/setup/go.ts'
import type { LensState } from '../model/lens.ts'
import { type CaptureTargetInput, captureTarget, type TargetCapture } from './capture-target.ts'
import type { FetcherOptions } from './fetcher.ts'
import { openInflater } from './inflate.ts'
import type { PlanOptions } from './plan.ts'
import { parseTarget } from './target.ts'

const HOSTILE = join(import.meta.dirname, '..', '..', 'programs', 'hostile')
const QUICK: PlanOptions = { mode: 'quick', limits: { timeoutMs: 5000 } }
const DEPS = {
  clock: { nowUnixNs: () => BigInt(Date.now()) * 1_000_000n, nowMonoNs: () => performance.now() * 1e6 },
  inflater: openInflater(),
  version: '0.0.0',
}
const folder = mkdtempSync(join(tmpdir(), 'sightline-hostile-'))
const built = new Map<GoVersion, string>()

before(async () => {
  for (const version of GO_VERSIONS) {
    const go = await findGo(version)
    if (!go.ok) continue
    const binary = await buildProgram(go.value, HOSTILE, join(folder, `hostile-${version}`))
    assert.ok(binary.ok, binary.ok ? '' : binary.error)
    built.set(version, binary.value)
  }
})
after(() => rmSync(folder, { recursive: true, force: true }))

type Hostile = { readonly url: string; readonly said: Readonly<Record<string, string>> }

async function start(
  t: TestContext,
  args: readonly string[],
  version: GoVersion = '1.26',
): Promise<Hostile | undefined> {
  if ((await requireGo(t, version)) === undefined) return undefined
  const service = await startService(built.get(version) as string, args)
  assert.ok(service.ok, service.ok ? '' : service.error)
  t.after(() => service.value.close())
  const said = Object.fromEntries(Object.entries(service.value.said).map(([name, value]) => [name, String(value)]))
  return { url: `http://${said.address}`, said }
}

function capture(url: string, more: Omit<CaptureTargetInput, 'target'> = {}) {
  const target = parseTarget(url)
  assert.ok(target.ok)
  return captureTarget(DEPS, { plan: QUICK, ...more, target: target.value })
}

async function captured(url: string, more: Omit<CaptureTargetInput, 'target'> = {}): Promise<TargetCapture> {
  const result = await capture(url, more)
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.error))
  return result.value
}

async function codeOf(url: string, fetch: FetcherOptions = {}): Promise<string> {
  const result = await capture(url, { fetch })
  return result.ok ? 'answered' : result.error.code
}

function stateOf(value: TargetCapture, lens: string): LensState | undefined {
  return value.capture.manifest.lenses.find((one) => one.lens === lens)?.state
}

async function readState(
  url: string,
): Promise<{ tracing: boolean; profiling: string; mostDumpsAtOnce: number; requests: number }> {
  const answer = await fetch(`${url}/state`)
  return (await answer.json()) as Awaited<ReturnType<typeof readState>>
}

describe('what each lens proves', { concurrency: 2 }, () => {
  for (const version of GO_VERSIONS) {
    test(`Go ${version}: profiling that is off is found to be off, by proof`, async (t) => {
      const server = await start(t, ['-no-mem-profile'], version)
      if (server === undefined) return
      const value = await captured(server.url)
      const states = ['block', 'mutex', 'heap', 'cpu', 'goroutine', 'metrics'].map((lens) => stateOf(value, lens))
      assert.deepEqual(states, ['off', 'off', 'off', 'on', 'on', 'absent'])
    })

    test(`Go ${version}: profiling that is on is found to be on, though nothing was contended`, async (t) => {
      const server = await start(t, ['-block-rate', '1000000', '-mutex-fraction', '100'], version)
      if (server === undefined) return
      const value = await captured(server.url)
      const states = ['block', 'mutex', 'heap'].map((lens) => stateOf(value, lens))
      assert.deepEqual(states, ['on', 'on', 'on'])
      assert.match(
        value.capture.manifest.lenses.find(({ lens }) => lens === 'mutex')?.because ?? '',
        /one contention in 100/,
      )
    })
  }

  test('a block rate of one event per ten seconds of waiting is as good as off, and the reason says so', async (t) => {
    const server = await start(t, ['-block-rate', '1000000000000'])
    if (server === undefined) return
    const value = await captured(server.url)
    const block = value.capture.manifest.lenses.find(({ lens }) => lens === 'block')
    assert.equal(block?.state, 'off')
    assert.match(block?.because ?? '', /off, or at a rate so coarse/)
  })

  test('the leak profile is there on Go 1.27 and comes in both forms, after every dump', async (t) => {
    const server = await start(t, ['-goroutines', '3'], '1.27')
    if (server === undefined) return
    const { manifest } = (await captured(server.url)).capture
    const files = manifest.requests.flatMap(({ file }) => (file === undefined ? [] : [file]))
    assert.deepEqual(files.slice(-2), ['goroutineleak.pb.gz', 'goroutineleak.txt'])
    assert.equal(manifest.lenses.find(({ lens }) => lens === 'goroutineleak')?.state, 'on')
  })

  test('the leak profile is absent on Go 1.26', async (t) => {
    const server = await start(t, [])
    if (server === undefined) return
    assert.equal(stateOf(await captured(server.url), 'goroutineleak'), 'absent')
  })

  test('lenses that answer 404 are absent, each on its own', async (t) => {
    const server = await start(t, ['-without', 'block,heap,trace'])
    if (server === undefined) return
    const value = await captured(server.url, { plan: { ...QUICK, traceSeconds: 1 } })
    const states = ['block', 'heap', 'trace', 'mutex', 'cpu'].map((lens) => stateOf(value, lens))
    assert.deepEqual(states, ['absent', 'on', 'absent', 'off', 'on'])
    const gone = value.capture.manifest.requests.find(({ request }) => request === 'heap')
    assert.equal(gone?.code, 'SL_COLLECT_LENS_ABSENT')
  })

  test('a target without the goroutine lens still gives its profiles, and no dump is asked for', async (t) => {
    const server = await start(t, ['-without', 'goroutine'])
    if (server === undefined) return
    const { manifest } = (await captured(server.url)).capture
    assert.ok(manifest.requests.some(({ file }) => file === 'cpu.pb.gz'))
    assert.ok(manifest.requests.every(({ kind }) => kind !== 'goroutine-dump'))
  })
})

describe('what a capture costs its target', { concurrency: 2 }, () => {
  test('the default takes three dumps over 3 s, profiles over the same 3 s, 1 s of trace, and little else', async (t) => {
    const server = await start(t, ['-goroutines', '10000'])
    if (server === undefined) return
    const startMs = Date.now()
    const value = await captured(server.url, { plan: {} })
    const took = Date.now() - startMs
    assert.ok(took >= 4000 && took < 4000 + 3000, `${took} ms`)
    assert.ok((value.goroutineCount ?? 0) > 10_000)
    const dumps = value.capture.manifest.requests.filter(({ kind }) => kind === 'goroutine-dump')
    assert.equal(dumps.length, 3)
    const times = dumps.map(({ startTime }) => Date.parse(startTime))
    const gaps = times.map((time) => time - (times[0] as number))
    assert.ok(gaps[1] !== undefined && gaps[1] >= 950 && gaps[1] < 2500 && gaps[2] !== undefined && gaps[2] >= 2950)
    assert.equal((await readState(server.url)).mostDumpsAtOnce, 1)
  })

  test('above --max-goroutines no dump is asked for: profiles stand in, and the manifest says why', async (t) => {
    const server = await start(t, ['-goroutines', '300'])
    if (server === undefined) return
    const value = await captured(server.url, { plan: { ...QUICK, limits: { maxGoroutines: 200 } } })
    const names = value.capture.files.map(({ name }) => name)
    assert.ok(names.includes('goroutine.pb.gz') && names.includes('goroutine.2.pb.gz'))
    assert.ok(names.every((name) => !/^goroutine\.\d+\.txt$/.test(name)))
    assert.equal((await readState(server.url)).mostDumpsAtOnce, 0)
    const skipped = value.capture.manifest.requests.find(({ request }) => request === 'goroutine?debug=2')
    assert.match(skipped?.why ?? '', /above --max-goroutines 200/)
  })

  test('a busy tracer and a busy CPU profiler are said so, and the rest is captured', async (t) => {
    const tracing = await start(t, ['-busy', 'trace'])
    const profiling = await start(t, ['-busy', 'cpu'])
    if (tracing === undefined || profiling === undefined) return
    const [one, two] = await Promise.all([
      captured(tracing.url, { plan: { ...QUICK, traceSeconds: 1 } }),
      captured(profiling.url),
    ])
    const codeFor = (value: TargetCapture, kind: string) =>
      value.capture.manifest.requests.find((request) => request.kind === kind)?.code
    assert.equal(codeFor(one, 'execution-trace'), 'SL_COLLECT_TRACE_BUSY')
    assert.equal(codeFor(two, 'cpu-profile'), 'SL_COLLECT_PROFILE_BUSY')
    assert.equal(stateOf(one, 'trace'), 'unknown')
    assert.equal(stateOf(two, 'cpu'), 'unknown')
    assert.equal((await readState(tracing.url)).tracing, true)
  })

  for (const version of GO_VERSIONS) {
    test(`Go ${version}: an interrupt leaves what was got, and neither tracer nor CPU profiler on`, async (t) => {
      const server = await start(t, ['-block-rate', '1'], version)
      if (server === undefined) return
      const ending = new AbortController()
      setTimeout(() => ending.abort(), 1500)
      const startMs = Date.now()
      const value = await captured(server.url, { plan: { windowSeconds: 30, traceSeconds: 30 }, signal: ending.signal })
      assert.ok(Date.now() - startMs < 4000)
      assert.equal(value.capture.manifest.interrupted, true)
      assert.ok(value.capture.files.some(({ name }) => name === 'goroutine.0.txt'))
      await new Promise((resolve) => setTimeout(resolve, 500))
      const state = await readState(server.url)
      assert.deepEqual([state.tracing, state.profiling], [false, 'no'])
    })
  }

  test('a trace ends when its request does: at an abort, and at the limit of bytes', async (t) => {
    const server = await start(t, ['-goroutines', '2000'])
    if (server === undefined) return
    const plan: PlanOptions = { mode: 'quick', traceSeconds: 20, limits: { maxTraceBytes: 5000, timeoutMs: 5000 } }
    const startMs = Date.now()
    const { manifest, files } = (await captured(server.url, { plan })).capture
    const request = manifest.requests.find(({ file }) => file === 'trace.bin')
    assert.equal(request?.status, 'partial')
    assert.equal(request?.code, 'SL_COLLECT_TOO_LARGE')
    assert.equal(files.find(({ name }) => name === 'trace.bin')?.bytes.length, 5000)
    assert.ok(Date.now() - startMs < 15_000)
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.equal((await readState(server.url)).tracing, false)
  })
})

describe('ways in', { concurrency: 2 }, () => {
  test('a base path of its own is respected, and found below a path that is not one', async (t) => {
    const server = await start(t, ['-base', '/internal/debug/pprof/'])
    if (server === undefined) return
    assert.ok((await captured(`${server.url}/internal/debug/pprof`)).goroutineCount)
    assert.ok((await captured(`${server.url}/internal`)).goroutineCount)
    assert.equal(await codeOf(`${server.url}/elsewhere/`), 'SL_COLLECT_NOT_FOUND')
  })

  test('a unix socket, in both forms', async (t) => {
    const path = join(folder, 'a b.sock')
    const server = await start(t, ['-unix', path])
    if (server === undefined) return
    const value = await captured(`unix://${path}`)
    assert.equal(value.capture.manifest.target.instance, path)
    assert.ok((await captured(`http+unix://${encodeURIComponent(path)}/debug/pprof/`)).goroutineCount)
  })

  test('TLS: untrusted, wrong name, trusted, insecure only when said, and plain HTTP on a TLS port', async (t) => {
    const server = await start(t, ['-tls', 'server'])
    if (server === undefined) return
    const { ca = '' } = server.said
    const url = server.url.replace('http:', 'https:')
    assert.equal(await codeOf(url), 'SL_COLLECT_TLS_UNTRUSTED')
    assert.equal(await codeOf(url, { tls: { ca } }), 'SL_COLLECT_TLS_NAME')
    assert.equal(await codeOf(url, { tls: { ca, serverName: 'till.test' } }), 'answered')
    assert.equal(await codeOf(url, { tls: { insecure: true } }), 'answered')
    assert.equal(await codeOf(server.url), 'SL_COLLECT_TLS_EXPECTED')
  })

  test('mutual TLS: refused without a client certificate, let in with one', async (t) => {
    const server = await start(t, ['-tls', 'mutual'])
    if (server === undefined) return
    const { ca = '', cert = '', key = '' } = server.said
    const url = server.url.replace('http:', 'https:')
    const serverName = 'till.test'
    assert.equal(await codeOf(url, { tls: { ca, serverName } }), 'SL_COLLECT_TLS_CLIENT_CERT')
    assert.equal(await codeOf(url, { tls: { ca, cert, key, serverName } }), 'answered')
  })

  test('credentials: basic, bearer, header and query; 401 and 403 are two codes', async (t) => {
    const basic = await start(t, ['-user', 'ann', '-password', 'hunter2'])
    const bearer = await start(t, ['-bearer', 'hunter2'])
    if (basic === undefined || bearer === undefined) return
    assert.equal(await codeOf(basic.url), 'SL_COLLECT_UNAUTHORIZED')
    assert.equal(await codeOf(bearer.url), 'SL_COLLECT_FORBIDDEN')
    assert.equal(await codeOf(basic.url, { basic: { user: 'ann', password: 'hunter2' } }), 'answered')
    assert.equal(await codeOf(basic.url.replace('//', '//ann:hunter2@')), 'answered')
    assert.equal(await codeOf(bearer.url, { bearer: 'hunter2' }), 'answered')
    assert.equal(await codeOf(bearer.url, { headers: { authorization: 'Bearer hunter2' } }), 'answered')
    const value = await captured(`${bearer.url}/?token=hunter2`)
    assert.ok(!JSON.stringify(value.capture.manifest).includes('hunter2'))
  })

  test('secrets in arguments, expvar and metrics are not in the capture, and the manifest counts them', async (t) => {
    const server = await start(t, ['-vars', '-base', '/debug/pprof/', '-for', '1m', '-bearer', ''])
    if (server === undefined) return
    const { capture: kept } = await captured(server.url)
    for (const file of kept.files) assert.ok(!Buffer.from(file.bytes).includes('hunter2'), file.name)
    assert.deepEqual(kept.manifest.redacted, ['expvar: 1 value', 'metrics-text: 1 value'])
    const { service, serviceFrom, version, goVersion } = kept.manifest.target
    assert.deepEqual([service, serviceFrom, version], ['till', 'expvar', 'v7.1.0'])
    assert.match(goVersion ?? '', /^go1\.26\./)
    assert.ok((kept.manifest.clock?.uncertaintyNs ?? 1e12) < 1e9)
  })
})
