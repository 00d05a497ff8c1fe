/** What can go wrong before the demo's service runs: each its own code, and nothing left running. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startDemoService } from './demo-service.ts'
import { findGo } from './find-go.ts'

const folder = mkdtempSync(join(tmpdir(), 'sightline-demo-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const source = join(folder, 'source')
mkdirSync(source)
writeFileSync(join(source, 'go.mod'), 'module example.com/x\n\ngo 1.26\n')
const cache = join(folder, 'cache')
const hooks = { signal: new AbortController().signal, progress: { step() {} } }

/** A `go` that is a shell script: `build -trimpath -o OUTPUT .` has its output in the fourth argument. */
function fakeGo(name: string, script: string, version = 'go1.26.8'): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\nif [ "$1" = env ]; then echo ${version}; exit; fi\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

async function codeOf(place: { source?: string; go: string }, signal = hooks.signal): Promise<string | undefined> {
  const env = { PATH: process.env.PATH, SIGHTLINE_GO: place.go }
  const started = await startDemoService({ source: place.source ?? source, cache, env }, { ...hooks, signal })
  return started.ok ? undefined : started.error.code
}

const program = (body: string) => fakeGo(`go-${body.length}`, `printf '#!/bin/sh\\n${body}\\n' > "$4"; chmod +x "$4"`)

test('without the source, without a Go, or with one that cannot build it', async () => {
  assert.equal(await codeOf({ source: join(folder, 'nowhere'), go: 'go' }), 'SL_COLLECT_DEMO_SOURCE')
  assert.equal(await codeOf({ go: join(folder, 'no-such-go') }), 'SL_COLLECT_DEMO_GO')
  assert.equal(await codeOf({ go: fakeGo('broken', 'echo "no such package" >&2; exit 1') }), 'SL_COLLECT_DEMO_BUILD')
})

test('of several Go toolchains the newest is taken, and one that is too old is named', async () => {
  const home = join(folder, 'home')
  const place = (name: string, version: string) => {
    mkdirSync(join(home, 'sdk', name, 'bin'), { recursive: true })
    return fakeGo(join('home', 'sdk', name, 'bin', 'go'), 'exit 1', version)
  }
  const env = { HOME: home, PATH: join(folder, 'empty') }
  const old = place('go1.999.2', 'go1.999.2')
  const newest = place('go1.999.10', 'go1.999.10')
  place('go1.999rc1', 'go1.999rc1')
  const found = await findGo(env, 26, hooks.signal)
  assert.deepEqual(found.ok && [found.value.path, found.value.version], [newest, 'go1.999.10'])
  const tooOld = await findGo({ ...env, SIGHTLINE_GO: old }, 1000, hooks.signal)
  assert.match(tooOld.ok ? '' : tooOld.error.message, /needs Go 1\.1000 or newer; .*go1\.999\.2/)
  const none = await findGo({ ...env, SIGHTLINE_GO: join(folder, 'nothing') }, 26, hooks.signal)
  assert.match(none.ok ? '' : `${none.error.message} ${none.error.hint}`, /SIGHTLINE_GO names .*nothing.*Install Go/)
})

test('Go 1.26 builds it with the leak profile, which is an experiment there alone', async () => {
  const said = join(folder, 'experiment')
  const ask = async (version: string) => {
    const go = fakeGo(`go-${version}`, `printf '%s' "$GOEXPERIMENT" > ${said}; exit 1`, version)
    assert.equal(await codeOf({ go }), 'SL_COLLECT_DEMO_BUILD')
    return readFileSync(said, 'utf8')
  }
  assert.equal(await ask('go1.26.8'), 'goroutineleakprofile')
  assert.equal(await ask('go1.27.3'), '')
})

test('a service that ends at once, or says something else than its addresses, did not start', async () => {
  assert.equal(await codeOf({ go: program('exit 3') }), 'SL_COLLECT_DEMO_START')
  assert.equal(await codeOf({ go: program('echo hello; exec sleep 30') }), 'SL_COLLECT_DEMO_START')
})

test('an abort while it starts ends the service', async () => {
  const signal = AbortSignal.timeout(300)
  const begunMs = performance.now()
  assert.equal(await codeOf({ go: program('sleep 4; true') }, signal), 'SL_COLLECT_INTERRUPTED')
  assert.ok(performance.now() - begunMs < 3_000)
})
