/**
 * The toolchain's leak programs, built into two binaries with our wrapper: the GoKer bugs, and the simple, pattern and
 * stress programs. Enters: a found Go 1.27. Leaves: binaries in a scratch folder, the programs' names, and what the
 * toolchain's own test expects of each. Nothing of GOROOT is kept in the repo.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { err, ok, type Result } from '../../../src/base/result.ts'
import { buildProgram } from '../../fixtures/build-program.ts'
import type { GoTool } from '../../setup/go.ts'

export type LeakProgram = {
  readonly name: string
  readonly binary: string
  /** Run as the test does: on one processor, where it says so. */
  readonly isSimple: boolean
  /** `function [reason]` of leaks that the toolchain's test allows; absent where it leaves the program out. */
  readonly expected?: readonly RegExp[]
}

const wrapper = join(import.meta.dirname, '..', '..', '..', 'programs', 'goker')

export async function buildLeakPrograms(go: GoTool, scratch: string): Promise<Result<readonly LeakProgram[], string>> {
  const runtime = join(dirname(dirname(go.goBin)), 'src', 'runtime')
  const base = join(runtime, 'testdata', 'testgoroutineleakprofile')
  const expectations = readExpectations(readFileSync(join(runtime, 'goroutineleakprofile_test.go'), 'utf8'))
  const programs: LeakProgram[] = []
  for (const [set, folder] of [
    ['simple', base],
    ['goker', join(base, 'goker')],
  ] as const) {
    const sources = readdirSync(folder).filter((name) => name.endsWith('.go') && name !== 'main.go')
    if (sources.length === 0) return err(`no programs in ${folder}`)
    const module = join(scratch, set)
    mkdirSync(module, { recursive: true })
    for (const name of ['go.mod', 'main.go']) copyFileSync(join(wrapper, name), join(module, name))
    const names: string[] = []
    for (const source of sources) {
      const text = readFileSync(join(folder, source), 'utf8')
      names.push(...[...text.matchAll(/\bregister\("(\w+)"/g)].map((match) => match[1] as string))
      // One program ends its process from a goroutine; here the process must stay to be looked at.
      writeFileSync(join(module, source), text.replaceAll('os.Exit(0)', 'exitProgram(0)'))
    }
    const built = await buildProgram(go, module, join(scratch, 'bin', set))
    if (!built.ok) return built
    for (const name of names.sort()) {
      const known = expectations.get(name)
      programs.push({
        name,
        binary: built.value,
        isSimple: known?.isSimple ?? false,
        ...(known === undefined ? {} : { expected: known.leaks }),
      })
    }
  }
  return ok(programs)
}

type Expectation = { readonly isSimple: boolean; readonly leaks: readonly RegExp[] }

/** makeTest("Name", `regexp`, …) and makeFlakyTest(…) of the toolchain's test, comments left out. */
function readExpectations(text: string): ReadonlyMap<string, Expectation> {
  const found = new Map<string, Expectation>()
  const code = text.replace(/^\s*\/\/.*$/gm, '')
  for (const call of code.matchAll(/\bmake(Flaky)?Test\(\s*"(\w+)"((?:\s*,\s*`[^`]*`)*)\s*,?\s*\)/g)) {
    const leaks = [...(call[3] ?? '').matchAll(/`([^`]*)`/g)].map((match) => new RegExp(match[1] as string))
    found.set(call[2] as string, { isSimple: call[1] === undefined, leaks })
  }
  return found
}
