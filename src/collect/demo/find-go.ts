/**
 * Finds the Go toolchain that the demo is built with: SIGHTLINE_GO alone where it is set, else the newest of those on
 * PATH and in the usual places. Asks each for its version and nothing else; no toolchain is downloaded.
 */
import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'

export type GoToolchain = {
  readonly path: string
  /** As it says it: `go1.26.8`. */
  readonly version: string
  readonly major: number
  readonly minor: number
}

type Env = Readonly<Record<string, string | undefined>>

const VERSION_MS = 10_000
const MAX_CANDIDATES = 32

/** Code: SL_COLLECT_DEMO_GO, with what was found instead. `least`: the oldest minor version of Go 1 that will do. */
export async function findGo(env: Env, least: number, signal: AbortSignal): Promise<Result<GoToolchain>> {
  const asked = env.SIGHTLINE_GO ?? ''
  const candidates = asked === '' ? listGoPlaces(env) : [asked]
  const found: GoToolchain[] = []
  for (const path of candidates) {
    const toolchain = await askVersion(path, env, signal)
    if (toolchain !== undefined) found.push(toolchain)
  }
  const newest = found.reduce<GoToolchain | undefined>(
    (best, one) => (best === undefined || isNewer(one, best) ? one : best),
    undefined,
  )
  if (newest !== undefined && (newest.major > 1 || newest.minor >= least)) return ok(newest)
  if (newest !== undefined) {
    const message = `The demo service needs Go 1.${least} or newer; ${newest.path} is ${newest.version}`
    return err(fault('SL_COLLECT_DEMO_GO', { message, target: newest.path }))
  }
  const message =
    asked === ''
      ? 'There is no go on PATH, in /usr/local/go/bin, ~/go/bin, ~/sdk/go*/bin or /usr/lib/go-*/bin'
      : `SIGHTLINE_GO names ${asked}, which does not run as go`
  return err(fault('SL_COLLECT_DEMO_GO', { message, ...(asked === '' ? {} : { target: asked }) }))
}

/** `go` on PATH first, so that it wins among equals; then what installers and distributions leave behind. */
export function listGoPlaces({ HOME, USERPROFILE, ProgramFiles }: Env, platform = process.platform): string[] {
  if (platform === 'win32') {
    const places = [ProgramFiles, USERPROFILE].filter((one) => one !== undefined)
    return ['go', ...places.flatMap((one) => listExisting([join(one, 'Go', 'bin', 'go.exe')]))]
  }
  const home = HOME ?? ''
  const own = home === '' ? [] : [join(home, 'go', 'bin', 'go'), ...globSync(join(home, 'sdk', 'go*', 'bin', 'go'))]
  const system = ['/usr/local/go/bin/go', ...globSync('/usr/lib/go-*/bin/go'), '/opt/homebrew/bin/go', '/usr/bin/go']
  return ['go', ...listExisting([...own, ...system])].slice(0, MAX_CANDIDATES)
}

function listExisting(paths: readonly string[]): string[] {
  return paths.filter((path) => existsSync(path))
}

function askVersion(path: string, env: Env, signal: AbortSignal): Promise<GoToolchain | undefined> {
  const options = { env: { ...env, GOTOOLCHAIN: 'local', GOEXPERIMENT: '' }, timeout: VERSION_MS, signal }
  return new Promise((resolve) => {
    execFile(path, ['env', 'GOVERSION'], options, (error, stdout) => {
      const version = stdout.trim()
      // `go1.26.8`, `go1.27rc1`, `go1.28-devel_0123456`; a tree of its own says `devel go1.28-...`.
      const match = /^(?:devel )?go(\d+)\.(\d+)\S*/.exec(version)
      if (error !== null || match === null) resolve(undefined)
      else resolve({ path, version, major: Number(match[1]), minor: Number(match[2]) })
    })
  })
}

/** By minor version first; within one, by the patch that stands in the version. */
function isNewer(one: GoToolchain, other: GoToolchain): boolean {
  if (one.major !== other.major) return one.major > other.major
  if (one.minor !== other.minor) return one.minor > other.minor
  return patchOf(one) > patchOf(other)
}

function patchOf({ version }: GoToolchain): number {
  return Number(/^go\d+\.\d+\.(\d+)/.exec(version)?.[1] ?? -1)
}
