/**
 * The project's tasks: check, test, build, bench, fixtures, docs. `node scripts/tasks.ts TASK [args]`.
 * Each task is a list of steps run one after another; the first that fails ends it with its exit code.
 * `check` needs nothing but node_modules and starts no program; `test` runs all tests, sets up Go and Chromium for those
 * that need them (`*.live.test.ts`), and starts the program as a user does (tests/). With CI=true a missing tool fails,
 * elsewhere the tests that need it print why they were skipped.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const node = process.execPath

type Step = { readonly name: string; readonly command: readonly string[]; readonly mayFail?: boolean }

function script(path: string, ...args: string[]): string[] {
  return [node, join(root, path), ...args]
}

function bin(name: string, ...args: string[]): string[] {
  const packages: Readonly<Record<string, string>> = { tsc: 'typescript/bin/tsc', biome: '@biomejs/biome/bin/biome' }
  return [node, join(root, 'node_modules', packages[name] as string), ...args]
}

function testFiles(live: boolean): string[] {
  const all = globSync(['src/**/*.test.ts', 'tests/**/*.test.ts', 'scripts/**/*.test.ts'], { cwd: root }).sort()
  if (live) return all
  // Tests that start the program stand under tests/; of those only the house belongs to what is run at every turn.
  return all.filter((file) => !file.endsWith('.live.test.ts') && (!isEndToEnd(file) || file.includes('house')))
}

function isEndToEnd(file: string): boolean {
  return file.startsWith('tests')
}

function nodeTest(live: boolean): string[] {
  const reporter = process.env.CI === 'true' || live ? 'spec' : 'dot'
  return [
    node,
    '--test',
    '--test-concurrency=2',
    `--test-reporter=${reporter}`,
    '--test-timeout=300000',
    ...testFiles(live),
  ]
}

const statics: readonly Step[] = [
  { name: 'types', command: bin('tsc', '-b') },
  { name: 'lint', command: bin('biome', 'check', '--error-on-warnings', '.') },
]

const tasks: Readonly<Record<string, () => readonly Step[]>> = {
  check: () => [...statics, { name: 'unit', command: nodeTest(false) }],
  test: () => [
    { name: 'setup', command: script('scripts/setup/all.ts'), mayFail: process.env.CI !== 'true' },
    ...statics,
    { name: 'tests', command: nodeTest(true) },
  ],
  build: () => [{ name: 'build', command: bin('tsc', '-b', '--force', 'src') }],
  fixtures: () => [{ name: 'fixtures', command: script('scripts/fixtures.ts', ...process.argv.slice(3)) }],
  wasm: () => [{ name: 'wasm', command: script('scripts/wasm.ts') }],
  docs: () =>
    globSync('scripts/docs/*.ts', { cwd: root })
      .filter((file) => !file.endsWith('.test.ts'))
      .sort()
      .map((file) => ({ name: file, command: script(file) })),
  bench: () =>
    globSync('bench/*.ts', { cwd: root })
      .sort()
      .map((file) => ({ name: file, command: script(file) })),
  // Apart from bench: its traces are large, and it takes half an hour.
  'bench:trace': () => [{ name: 'bench:trace', command: script('bench/trace/trace.ts', ...process.argv.slice(3)) }],
  judge: () =>
    globSync('scripts/judge/*.ts', { cwd: root })
      .filter(
        (file) =>
          !file.endsWith('.test.ts') && process.argv[3] !== undefined && file.endsWith(`/${process.argv[3]}.ts`),
      )
      .map((file) => ({ name: file, command: script(file, ...process.argv.slice(4)) })),
}

function runTask(name: string): number {
  const steps = tasks[name]?.()
  if (steps === undefined || steps.length === 0) {
    process.stderr.write(`tasks: no task ${name}; there are: ${Object.keys(tasks).join(', ')}\n`)
    return 64
  }
  const started = performance.now()
  for (const step of steps) {
    const begun = performance.now()
    const [command, ...args] = step.command as [string, ...string[]]
    const done = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
    process.stderr.write(`tasks: ${step.name} ${seconds(begun)} ${done.status === 0 ? 'ok' : 'failed'}\n`)
    if (done.status !== 0 && step.mayFail !== true) return done.status ?? 1
  }
  process.stderr.write(`tasks: ${name} done in ${seconds(started)}\n`)
  return 0
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)}s`
}

process.exitCode = runTask(process.argv[2] ?? '')
