/**
 * Finds a Go toolchain of a wanted version, or fetches one, without installing anything in the system.
 * Enters: `1.26` or `1.27`. Leaves: the path of a `go`, the environment to run it in, and where it came from;
 * else what was tried and why each failed. Order: SIGHTLINE_GO_1_27, `.cache/go/` of the repo, `go` on PATH,
 * Go's own GOTOOLCHAIN switch, Debian's package unpacked into `.cache/go/` (go-debian.ts).
 * As a command: `node scripts/setup/go.ts 1.27` prints the path.
 */
import { accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { err, ok, type Result } from '../../src/base/result.ts'
import { unpackDebianGo } from './go-debian.ts'
import { runTool } from './run-tool.ts'

export type GoVersion = '1.26' | '1.27'
export const GO_VERSIONS: readonly GoVersion[] = ['1.26', '1.27']

/** Only for dumps of their time: where the forms changed. */
export type OldGoVersion = '1.15' | '1.19' | '1.21' | '1.22' | '1.23' | '1.24' | '1.25'
export const OLD_GO_VERSIONS: readonly OldGoVersion[] = ['1.15', '1.19', '1.21', '1.24']
/** Only for traces of their time: their headers say 22, 23, 23 and 25. */
export const TRACE_GO_VERSIONS: readonly OldGoVersion[] = ['1.22', '1.23', '1.24', '1.25']
type AnyGoVersion = GoVersion | OldGoVersion

/** The patch release that the GOTOOLCHAIN switch asks for (Go 1.21 on); fixtures say which they were made with. */
const TOOLCHAINS: Readonly<Partial<Record<AnyGoVersion, string>>> = {
  '1.21': 'go1.21.13',
  '1.22': 'go1.22.12',
  '1.23': 'go1.23.12',
  '1.24': 'go1.24.13',
  '1.25': 'go1.25.5',
  '1.26': 'go1.26.8',
  '1.27': 'go1.27.3',
}

export type GoTool = {
  readonly goBin: string
  /** As Go names itself: `go1.27.3`. */
  readonly version: string
  readonly from: 'environment' | 'cache' | 'path' | 'toolchain' | 'debian'
  /** For child processes: no toolchain switch, no workspace, no network, no flags of the user's. */
  readonly env: NodeJS.ProcessEnv
}

/** Why there is no Go: what was tried, in order. Not a code of the catalogue: scripts are not the product. */
export type GoMissing = {
  readonly message: string
  readonly hint: string
  readonly tried: readonly string[]
}

export type FindGoOptions = {
  /** Where `.cache/go/` is; the repo by default. */
  readonly root?: string
  readonly env?: NodeJS.ProcessEnv
  /** Only these ways, in their usual order; all by default. */
  readonly ways?: readonly GoTool['from'][]
  /** For each step of the two ways that use the network; asking a go for its version has 20 s at most. */
  readonly timeoutMs?: number
}

const REPO_ROOT = join(import.meta.dirname, '..', '..')
const ALL_WAYS: readonly GoTool['from'][] = ['environment', 'cache', 'path', 'toolchain', 'debian']

type Attempt = Result<string, string>

/** The first usable go of that minor version. Slow only where it must download; never throws. */
export async function findGo(version: AnyGoVersion, options: FindGoOptions = {}): Promise<Result<GoTool, GoMissing>> {
  const { root = REPO_ROOT, env = process.env, ways = ALL_WAYS, timeoutMs = 300_000 } = options
  const attempts: Readonly<Record<GoTool['from'], () => Promise<Attempt>>> = {
    environment: async () => lookInEnvironment(version, env),
    cache: async () => lookInCache(version, root),
    path: async () => ok('go'),
    toolchain: () => switchToolchain(version, env, timeoutMs),
    debian: () => unpackDebianGo(version, join(root, '.cache', 'go', version), timeoutMs),
  }
  const tried: string[] = []
  for (const way of ALL_WAYS.filter((one) => ways.includes(one))) {
    const attempt = await attempts[way]()
    const checked = attempt.ok ? await checkGo(version, attempt.value, env, Math.min(timeoutMs, 20_000)) : attempt
    if (checked.ok) {
      return ok({ goBin: checked.value.goBin, version: checked.value.version, from: way, env: makeGoEnv(env, version) })
    }
    tried.push(`${way}: ${checked.error}`)
  }
  return err({
    message: `no Go ${version} found`,
    hint: `Install Go ${version}, or set ${envName(version)} to the path of its go command.`,
    tried,
  })
}

/**
 * For tests that need Go: the toolchain, or undefined after the test was skipped with the reason.
 * Under CI=true a missing Go fails the test: there, "skipped" would be read as "passed".
 */
export async function requireGo(
  t: TestContext,
  version: GoVersion,
  options?: FindGoOptions,
): Promise<GoTool | undefined> {
  const found = await (options === undefined ? findGoOnce(version) : findGo(version, options))
  if (found.ok) return found.value
  const reason = `${found.error.message} (${found.error.tried.join('; ')}). ${found.error.hint}`
  if (process.env.CI === 'true') throw new Error(reason)
  t.skip(reason)
  return undefined
}

const found = new Map<GoVersion, Promise<Result<GoTool, GoMissing>>>()

function findGoOnce(version: GoVersion): Promise<Result<GoTool, GoMissing>> {
  const known = found.get(version) ?? findGo(version)
  found.set(version, known)
  return known
}

/** The environment in which a found go works on programs without dependencies, the same on every machine. */
export function makeGoEnv(env: NodeJS.ProcessEnv, version: AnyGoVersion): NodeJS.ProcessEnv {
  const own: NodeJS.ProcessEnv = {
    ...env,
    GOTOOLCHAIN: 'local',
    // A flag that the go command does not know is an error: -buildvcs came with 1.18.
    GOFLAGS: version === '1.15' ? '-mod=mod' : '-mod=mod -buildvcs=false',
    GOWORK: 'off',
    GOPROXY: 'off',
    GOENV: 'off',
    GO111MODULE: 'on',
  }
  // A GOROOT of another version, and settings that change what a program prints, must not reach the child.
  for (const name of ['GOROOT', 'GOEXPERIMENT', 'GODEBUG', 'GOTRACEBACK', 'GOMAXPROCS', 'GOOS', 'GOARCH']) {
    delete own[name]
  }
  if (own.GOCACHE === undefined && own.HOME === undefined && own.LocalAppData === undefined) {
    own.GOCACHE = join(tmpdir(), 'sightline-go-build')
  }
  return own
}

/** `SIGHTLINE_GO_1_27`: shells do not accept a dot in a name; the dotted form is read as well. */
function envName(version: AnyGoVersion): string {
  return `SIGHTLINE_GO_${version.replace('.', '_')}`
}

function lookInEnvironment(version: AnyGoVersion, env: NodeJS.ProcessEnv): Attempt {
  const value = env[envName(version)] ?? env[`SIGHTLINE_GO_${version}`]
  return value === undefined || value === '' ? err(`${envName(version)} is not set`) : ok(value)
}

function lookInCache(version: AnyGoVersion, root: string): Attempt {
  const base = join(root, '.cache', 'go', version)
  const names = [join(base, 'bin', 'go'), join(base, 'usr', 'lib', `go-${version}`, 'bin', 'go')]
  for (const name of names) {
    if (isExecutable(name)) return ok(name)
  }
  return err(`no go below .cache/go/${version}`)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Go 1.21 and later fetch another version of themselves; GOTOOLCHAIN=local in the environment is overridden. */
async function switchToolchain(version: AnyGoVersion, env: NodeJS.ProcessEnv, timeoutMs: number): Promise<Attempt> {
  const toolchain = TOOLCHAINS[version]
  if (toolchain === undefined) return err(`the go command cannot fetch ${version}`)
  const child: NodeJS.ProcessEnv = { ...env, GOTOOLCHAIN: toolchain, GOWORK: 'off', GOFLAGS: '' }
  delete child.GOROOT
  const run = await runTool('go', ['env', 'GOROOT'], { env: child, timeoutMs, cwd: tmpdir() })
  if (run.failure !== undefined) return err(`GOTOOLCHAIN=${toolchain} go env GOROOT ${run.failure}`)
  const goRoot = run.stdout.toString('utf8').trim()
  return goRoot === '' ? err(`GOTOOLCHAIN=${toolchain} gave no GOROOT`) : ok(join(goRoot, 'bin', 'go'))
}

/** Runs it: a path is believed only when it answers with the wanted version, and can find its own sources. */
async function checkGo(
  version: AnyGoVersion,
  goBin: string,
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<Result<{ goBin: string; version: string }, string>> {
  const child = makeGoEnv(env, version)
  const run = await runTool(goBin, ['env', 'GOVERSION', 'GOROOT'], { env: child, timeoutMs, cwd: tmpdir() })
  if (run.failure !== undefined) return err(`${goBin} ${run.failure}`)
  const [named = '', goRoot = ''] = run.stdout.toString('utf8').trimEnd().split('\n')
  const said = named === '' ? await askVersion(goBin, child, timeoutMs) : named
  const minor = /^go(\d+\.\d+)(?:[.rb\-\s]|$)/.exec(said)?.[1]
  if (minor !== version) return err(`${goBin} is ${said === '' ? 'of unknown version' : said}`)
  return ok({ goBin: goBin === 'go' ? join(goRoot, 'bin', 'go') : goBin, version: said })
}

/** Before Go 1.16 there was no GOVERSION to ask for. */
async function askVersion(goBin: string, env: NodeJS.ProcessEnv, timeoutMs: number): Promise<string> {
  const run = await runTool(goBin, ['version'], { env, timeoutMs, cwd: tmpdir() })
  return /^go version (go\S+)/.exec(run.stdout.toString('utf8'))?.[1] ?? ''
}

if (import.meta.main) {
  const wanted = [...OLD_GO_VERSIONS, ...TRACE_GO_VERSIONS, ...GO_VERSIONS].find((one) => one === process.argv[2])
  if (wanted === undefined) {
    process.stderr.write(`usage: node scripts/setup/go.ts ${GO_VERSIONS.join('|')}\n`)
    process.exit(64)
  }
  const result = await findGo(wanted)
  if (result.ok) {
    process.stdout.write(`${result.value.goBin}\n`)
    process.stderr.write(`${result.value.version}, found by way of: ${result.value.from}\n`)
  } else {
    process.stderr.write(`${result.error.message}\n  ${result.error.tried.join('\n  ')}\n${result.error.hint}\n`)
    process.exit(69)
  }
}
