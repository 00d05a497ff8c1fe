/**
 * Makes the traces that the judge of the trace engine judges by, with one Go, one after another.
 * Enters: the Go to make them with, the Go whose tree has the test programs, a scratch folder. Leaves: a path per trace, or why
 * there is none (cgo without a compiler, a program that needs a newer Go). The caller deletes what it has read.
 */

import { spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { buildTracegen } from '../../../bench/trace/build.ts'
import { GO_VERSIONS, type GoTool } from '../../setup/go.ts'
import { runTool } from '../../setup/run-tool.ts'

export type CorpusTrace = { readonly name: string; readonly path: string }
type Missing = { readonly name: string; readonly failure: string }

type TracegenRun = {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** First minor version of Go that has what the run shows. */
  readonly since?: number
}

/** Short runs of every mode: busy ones with few and many processors, quiet ones over several generations. */
const TRACEGEN_RUNS: Readonly<Record<string, TracegenRun>> = {
  busy: { args: ['-mode', 'busy', '-for', '2500ms', '-size', '20'] },
  'busy-64-processors': { args: ['-mode', 'busy', '-procs', '64', '-clients', '256', '-size', '5'] },
  'busy-1-processor': { args: ['-mode', 'busy', '-procs', '1', '-for', '500ms'] },
  parked: { args: ['-mode', 'parked', '-goroutines', '5000', '-for', '3500ms'] },
  live: { args: ['-mode', 'live', '-goroutines', '3000', '-for', '300ms'] },
  'live-100-thousand': { args: ['-mode', 'live', '-goroutines', '100000', '-size', '20'] },
  gc: { args: ['-mode', 'gc', '-for', '2500ms'] },
  coroutines: { args: ['-mode', 'coroutines', '-for', '2500ms', '-size', '10'], since: 23 },
  // Of an older header the newest Go refuses these events, which the Go of their time takes.
  'allocations-and-frees': {
    args: ['-mode', 'gc', '-for', '1200ms', '-size', '10'],
    env: { GODEBUG: 'traceallocfree=1' },
    since: 26,
  },
  'flight-recorder': { args: ['-mode', 'busy', '-clients', '4', '-flight', '-for', '1500ms'], since: 25 },
}

const RUN_MS = 60_000

export async function* listCorpus(
  builder: GoTool,
  newest: GoTool,
  scratch: string,
  only: readonly string[] | undefined,
): AsyncGenerator<CorpusTrace | Missing> {
  const isWanted = (name: string): boolean => only?.some((part) => name.includes(part)) ?? true
  if (isCurrent(builder)) yield* listTestPrograms(builder, newest, scratch, isWanted)
  const tracegen = await buildTracegen(builder, scratch)
  for (const [mode, { args, env, since = 0 }] of Object.entries(TRACEGEN_RUNS)) {
    const name = `${builder.version} tracegen ${mode}`
    if (!isWanted(name) || minorOf(builder) < since) continue
    if (!tracegen.ok) yield { name, failure: tracegen.error }
    else {
      const path = join(scratch, 'trace')
      const settings = { timeoutMs: RUN_MS, env: { ...builder.env, ...env } }
      const run = await runTool(tracegen.value, [...args, '-out', path], settings)
      yield run.failure === undefined ? { name, path } : { name, failure: run.failure }
    }
  }
}

/** The test programs are those of the newest Go: older ones lack what they show. */
function isCurrent(builder: GoTool): boolean {
  return GO_VERSIONS.some((version) => builder.version.startsWith(`go${version}`))
}

function minorOf(builder: GoTool): number {
  return Number(/^go1\.(\d+)/.exec(builder.version)?.[1] ?? 0)
}

async function* listTestPrograms(
  builder: GoTool,
  newest: GoTool,
  scratch: string,
  isWanted: (name: string) => boolean,
): AsyncGenerator<CorpusTrace | Missing> {
  const goRoot = (await runTool(newest.goBin, ['env', 'GOROOT'], { env: newest.env })).stdout.toString('utf8').trim()
  const folder = join(goRoot, 'src', 'internal', 'trace', 'testdata', 'testprog')
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.go'))
    .sort()) {
    const name = `${builder.version} testprog/${file}`
    if (isWanted(name)) yield await runTestProgram(builder, join(folder, file), name, scratch)
  }
}

/** The toolchain's programs write their trace to stdout; what they say on stderr is theirs. */
async function runTestProgram(
  go: GoTool,
  source: string,
  name: string,
  scratch: string,
): Promise<CorpusTrace | Missing> {
  const binary = join(scratch, 'testprog')
  const built = await runTool(go.goBin, ['build', '-o', binary, source], {
    cwd: scratch,
    env: go.env,
    timeoutMs: 300_000,
  })
  if (built.failure !== undefined) return { name, failure: built.failure.split('\n')[0] ?? '' }
  const path = join(scratch, 'trace')
  const out = openSync(`${path}.part`, 'w')
  const code = await new Promise<number | string>((resolve) => {
    const child = spawn(binary, [], { stdio: ['ignore', out, 'ignore'], timeout: RUN_MS, env: go.env })
    child.on('error', (error) => resolve(error.message))
    child.on('close', (status, signal) => resolve(status ?? signal ?? 'ended'))
  })
  closeSync(out)
  if (code !== 0) return { name, failure: `the program ended with ${code}` }
  renameSync(`${path}.part`, path)
  return { name, path }
}
