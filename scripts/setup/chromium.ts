/**
 * Finds a Chromium for the page and report tests, or installs Debian's package where that is possible without asking.
 * Enters: nothing (SIGHTLINE_CHROMIUM names one). Leaves: its path on stdout, or why there is none on stderr and exit 1.
 * `findChromium` only looks: tests use it and never install anything.
 */
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { runTool } from './run-tool.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/** The path of an executable Chromium: SIGHTLINE_CHROMIUM, else the first on PATH. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.SIGHTLINE_CHROMIUM !== undefined && isExecutable(env.SIGHTLINE_CHROMIUM)) return env.SIGHTLINE_CHROMIUM
  const folders = [...(env.PATH ?? '').split(':'), '/usr/bin'].filter((folder) => folder !== '')
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function installChromium(): Promise<string | undefined> {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
  ]) {
    const [file, ...rest] = [...asRoot, 'apt-get', ...args] as [string, ...string[]]
    const run = await runTool(file, rest, { timeoutMs: 500_000, env })
    if (run.failure !== undefined) return `${run.command} ${run.failure}`
  }
  return undefined
}

if (import.meta.main) {
  const failure = findChromium() === undefined ? await installChromium() : undefined
  const found = findChromium()
  if (found !== undefined) process.stdout.write(`${found}\n`)
  else {
    process.stderr.write(`no Chromium: ${failure ?? 'the package brought none'}; set SIGHTLINE_CHROMIUM to one\n`)
    process.exitCode = 1
  }
}
