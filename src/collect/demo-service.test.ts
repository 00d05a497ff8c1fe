/** What can go wrong before the demo's service runs: each its own code, and nothing left running. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startDemoService } from './demo-service.ts'

const folder = mkdtempSync(join(tmpdir(), 'sightline-demo-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const source = join(folder, 'source')
mkdirSync(source)
writeFileSync(join(source, 'go.mod'), 'module example.com/x\n\ngo 1.26\n')
const cache = join(folder, 'cache')
const hooks = { signal: new AbortController().signal, progress: { step() {} } }

/** A `go` that is a shell script: `build -trimpath -o OUTPUT .` has its output in the fourth argument. */
function fakeGo(name: string, script: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
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
