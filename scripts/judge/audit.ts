/**
 * `npm run judge:audit [-- --from NAME=DIR ...] [--lines]`: our audit against the test suites of other analysers, fetched
 * now and judged line by line, by syntax alone (tier a) and with the toolchain's types (tier b). Prints the table, what
 * was missed and what nobody expected. Ends with 1 where a target is missed, with 2 where no suite could be had.
 * `--from`: a checkout of a suite's repository, by the module's last element, where it cannot be fetched here.
 */
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runTool } from '../setup/run-tool.ts'
import { readExpectations } from './audit/expectations.ts'
import { readPackages, runTierA, runTierB, type TierRun } from './audit/run-tiers.ts'
import { type Suite, suites, type Unclaimed } from './audit/suites.ts'

type Row = {
  readonly suite: string
  readonly tier: 'a' | 'b'
  readonly expected: number
  readonly found: number
  readonly missed: readonly string[]
  readonly unexpected: readonly string[]
  readonly unclaimed: readonly { readonly why: string; readonly lines: number }[]
  readonly note: string
}

const root = join(import.meta.dirname, '..', '..')
const args = process.argv.slice(2)
const withLines = args.includes('--lines')
const given = new Map(
  args.flatMap((arg, index) => {
    const [name, ...rest] = args[index - 1] === '--from' ? arg.split('=') : []
    return name === undefined ? [] : [[name, rest.join('=')] as const]
  }),
)

const scratch = mkdtempSync(join(tmpdir(), 'sightline-judge-audit-'))
const rows: Row[] = []
const absent: string[] = []
try {
  for (const suite of suites) {
    const from = await findSource(suite)
    if (from === undefined) {
      absent.push(suite.name)
      continue
    }
    const folder = join(scratch, suite.name.replaceAll(/\W+/g, '-'))
    cpSync(from, folder, { recursive: true, filter: (path) => !path.endsWith('.golden') })
    await runTool('chmod', ['-R', 'u+w', folder], { timeoutMs: 60_000 })
    const packages = await readPackages(folder)
    rows.push(judge(suite, 'a', folder, runTierA(packages)))
    const cache = join(root, '.cache', 'gofacts')
    rows.push(judge(suite, 'b', folder, await runTierB(packages, folder, { layout: suite.layout, cache })))
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
process.exitCode = print()

/** A checkout that was given, else the module's archive, else a clone. */
async function findSource({ module, repository, folder }: Suite): Promise<string | undefined> {
  const name = module.split('/').at(-1) as string
  const own = given.get(name)
  if (own !== undefined) return existsSync(join(own, folder)) ? join(own, folder) : undefined
  const got = await runTool('go', ['mod', 'download', '-json', `${module}@latest`], {
    cwd: scratch,
    timeoutMs: 300_000,
  })
  const directory = got.failure === undefined ? (JSON.parse(got.stdout.toString()) as { Dir?: string }).Dir : undefined
  if (directory !== undefined && existsSync(join(directory, folder, 'src'))) return join(directory, folder)
  const clone = join(scratch, 'clones', name)
  mkdirSync(join(scratch, 'clones'), { recursive: true })
  if (existsSync(clone)) return join(clone, folder)
  const cloned = await runTool('git', ['clone', '--quiet', '--depth', '1', repository, clone], { timeoutMs: 120_000 })
  return cloned.failure === undefined && existsSync(join(clone, folder)) ? join(clone, folder) : undefined
}

function judge(suite: Suite, tier: 'a' | 'b', folder: string, run: TierRun): Row {
  const found = new Set<string>()
  for (const { rule, place } of run.drafts) {
    if (suite.rules.includes(rule) && suite.files.test(place.file)) found.add(`${place.file}:${place.line}`)
  }
  const files = new Set([...found].map((one) => one.slice(0, one.lastIndexOf(':'))))
  const wanted = new Map<string, readonly string[]>()
  const texts = new Map<string, string[]>()
  for (const path of listFiles(folder, suite)) files.add(path)
  for (const path of files) {
    const text = readFileSync(join(folder, path), 'utf8')
    texts.set(path, text.split('\n'))
    for (const { line, patterns } of readExpectations(text)) wanted.set(`${path}:${line}`, patterns)
  }
  const left = new Map<string, number>()
  const leave = (reason: string): false => {
    left.set(reason, (left.get(reason) ?? 0) + 1)
    return false
  }
  const expected = [...wanted].filter(([place, patterns]) => {
    const reason = suite.unclaimed.find(
      (one) => one.line === undefined && fits(one, place, tier, patterns) && isCode(one, place),
    )
    return reason === undefined || leave(reason.why)
  })
  function isCode({ code }: Unclaimed, place: string): boolean {
    const at = place.lastIndexOf(':')
    const from = Number(place.slice(at + 1)) - 1
    return code === undefined || code.test((texts.get(place.slice(0, at)) ?? []).slice(from, from + 8).join('\n'))
  }
  const unexpected = [...found].filter((place) => {
    if (wanted.has(place)) return false
    const at = place.lastIndexOf(':')
    const line = texts.get(place.slice(0, at))?.[Number(place.slice(at + 1)) - 1] ?? ''
    const reason = suite.unclaimed.find((one) => one.line?.test(line) === true && fits(one, place, tier, undefined))
    return reason === undefined || leave(reason.why)
  })
  return {
    suite: suite.name,
    tier,
    expected: expected.length,
    found: expected.filter(([place]) => found.has(place)).length,
    missed: expected.filter(([place]) => !found.has(place)).map(([place, patterns]) => `${place}  ${patterns[0]}`),
    unexpected,
    unclaimed: [...left].map(([why, lines]) => ({ why, lines })),
    note: run.note,
  }
}

function fits(one: Unclaimed, place: string, tier: 'a' | 'b', patterns: readonly string[] | undefined): boolean {
  if (one.tiers !== undefined && !one.tiers.includes(tier)) return false
  if (one.files !== undefined && !one.files.test(place)) return false
  return one.pattern === undefined || (patterns?.every((pattern) => one.pattern?.test(pattern)) ?? false)
}

function print(): number {
  const say = (text: string) => process.stdout.write(`${text}\n`)
  say('suite                               tier  expected  found  missed  unexpected')
  for (const { suite, tier, expected, found, missed, unexpected, note } of rows) {
    const figures = [expected, found, missed.length, unexpected.length].map((one) => String(one).padStart(8)).join('')
    say(`${suite.padEnd(36)}${tier}   ${figures}${note === '' ? '' : `   ${note}`}`)
  }
  for (const row of rows) {
    for (const { why, lines } of row.unclaimed)
      say(`not claimed: ${row.suite}, tier ${row.tier}: ${lines} lines: ${why}`)
    if (!withLines) continue
    for (const line of row.missed) say(`missed: ${row.suite}, tier ${row.tier}: ${line}`)
    for (const line of row.unexpected) say(`unexpected: ${row.suite}, tier ${row.tier}: ${line}`)
  }
  for (const name of absent) say(`not to be had here: ${name} (give a checkout with --from)`)
  const bad = rows.filter(isBelow)
  for (const { suite, tier } of bad) say(`below target: ${suite}, tier ${tier}`)
  if (rows.length === 0) return 2
  return bad.length === 0 ? 0 : 1
}

/** Tier a: 90 % and nothing unexpected where the suite is a target. Tier b: all that is claimed. */
function isBelow({ suite, tier, expected, found, unexpected }: Row): boolean {
  const { hasTargetA, claims } = suites.find(({ name }) => name === suite) as Suite
  if (claims.startsWith('nothing')) return false
  if (tier === 'b') return found < expected
  return hasTargetA && (found < 0.9 * expected || unexpected.length > 0)
}

function listFiles(folder: string, { files }: Suite): string[] {
  return globSync('**/*.go', { cwd: folder }).filter((path) => files.test(path))
}
