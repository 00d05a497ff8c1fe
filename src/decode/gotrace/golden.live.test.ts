/**
 * The Go toolchain's own judges of a trace reader: its golden traces, its fuzz seeds, and its reader's output, event
 * for event, on recorded traces.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { type GoTool, requireGo } from '../../../scripts/setup/go.ts'
import { compareWithParsed } from '../testing/compare-parsed.ts'
import { unquoteGo, writeTraceText } from '../testing/write-text.ts'
import { readTraceSync } from './gotrace.ts'

const recorded = join(import.meta.dirname, '../../../testdata/captures/shop/trace.bin')
/** Programs of the toolchain that record a trace to stdout within a second or two. */
const PROGRAMS = ['annotations', 'futile-wakeup', 'gomaxprocs', 'iter-pull', 'stacks', 'stress', 'wait-on-pipe']

function traceTestdata(go: GoTool): string {
  const root = execFileSync(go.goBin, ['env', 'GOROOT'], { env: go.env, encoding: 'utf8' }).trim()
  return join(root, 'src/internal/trace/testdata')
}

async function assertSameAsParsed(go: GoTool, file: string): Promise<number> {
  const child = spawn(go.goBin, ['tool', 'trace', '-d=parsed', file], {
    env: go.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const { difference, events } = await compareWithParsed(readFileSync(file), createInterface({ input: child.stdout }))
  assert.equal(difference, undefined, file)
  return events
}

function openScratch(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-gotrace-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('golden traces are accepted and rejected as they expect, and read as the reference reads them', async (context) => {
  const go = await requireGo(context, '1.27')
  if (go === undefined) return
  const folder = join(traceTestdata(go), 'tests')
  const scratch = openScratch(context)
  const names = readdirSync(folder).filter((name) => name.endsWith('.test'))
  assert.ok(names.length >= 22)
  let events = 0
  for (const name of names) {
    const [, expected, trace] = readFileSync(join(folder, name), 'utf8').split(/^-- (?:expect|trace) --\n/m)
    const bytes = writeTraceText(trace as string)
    const read = readTraceSync(bytes, {}, { strict: true })
    const message = `${name}: ${read.ok ? 'accepted' : read.error.message}`
    assert.equal(read.ok, expected?.startsWith('SUCCESS'), message)
    if (!read.ok) continue
    const file = join(scratch, `${name}.bin`)
    writeFileSync(file, bytes)
    events += await assertSameAsParsed(go, file)
  }
  assert.ok(events > 1000)
})

test('fuzz seeds of the toolchain neither throw nor hang, and a seed that Go rejects is rejected in strict mode', async (context) => {
  const go = await requireGo(context, '1.27')
  if (go === undefined) return
  const folder = join(traceTestdata(go), 'fuzz/FuzzReader')
  const scratch = openScratch(context)
  for (const name of readdirSync(folder)) {
    const quoted = /^\[\]byte\((".*")\)$/m.exec(readFileSync(join(folder, name), 'utf8'))?.[1]
    if (quoted === undefined) throw new Error(`${name} holds no bytes`)
    const bytes = unquoteGo(quoted)
    const file = join(scratch, name)
    writeFileSync(file, bytes)
    let isAccepted = true
    try {
      execFileSync(go.goBin, ['tool', 'trace', '-d=parsed', file], { env: go.env, stdio: 'ignore' })
    } catch {
      isAccepted = false
    }
    readTraceSync(bytes, {})
    const read = readTraceSync(bytes, {}, { strict: true })
    // Old formats are another reader's.
    if (read.ok || read.error.code !== 'SL_DECODE_TRACE_VERSION') assert.equal(read.ok, isAccepted, name)
  }
})

test('the recorded trace of the demo equals go tool trace -d=parsed, event for event', async (context) => {
  const go = await requireGo(context, '1.27')
  if (go === undefined) return
  assert.ok((await assertSameAsParsed(go, recorded)) > 1000)
})

for (const version of ['1.26', '1.27'] as const) {
  test(`traces of the toolchain's test programs, run by Go ${version} on 8 processors, equal -d=parsed`, async (context) => {
    const [go, judge] = [await requireGo(context, version), await requireGo(context, '1.27')]
    if (go === undefined || judge === undefined) return
    const scratch = openScratch(context)
    const sources = join(traceTestdata(judge), 'testprog')
    for (const name of PROGRAMS) {
      const binary = join(scratch, name)
      execFileSync(go.goBin, ['build', '-o', binary, join(sources, `${name}.go`)], { env: go.env, cwd: scratch })
      const env = { ...go.env, GOMAXPROCS: '8' }
      const trace = execFileSync(binary, { env, maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] })
      const file = `${binary}.trace`
      writeFileSync(file, trace)
      assert.ok((await assertSameAsParsed(judge, file)) > 20, name)
    }
  })
}
