/**
 * Profiles of traces against those of Go's own tool: the same stacks, counts and delays as `go tool trace -pprof=`, on
 * recorded traces and on one of a program that is run now; and `go tool pprof` opens ours.
 */
import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type GoTool, requireGo } from '../../scripts/setup/go.ts'
import { runTool } from '../../scripts/setup/run-tool.ts'
import { decodePprofProto } from '../../src/decode/pprof/pprof.ts'
import type { TimelineExport } from '../../src/model/trace-export/trace-export.ts'
import { root, runSightline } from '../samples/run-sightline.ts'

/** Traces of Go 1.11 to 1.21: Go moves each event on by 1 ns at least, so that what has no length there counts as 1 ns. */
const files = globSync(['captures/*/trace.bin', 'gotrace/{spans,tasks,v2}/**/trace.bin'], {
  cwd: join(root, 'testdata'),
}).map((file) => join(root, 'testdata', file))
const views = ['net', 'sync', 'syscall', 'sched'] as const

type Row = { readonly count: number; readonly ns: number; readonly names: string }

/** By the addresses of the stack. */
function readStacks(bytes: Uint8Array): ReadonlyMap<string, Row> {
  const read = decodePprofProto(bytes[0] === 0x1f ? gunzipSync(bytes) : bytes)
  assert.ok(read.ok)
  const profile = read.value.value
  const { strings, functionNames, lineFunctions, lineNumbers, lineStart } = profile
  const rows = new Map<string, Row>()
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    const stack = profile.sampleLocations.subarray(profile.locationStart[sample], profile.locationStart[sample + 1])
    const addresses = [...stack].map((at) => profile.locationAddresses[at]?.toString(16))
    // Go writes a stack of one empty frame where the runtime has none.
    const key = addresses.every((address) => address === '0') ? '' : addresses.join(' ')
    const names = [...stack].map((at) => {
      const line = lineStart[at] as number
      return `${strings[functionNames[lineFunctions[line] as number] as number]}:${lineNumbers[line]}`
    })
    const before = rows.get(key) ?? { count: 0, ns: 0 }
    const count = before.count + Number(profile.values[sample * 2])
    const ns = before.ns + Number(profile.values[sample * 2 + 1])
    rows.set(key, { count, ns, names: key === '' ? '' : names.join(' ') })
  }
  return rows
}

/** Go moves events of equal times 1 ns apart: at most that for each stay, at both its ends. */
async function compareViews(go: GoTool, file: string, folder: string): Promise<number> {
  let stacks = 0
  for (const what of views) {
    const reference = await runTool(go.goBin, ['tool', 'trace', `-pprof=${what}`, file], { env: go.env })
    assert.equal(reference.failure, undefined, what)
    const out = join(folder, `${what}.pb.gz`)
    const ran = await runSightline(['timeline', file, '--export', 'pprof', '--what', what, '--out', out])
    assert.equal(ran.code, 0, ran.stderr)
    const theirs = readStacks(reference.stdout)
    const ours = readStacks(readFileSync(out))
    assert.deepEqual([...ours.keys()].sort(), [...theirs.keys()].sort(), `${file} ${what}`)
    for (const [key, { count, ns, names }] of theirs) {
      const own = ours.get(key)
      assert.deepEqual([own?.count, own?.names], [count, names], `${file} ${what}`)
      assert.ok(Math.abs((own?.ns ?? 0) - ns) <= 2 * count, `${file} ${what} ${names}: ${own?.ns} for ${ns}`)
    }
    stacks += theirs.size
  }
  return stacks
}

function openScratch(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-export-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('net, sync, syscall and sched of recorded traces equal go tool trace, stack by stack', async (context) => {
  const go = await requireGo(context, '1.27')
  if (go === undefined) return
  const folder = openScratch(context)
  let stacks = 0
  for (const file of files) stacks += await compareViews(go, file, folder)
  assert.ok(files.length >= 5 && stacks > 100, `${stacks} stacks in ${files.length} files`)
})

test('so they do of a program that runs now, and go tool pprof opens every view', async (context) => {
  const go = await requireGo(context, '1.27')
  if (go === undefined) return
  const folder = openScratch(context)
  const goroot = (await runTool(go.goBin, ['env', 'GOROOT'], { env: go.env })).stdout.toString('utf8').trim()
  const program = join(goroot, 'src/internal/trace/testdata/testprog/stress.go')
  const traced = await runTool(go.goBin, ['run', program], { env: go.env })
  assert.equal(traced.failure, undefined)
  const file = join(folder, 'stress.trace')
  writeFileSync(file, traced.stdout)
  assert.ok((await compareViews(go, file, folder)) > 20)
  for (const what of ['all', 'waiting', 'runnable', 'running', 'syscall', 'network']) {
    const out = join(folder, `own-${what}.pb.gz`)
    const ran = await runSightline(['timeline', file, '--export', 'pprof', '--what', what, '--out', out, '--json'])
    const written = JSON.parse(ran.stdout).data.export as TimelineExport
    const top = await runTool(go.goBin, ['tool', 'pprof', '-top', '-unit=ns', out], { env: go.env })
    assert.equal(top.failure, undefined, what)
    const shown = /of ([\d.e+]+)ns total/.exec(top.stdout.toString('utf8'))?.[1]
    assert.equal(Number(shown), written.ns, `${what}: ${top.stdout.toString('utf8').slice(0, 300)}`)
  }
})
