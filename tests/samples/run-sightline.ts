/** Runs the real program as a user would, through its launcher, and collects what it printed. */
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')
export const launcher = join(root, 'bin', 'sightline.mjs')

export type Ran = {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

export type RunOptions = {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly stdin?: string | Uint8Array
  readonly cwd?: string
  readonly node?: string
  readonly launcher?: string
}

/** Where a user's settings would be; what tools that a test starts keep there stays out of the repository. */
const configHome = join(tmpdir(), `sightline-tests-config-${process.pid}`)

/** No setting of the machine's reaches the program: only what a test gives. */
export function cleanEnv(more: RunOptions['env'] = {}): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(SIGHTLINE_|NO_COLOR|FORCE_COLOR|COLUMNS)/.test(name))
  return { ...Object.fromEntries(kept), XDG_CONFIG_HOME: configHome, ...more }
}

export function runSightline(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(options.node ?? process.execPath, [options.launcher ?? launcher, ...args], {
      cwd: options.cwd ?? root,
      env: cleanEnv(options.env),
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.stdin.on('error', () => {})
    child.stdin.end(options.stdin ?? '')
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}
