/**
 * Runs one program to its end for the scripts: bounded in time and in output, never through a shell.
 * Enters: a command line, environment, time limit. Leaves: what it printed and how it ended, as a value.
 * Does not retry and does not print: the caller knows what the failure means.
 */
import { spawn } from 'node:child_process'

export type ToolOptions = {
  readonly cwd?: string
  /** What the program is called in its own command line, instead of its path. */
  readonly name?: string
  readonly env?: NodeJS.ProcessEnv
  readonly timeoutMs?: number
  /** Kept of stdout and of stderr, each; what passes it is a failure. */
  readonly maxBytes?: number
  readonly stdin?: string | Uint8Array
}

export type ToolRun = {
  readonly command: string
  /** Exit code; absent when it never started or ended by a signal. */
  readonly code?: number
  readonly signal?: string
  readonly timedOut: boolean
  readonly stdout: Buffer
  readonly stderr: Buffer
  /** Why it is not a success, in a sentence; absent on exit code 0. */
  readonly failure?: string
}

/** Waits for the program's end; a program that cannot be started is a failure like any other. */
export function runTool(file: string, args: readonly string[], options: ToolOptions = {}): Promise<ToolRun> {
  const { timeoutMs = 60_000, maxBytes = 64 << 20 } = options
  const command = [file, ...args].join(' ')
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(options.name === undefined ? {} : { argv0: options.name }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    })
    const out: Buffer[] = []
    const errors: Buffer[] = []
    const kept = { out: 0, errors: 0 }
    let timedOut = false
    let overflow = false
    let spawnError: string | undefined
    const timer = setTimeout(() => {
      timedOut = true
      child.kill('SIGKILL')
    }, timeoutMs)
    const keep = (into: Buffer[], which: 'out' | 'errors') => (chunk: Buffer) => {
      kept[which] += chunk.length
      if (kept[which] <= maxBytes) into.push(chunk)
      else if (!overflow) {
        overflow = true
        child.kill('SIGKILL')
      }
    }
    child.stdout?.on('data', keep(out, 'out'))
    child.stderr?.on('data', keep(errors, 'errors'))
    child.stdin?.on('error', () => {})
    if (options.stdin !== undefined) child.stdin?.end(options.stdin)
    child.on('error', (error) => {
      spawnError = error.message
      if (child.pid === undefined) finish(null, null)
    })
    child.on('close', finish)

    let finished = false
    function finish(code: number | null, signal: NodeJS.Signals | null) {
      if (finished) return
      finished = true
      clearTimeout(timer)
      const stderr = Buffer.concat(errors)
      const failure = describeFailure({ code, signal, timedOut, overflow, spawnError, stderr, timeoutMs, maxBytes })
      resolve({
        command,
        timedOut,
        stdout: Buffer.concat(out),
        stderr,
        ...(code === null ? {} : { code }),
        ...(signal === null ? {} : { signal }),
        ...(failure === undefined ? {} : { failure }),
      })
    }
  })
}

function describeFailure(end: {
  code: number | null
  signal: string | null
  timedOut: boolean
  overflow: boolean
  spawnError: string | undefined
  stderr: Buffer
  timeoutMs: number
  maxBytes: number
}): string | undefined {
  if (end.spawnError !== undefined) return `could not be run: ${end.spawnError}`
  if (end.timedOut) return `did not end within ${end.timeoutMs / 1000} s`
  if (end.overflow) return `printed more than ${end.maxBytes} bytes`
  if (end.code === 0) return undefined
  const said = end.stderr.toString('utf8').trim().split('\n').slice(-3).join(' | ').slice(0, 500)
  const how = end.signal === null ? `exit code ${end.code}` : `ended by ${end.signal}`
  return said === '' ? how : `${how}: ${said}`
}
