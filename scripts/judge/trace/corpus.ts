/**
 * Makes the traces that the judge of the trace engine judges by, with one Go, one after another.
 * Enters: the Go to make them with, the Go whose tree has the test programs, a scratch folder. Leaves: a path per trace, or why
 * there is none (cgo without a compiler, a program that needs a newer Go). The caller deletes what it has read.
 */

import { spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { buildTracegen } from '../../../bench/trace/build.ts'
import type { GoTool } from '../../setup/go.ts'
import { runTool } from '../../setup/run-tool.ts'

export type CorpusTrace = { readonly name: string; readonly path: string }
type Missing = { readonly name: string; readonly failure: string }

/** Short runs of every mode: busy ones with few and many processors, quiet ones over several generations. */
const TRACEGEN_RUNS: Readonly<Record<string, readonly string[]>> = {
  busy: ['-mode', 'busy', '-for', '2500ms', '-size', '20'],
  'busy-64-processors': ['-mode', 'busy', '-procs', '64', '-clients', '256', '-size', '5'],
  'busy-1-processor': ['-mode', 'busy', '-procs', '1', '-for', '500ms'],
  parked: ['-mode', 'parked', '-goroutines', '5000', '-for', '3500ms'],
  live: ['-mode', 'live', '-goroutines', '3000', '-for', '300ms'],
  gc: ['-mode', 'gc', '-for', '2500ms'],
}

const RUN_MS = 60_000

export async function* listCorpus(
  builder: GoTool,
  newest: GoTool,
  scratch: string,
  only: readonly string[] | undefined,
): AsyncGenerator<CorpusTrace | Missing> {
  const isWanted = (name: string): boolean => only?.some((part) => name.includes(part)) ?? true
  const goRoot = (await runTool(newest.goBin, ['env', 'GOROOT'], { env: newest.env })).stdout.toString('utf8').trim()
  const folder = join(goRoot, 'src', 'internal', 'trace', 'testdata', 'testprog')
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.go'))
    .sort()) {
    const name = `${builder.version} testprog/${file}`
    if (isWanted(name)) yield await runTestProgram(builder, join(folder, file), name, scratch)
  }
  const tracegen = await buildTracegen(builder, scratch)
  for (const [mode, args] of Object.entries(TRACEGEN_RUNS)) {
    const name = `${builder.version} tracegen ${mode}`
    if (!isWanted(name)) continue
    if (!tracegen.ok) yield { name, failure: tracegen.error }
    else {
      const path = join(scratch, 'trace')
      const run = await runTool(tracegen.value, [...args, '-out', path], { timeoutMs: RUN_MS, env: builder.env })
      yield run.failure === undefined ? { name, path } : { name, failure: run.failure }
    }
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
