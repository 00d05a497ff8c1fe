/**
 * The user's own `go`, as the audit runs it: which one it is in a directory (a go.mod may switch the toolchain), and
 * programs run one after another or into each other, with a bound on time and on what is kept of what they say. A child
 * that is given up is killed with what it started.
 */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process'
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { listGoPlaces } from '../demo/find-go.ts'

export type Env = Readonly<Record<string, string | undefined>>

export type GoTool = {
  readonly path: string
  /** As it says it in that directory: `go1.26.8`. */
  readonly version: string
}

const VERSION_MS = 120_000
/** go/types as the helper uses it. */
const LEAST_MINOR = 22
const MAX_SAID = 16 * 1024

/** SIGHTLINE_GO alone where it is set; else the first of PATH and the usual places. Code: SL_COLLECT_GO_TOOL. */
export async function findGoTool(directory: string, env: Env, signal: AbortSignal): Promise<Result<GoTool>> {
  const asked = env.SIGHTLINE_GO ?? ''
  let newest = ''
  let said = ''
  for (const path of asked === '' ? listGoPlaces(env) : [asked]) {
    const answer = await askVersion(path, directory, env, signal)
    if (signal.aborted) return err(fault('SL_COLLECT_INTERRUPTED'))
    if (answer.startsWith('!')) said = answer.slice(1)
    const match = /^(?:devel )?(go(\d+)\.(\d+)\S*)/.exec(answer)
    if (match === null) continue
    if (Number(match[2]) > 1 || Number(match[3]) >= LEAST_MINOR) return ok({ path, version: match[1] as string })
    newest = `${path} is ${answer}`
  }
  const none = asked === '' ? 'there is no go on PATH' : `SIGHTLINE_GO names ${asked}, which does not run as go`
  const old = newest === '' ? none : `Go 1.${LEAST_MINOR} or newer is needed, and ${newest}`
  return err(fault('SL_COLLECT_GO_TOOL', { message: said === '' ? old : `go cannot run here: ${said}` }))
}

/** What `go env GOVERSION` says; '' where there is no such program, '!…' where it refuses. */
function askVersion(path: string, cwd: string, env: Env, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      path,
      ['env', 'GOVERSION'],
      { cwd, env: { ...env }, timeout: VERSION_MS, signal },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout.trim())
        else resolve(error.code === 'ENOENT' ? '' : `!${lastLines(stderr, 2)}`)
      },
    )
  })
}

export type Started = {
  readonly child: ChildProcess
  /** Undefined for a clean end; else why not. */
  readonly ended: Promise<string | undefined>
  kill(): void
}

/** Starts a program in a process group of its own, so that `kill` ends all of it. */
export function startProgram(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd: string
    readonly env: Env
    readonly timeoutMs: number
    readonly signal: AbortSignal
    readonly stdio: SpawnOptions['stdio']
  },
): Started {
  const { cwd, env, timeoutMs, signal, stdio } = options
  const isGroup = process.platform !== 'win32'
  const child = spawn(command, args, { cwd, env: { ...env }, detached: isGroup, stdio: stdio ?? 'ignore' })
  let said = ''
  let given = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-MAX_SAID)
  })
  const kill = (): void => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
    try {
      if (isGroup) process.kill(-child.pid, 'SIGKILL')
      else child.kill('SIGKILL')
    } catch {
      // It has just ended.
    }
  }
  const timer = setTimeout(() => {
    given = `it took longer than ${Math.round(timeoutMs / 1000)} s`
    kill()
  }, timeoutMs)
  const onAbort = (): void => {
    given = 'interrupted'
    kill()
  }
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  const ended = new Promise<string | undefined>((resolve) => {
    const settle = (why: string | undefined): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      resolve(why)
    }
    child.on('error', (error) => settle(error.message))
    child.on('close', (code, name) => {
      if (given !== '') settle(given)
      else if (code === 0) settle(undefined)
      else settle(lastLines(said, 5) || `it ended with ${name ?? `code ${code}`}`)
    })
  })
  return { child, ended, kill }
}

function lastLines(text: string, count: number): string {
  return text.trim().split('\n').slice(-count).join(' | ').slice(0, 1000)
}
