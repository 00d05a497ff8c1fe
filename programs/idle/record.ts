/**
 * Records testdata/idle: builds and runs the programs of this folder, keeps of each dump one goroutine per idle row and
 * stack, and writes them with the versions they were made with. `node programs/idle/record.ts [--dump NAME=FILE ...]`
 * adds dumps taken elsewhere (real servers); IDLE_POSTGRES and IDLE_REDIS are passed on to the database program.
 * Needs `go`, the module proxy and a few minutes; what is committed makes the tests work without them.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { idlePatterns, matchIdle } from '../../src/analyze/idle/registry.ts'
import { splitDump } from '../../src/analyze/testing/split-dump.ts'

const programs = ['std', 'grpc', 'database', 'messaging', 'storage', 'services', 'kubernetes']
const here = import.meta.dirname
const out = join(here, '..', '..', 'testdata', 'idle')

function run(command: string, args: readonly string[], options: { readonly env?: NodeJS.ProcessEnv } = {}): { stdout: string; stderr: string } {
  const done = spawnSync(command, args, { cwd: here, encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  if (done.status !== 0 && done.signal === null && done.status !== 2) {
    throw new Error(`${command} ${args.join(' ')}: ${done.stderr}`)
  }
  return { stdout: done.stdout, stderr: done.stderr }
}

/** One goroutine per row and stack, with machine paths taken off the file names. */
function trimDump(text: string, prefixes: readonly string[]): string {
  const kept: string[] = []
  const seen = new Set<string>()
  for (const goroutine of splitDump(text)) {
    const pattern = matchIdle(goroutine)
    if (pattern?.strength !== 'named') continue
    const key = `${pattern.id} ${goroutine.waitReason} ${goroutine.functions.join(' ')}`
    if (seen.has(key)) continue
    seen.add(key)
    kept.push(goroutine.text)
  }
  let joined = `${kept.join('\n\n')}\n`
  for (const prefix of prefixes) joined = joined.replaceAll(prefix, '')
  return joined
}

const env = { ...process.env, GOFLAGS: '-mod=mod' }
const prefixes = [
  `${run('go', ['env', 'GOMODCACHE']).stdout.trim()}/`,
  `${run('go', ['env', 'GOROOT']).stdout.trim()}/src/`,
  `${here}/`,
]
const work = mkdtempSync(join(tmpdir(), 'idle-record-'))
mkdirSync(out, { recursive: true })
try {
  for (const program of programs) {
    const binary = join(work, program)
    run('go', ['build', '-o', binary, `./${program}`], { env })
    const { stdout } = run(binary, [])
    writeFileSync(join(out, `${program}.txt`), trimDump(stdout, prefixes))
    if (program !== 'std') continue
    // The runtime's own goroutines are in SIGQUIT text at level system only.
    const script = `GOTRACEBACK=system "${binary}" >/dev/null & sleep 1; kill -QUIT $!; wait $!`
    writeFileSync(join(out, 'std-system.txt'), trimDump(run('sh', ['-c', script]).stderr, prefixes))
  }
  for (const given of process.argv.slice(2).filter((argument) => argument.includes('='))) {
    const [name, path] = given.split('=') as [string, string]
    writeFileSync(join(out, `${name}.txt`), trimDump(readFileSync(path, 'utf8'), prefixes))
  }
  const modules = new Set(idlePatterns.map(({ source }) => source.module))
  const listed = run('go', ['list', '-m', 'all'], { env }).stdout.split('\n')
  const used = listed.filter((line) => modules.has(line.split(' ')[0] as string))
  writeFileSync(join(out, 'versions.txt'), `${run('go', ['version']).stdout}${used.join('\n')}\n`)
} finally {
  rmSync(work, { recursive: true, force: true })
}
