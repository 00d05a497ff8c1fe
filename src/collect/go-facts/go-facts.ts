/**
 * Typed facts of the Go packages below a directory, by the user's own toolchain (tier b of the audit): `go list -e -test
 * -deps -export` of each module, piped into the helper (build-helper.ts), whose lines become TypedPackage. Nothing of
 * the project is run; go list compiles what is imported into Go's own build cache and fetches modules as `go build`
 * would. Bounded in time, facts and problems. What does not type check gives what it can, and an issue.
 */
import { once } from 'node:events'
import { realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { readTypedRecord } from '../../decode/go-source/read-typed-facts.ts'
import { type Issue, openIssueLog } from '../../model/issue.ts'
import type { ProgressSink } from '../../model/report.ts'
import type { TypedPackage, TypedProblem } from '../../model/trust/typed-facts.ts'
import { buildHelper, type HelperPlace } from './build-helper.ts'
import { type Env, findGoTool, type GoTool, startProgram } from './run-go.ts'

const LIST_MS = 900_000
/** Of four numbers each: 16 bytes. */
const MAX_FACTS = 40_000_000
const MAX_PROBLEMS = 200

const listFields =
  'ImportPath,Dir,Name,Export,ForTest,DepOnly,Standard,GoFiles,CgoFiles,ImportMap,Module,Error,DepsErrors'

export type GoFactsInput = {
  readonly directory: string
  /** Directories with a go.mod, relative to it; none: the directory itself is asked. */
  readonly modules: readonly string[]
  /** Of packages beside go.mod; all by default. */
  readonly patterns?: readonly string[]
  /** Also the files of tests, and what only they import. */
  readonly tests?: boolean
  /** For listing and typing a module; go list compiles what is imported, minutes of it with an empty build cache. */
  readonly timeoutMs?: number
}

export type GoFacts = {
  /** The go that answered, as it names itself. */
  readonly goVersion: string
  readonly packages: readonly TypedPackage[]
  readonly expressions: number
  readonly typed: number
  /** Modules that gave nothing, and why. */
  readonly missing: readonly { readonly directory: string; readonly fault: Fault }[]
  /** Doubts: packages that do not type check, by the first thing that was said of each. */
  readonly issues: readonly Issue[]
  readonly problems: readonly TypedProblem[]
}

type Hooks = { readonly signal: AbortSignal; readonly progress: ProgressSink }

/** Codes: SL_COLLECT_GO_TOOL, SL_COLLECT_GO_HELPER, SL_COLLECT_GO_LIST (no module gave anything), SL_COLLECT_INTERRUPTED. */
export async function collectGoFacts(place: HelperPlace, input: GoFactsInput, hooks: Hooks): Promise<Result<GoFacts>> {
  const { signal, progress } = hooks
  const root = await realpath(input.directory).catch(() => input.directory)
  const packages: TypedPackage[] = []
  const missing: { directory: string; fault: Fault }[] = []
  const problems: TypedProblem[] = []
  const log = openIssueLog()
  let room = MAX_FACTS
  let goVersion = ''
  const modules = input.modules.length === 0 ? [''] : input.modules
  for (const [index, module] of modules.entries()) {
    const directory = join(root, module)
    const go = await findGoTool(directory, place.env, signal)
    if (!go.ok) {
      if (signal.aborted) return go
      missing.push({ directory: module, fault: go.error })
      continue
    }
    const helper = await buildHelper(place, go.value, hooks)
    if (!helper.ok) {
      if (signal.aborted) return helper
      missing.push({ directory: module, fault: helper.error })
      continue
    }
    goVersion = goVersion === '' ? go.value.version : goVersion
    const of = modules.length === 1 ? '' : ` of ${module === '' ? '.' : module}`
    progress.step(`typing the packages${of} with ${go.value.version}`, {
      done: index,
      total: modules.length,
      unit: 'steps',
    })
    const read = await readModule(
      {
        go: go.value,
        helper: helper.value,
        directory,
        root,
        patterns: input.patterns,
        tests: input.tests === true,
        timeoutMs: input.timeoutMs ?? LIST_MS,
      },
      place.env,
      signal,
      take,
    )
    if (signal.aborted) return err(fault('SL_COLLECT_INTERRUPTED'))
    if (!read.ok) missing.push({ directory: module, fault: read.error })
  }
  const [first] = missing
  if (packages.length === 0) {
    const said = problems[0]?.message ?? 'there is no package with Go files'
    return err(first?.fault ?? fault('SL_COLLECT_GO_LIST', { message: `go list gives nothing to type: ${said}` }))
  }
  for (const one of missing) log.add(one.fault.code, one.fault.message, { at: { file: join(one.directory, 'go.mod') } })
  if (room <= 0) {
    log.add(
      'SL_COLLECT_GO_PACKAGE',
      `Types of more than ${MAX_FACTS} expressions are not kept; what came later is read by syntax`,
    )
  }
  return ok({
    goVersion,
    packages,
    expressions: packages.reduce((sum, one) => sum + one.expressions, 0),
    typed: packages.reduce((sum, one) => sum + one.typed, 0),
    missing,
    issues: log.list(),
    problems,
  })

  function take(found: TypedPackage | TypedProblem): void {
    if ('message' in found) {
      if (problems.length < MAX_PROBLEMS) problems.push(found)
      const told = problems.some((one) => one !== found && one.package === found.package)
      if (!told)
        log.add('SL_COLLECT_GO_PACKAGE', `${found.package ?? 'A package'} does not type check: ${found.message}`)
      return
    }
    for (const file of found.files) room -= file.facts.length / 4
    if (room > 0 && found.files.length > 0) packages.push(found)
  }
}

type ModuleInput = {
  readonly go: GoTool
  readonly helper: string
  readonly directory: string
  readonly root: string
  readonly patterns: readonly string[] | undefined
  readonly tests: boolean
  readonly timeoutMs: number
}

async function readModule(
  input: ModuleInput,
  env: Env,
  signal: AbortSignal,
  take: (found: TypedPackage | TypedProblem) => void,
): Promise<Result<undefined>> {
  const first = await runList(input, env, signal, take)
  // A workspace that does not name this module: the module alone.
  if (!first.ok && /go\.work|workspace/.test(first.error.message) && env.GOWORK !== 'off') {
    return runList(input, { ...env, GOWORK: 'off' }, signal, take)
  }
  return first
}

async function runList(
  { go, helper, directory, root, patterns, tests, timeoutMs }: ModuleInput,
  env: Env,
  signal: AbortSignal,
  take: (found: TypedPackage | TypedProblem) => void,
): Promise<Result<undefined>> {
  const args = [
    'list',
    '-e',
    ...(tests ? ['-test'] : []),
    '-deps',
    '-export',
    `-json=${listFields}`,
    '--',
    ...(patterns ?? ['./...']),
  ]
  const list = startProgram(go.path, args, {
    cwd: directory,
    env,
    timeoutMs,
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const facts = startProgram(helper, [], {
    cwd: directory,
    env,
    timeoutMs,
    signal,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const { stdout } = list.child
  const { stdin, stdout: lines } = facts.child
  if (stdout === null || stdin === null || lines === null) {
    list.kill()
    facts.kill()
    return err(fault('SL_COLLECT_GO_LIST', { message: 'go list could not be started' }))
  }
  // The helper may end first; what it says of it is told below.
  stdin.on('error', () => undefined)
  stdout.pipe(stdin)
  list.child.on('error', () => stdin.end())
  let count = 0
  let broken: Fault | undefined
  const reader = createInterface({ input: lines, crlfDelay: Number.POSITIVE_INFINITY })
  reader.on('line', (line) => {
    if (line === '') return
    const record = readTypedRecord(line)
    if (!record.ok) broken = record.error
    else if (record.value.kind === 'problem') take(record.value.problem)
    else {
      count++
      take(relocate(record.value.package, root))
    }
  })
  const [listed, typed] = await Promise.all([list.ended, facts.ended, once(reader, 'close')])
  if (signal.aborted) return err(fault('SL_COLLECT_INTERRUPTED'))
  if (typed !== undefined && listed === undefined) {
    return err(fault('SL_COLLECT_GO_HELPER', { message: `The Go helper failed: ${typed}` }))
  }
  if (broken !== undefined) return err(broken)
  // With -e it fails for packages that do not compile, and lists them all the same.
  if (listed !== undefined && count === 0) {
    return err(fault('SL_COLLECT_GO_LIST', { message: `go list failed: ${listed}`, target: directory }))
  }
  return ok(undefined)
}

/** Paths as the audit writes them. */
function relocate(found: TypedPackage, root: string): TypedPackage {
  const files = found.files.map((file) => ({ ...file, path: relative(root, file.path).split(sep).join('/') }))
  return { ...found, files }
}
