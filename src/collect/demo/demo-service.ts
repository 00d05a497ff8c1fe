/**
 * Builds and runs the demo's Go service for `demo --live`: finds a go, builds programs/shop into a cache folder, starts
 * it, waits until its troubles are there, and stops it. The service ends by itself when its parent has gone, and after
 * three minutes in any case. Nothing is downloaded: the program needs the standard library only.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { ProgressSink } from '../../model/report.ts'
import { findGo, type GoToolchain } from './find-go.ts'

export type DemoPlace = {
  /** The service's source: a folder with go.mod. */
  readonly source: string
  readonly cache: string
  readonly env: Readonly<Record<string, string | undefined>>
}

type Hooks = { readonly signal: AbortSignal; readonly progress: ProgressSink }
type Said = { readonly pprof: string; readonly vars: string }

const BUILD_MS = 300_000
const READY_MS = 20_000
const TROUBLE_MS = 60_000
const STOP_MS = 3_000
/** Goroutines of the service when there is trouble enough to see. */
const TROUBLED_GOROUTINES = 200
const MAX_OUTPUT = 64 * 1024

/** Codes: SL_COLLECT_DEMO_SOURCE, _GO, _BUILD, _START; SL_COLLECT_INTERRUPTED. Resolves when the troubles are there. */
export async function startDemoService(
  { source, cache, env }: DemoPlace,
  { signal, progress }: Hooks,
): Promise<Result<{ readonly url: string; stop(): Promise<void> }>> {
  const goMod = join(source, 'go.mod')
  if (!existsSync(goMod)) return err(fault('SL_COLLECT_DEMO_SOURCE', { target: source }))
  const least = Number(/^go 1\.(\d+)/m.exec(readFileSync(goMod, 'utf8'))?.[1] ?? 0)
  progress.step('looking for Go')
  const go = await findGo(env, least, signal)
  if (signal.aborted) return err(fault('SL_COLLECT_INTERRUPTED'))
  if (!go.ok) return go
  progress.step(`building the demo service with ${go.value.version}`)
  const built = await buildDemo(go.value, source, cache, env, signal)
  if (!built.ok) return built
  progress.step('starting the demo service')
  const args = ['-mode', 'all', '-for', '3m', '-supervised']
  const child = spawn(built.value, args, { stdio: ['pipe', 'pipe', 'pipe'], argv0: 'shop', env: { ...env } })
  const stop = () => stopChild(child)
  const said = await readAddresses(child, signal)
  if (!said.ok) {
    await stop()
    return said
  }
  const troubled = await waitForTrouble(said.value, signal, progress)
  if (!troubled.ok) {
    await stop()
    return troubled
  }
  return ok({ url: said.value.pprof, stop })
}

async function buildDemo(
  go: GoToolchain,
  source: string,
  cache: string,
  env: DemoPlace['env'],
  signal: AbortSignal,
): Promise<Result<string>> {
  const output = join(cache, process.platform === 'win32' ? 'shop.exe' : 'shop')
  try {
    mkdirSync(cache, { recursive: true })
  } catch (error) {
    return err(fault('SL_COLLECT_DEMO_BUILD', { message: `cannot make ${cache}: ${messageOf(error)}` }))
  }
  const child = spawn(go.path, ['build', '-trimpath', '-o', output, '.'], {
    cwd: source,
    env: { ...env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off', GOTOOLCHAIN: 'local', GOEXPERIMENT: experimentOf(go) },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: BUILD_MS,
    signal,
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < MAX_OUTPUT) said += text
  })
  return new Promise((resolve) => {
    child.on('error', (error) => {
      if (signal.aborted) resolve(err(fault('SL_COLLECT_INTERRUPTED')))
      else resolve(err(fault('SL_COLLECT_DEMO_BUILD', { message: `go build: ${error.message}` })))
    })
    child.on('close', (code) => {
      if (code === 0) resolve(ok(output))
      else {
        const last = said.trim().split('\n').slice(-5).join(' | ')
        resolve(err(fault('SL_COLLECT_DEMO_BUILD', { message: `The demo service could not be built: ${last}` })))
      }
    })
  })
}

/** The leak profile is an experiment in Go 1.26 alone: 1.27 has it, and refuses the name. */
function experimentOf({ major, minor }: GoToolchain): string {
  return major === 1 && minor === 26 ? 'goroutineleakprofile' : ''
}

/** The first line of its output: its addresses as JSON. */
function readAddresses(child: ChildProcess, signal: AbortSignal): Promise<Result<Said>> {
  return new Promise((resolve) => {
    let line = ''
    let errors = ''
    const fail = (why: string) => {
      settle(err(fault('SL_COLLECT_DEMO_START', { message: `The demo service did not start: ${why}` })))
    }
    const onAbort = () => settle(err(fault('SL_COLLECT_INTERRUPTED')))
    const timer = setTimeout(() => fail(`no address within ${READY_MS / 1000} s`), READY_MS)
    function settle(result: Result<Said>) {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      resolve(result)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    child.on('error', (error) => fail(error.message))
    child.on('exit', (code, name) => fail(`it ended (${name ?? code}): ${errors.trim().slice(-300)}`))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (errors.length < MAX_OUTPUT) errors += text
    })
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (line.length < MAX_OUTPUT) line += text
      const end = line.indexOf('\n')
      if (end === -1) return
      const said = parseSaid(line.slice(0, end))
      if (said === undefined) fail('its first line is not what was expected')
      else settle(ok(said))
    })
  })
}

function parseSaid(line: string): Said | undefined {
  try {
    const { pprof, vars } = JSON.parse(line) as Record<string, unknown>
    return typeof pprof === 'string' && typeof vars === 'string' ? { pprof, vars } : undefined
  } catch {
    return undefined
  }
}

/** Asks the service itself how it fares; too little trouble after a minute is captured all the same. */
async function waitForTrouble({ vars }: Said, signal: AbortSignal, progress: ProgressSink): Promise<Result<undefined>> {
  const end = performance.now() + TROUBLE_MS
  while (performance.now() < end) {
    if (signal.aborted) return err(fault('SL_COLLECT_INTERRUPTED'))
    try {
      const answer = await fetch(vars, { signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]) })
      const { goroutines } = (await answer.json()) as { goroutines?: number }
      progress.step('waiting for its troubles', { done: goroutines ?? 0, total: TROUBLED_GOROUTINES })
      if ((goroutines ?? 0) >= TROUBLED_GOROUTINES) return ok(undefined)
    } catch {
      // It may not listen yet, or be too busy: asked again until the time is up.
    }
    await new Promise((wake) => setTimeout(wake, 500))
  }
  return ok(undefined)
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  // Not `close`: a process of its own that outlives it would hold the pipes, and us.
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await gone
  clearTimeout(timer)
  for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy()
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
