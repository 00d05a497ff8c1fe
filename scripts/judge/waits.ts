/**
 * The judge of the lens table: every kind of wait as a real program, on Go 1.26 and 1.27, against every cell.
 * `npm run judge:waits [-- --only NAME,NAME] [--go PATH]`: writes what was observed to testdata/waits, prints what differs;
 * exit 0 when nothing does, 1 when something does, 69 without Go. `--go` takes the go command of any other release.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compareWithTable, type WaitObservations } from '../../src/analyze/testing/wait-observation.ts'
import { findGo, GO_VERSIONS, type GoTool, makeGoEnv } from '../setup/go.ts'
import { runTool } from '../setup/run-tool.ts'
import { observeWaits } from './observe-waits.ts'

const OUT = join(import.meta.dirname, '..', '..', 'testdata', 'waits')

const { values } = parseArgs({
  options: { only: { type: 'string' }, go: { type: 'string', multiple: true }, keep: { type: 'boolean' } },
})
const only = values.only?.split(',')

const standard = await findStandard()
const builders = values.go === undefined ? standard : await Promise.all(values.go.map(askGo))
const reader = standard.at(-1)
if (reader === undefined || builders.length === 0) process.exit(69)

const scratch = mkdtempSync(join(tmpdir(), 'waits-'))
let failures = 0
try {
  for (const builder of builders) {
    const seen = await observeWaits({
      builder,
      reader,
      scratch: join(scratch, builder.version),
      ...(only === undefined ? {} : { only }),
      onProgress: (line) => process.stderr.write(`${line}\n`),
    })
    write(seen)
    failures += report(seen, builder)
  }
} finally {
  if (values.keep !== true) rmSync(scratch, { recursive: true, force: true })
}
process.exit(failures === 0 ? 0 : 1)

function report(seen: WaitObservations, builder: GoTool): number {
  const ran = new Set(seen.programs.map((program) => program.program))
  const differences = compareWithTable(seen).filter(
    (difference) => only === undefined || difference.program.split(' ').every((name) => ran.has(name)),
  )
  for (const { program, kind, cell, table, runtime } of differences) {
    process.stdout.write(
      `${builder.version} ${program} (${kind}): ${cell}: table says "${table}", runtime "${runtime}"\n`,
    )
  }
  process.stdout.write(`${builder.version}: ${seen.programs.length} programs, ${differences.length} differences\n`)
  return differences.length
}

/** With --only the other programs keep what was observed of them before. */
function write(seen: WaitObservations): void {
  const file = join(OUT, `go${seen.go}.json`)
  let kept = seen
  if (only !== undefined && existsSync(file)) {
    const before = JSON.parse(readFileSync(file, 'utf8')) as WaitObservations
    const fresh = new Map(seen.programs.map((program) => [program.program, program]))
    kept = { ...before, programs: before.programs.map((old) => fresh.get(old.program) ?? old) }
  }
  writeFileSync(file, print(kept))
}

/** One line per program: a change of one cell is a diff of one line. */
function print(seen: WaitObservations): string {
  const { programs, ...head } = seen
  const lines = programs.map((program) => `    ${JSON.stringify(program)}`).join(',\n')
  const fields = Object.entries(head).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`)
  return `{\n${fields.join('')}  "programs": [\n${lines}\n  ]\n}\n`
}

async function findStandard(): Promise<GoTool[]> {
  const tools: GoTool[] = []
  for (const version of GO_VERSIONS) {
    const found = await findGo(version)
    if (found.ok) tools.push(found.value)
    else {
      process.stderr.write(`${found.error.message}\n  ${found.error.tried.join('\n  ')}\n${found.error.hint}\n`)
      process.exit(69)
    }
  }
  return tools
}

async function askGo(goBin: string): Promise<GoTool> {
  const env = makeGoEnv(process.env, '1.27')
  const said = await runTool(goBin, ['env', 'GOVERSION'], { env })
  if (said.failure !== undefined) throw new Error(`${goBin} ${said.failure}`)
  return { goBin, version: said.stdout.toString('utf8').trim(), from: 'environment', env }
}
