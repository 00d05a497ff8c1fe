/**
 * `npm run fixtures [-- PART...]`: records testdata from real programs, under Go 1.26 and 1.27.
 * Enters: parts of paths (`pprof/`, `go1.27`, `labels`) to record only those. Leaves: testdata/<format>/<case>/<go>/,
 * and one line per case. A Go that is not there is a failure under CI, elsewhere its cases are left as they are.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Result } from '../src/base/result.ts'
import type { Recorder } from './fixtures/case-folder.ts'
import { recordDumps, wantsOldDumps } from './fixtures/dumps.ts'
import { recordProfiles } from './fixtures/profiles.ts'
import { recordTexts } from './fixtures/texts.ts'
import { findGo, GO_VERSIONS, OLD_GO_VERSIONS } from './setup/go.ts'

type Family = (recorder: Recorder, wanted: (path: string) => boolean) => Promise<Result<string, string>[]>
const FAMILIES: readonly Family[] = [recordProfiles, recordTexts, recordDumps]

const filters = process.argv.slice(2)
const wanted = (path: string) => filters.length === 0 || filters.some((part) => path.includes(part))

const outcomes = await Promise.all(GO_VERSIONS.map((version) => recordUnder(version, FAMILIES)))
for (const version of OLD_GO_VERSIONS) {
  if (wantsOldDumps(version, wanted)) outcomes.push(await recordUnder(version, [recordDumps]))
}
process.exitCode = outcomes.every(Boolean) ? 0 : 1

/** These families under one Go; false when something that should be there could not be recorded. */
async function recordUnder(version: Recorder['version'], families: readonly Family[]): Promise<boolean> {
  const go = await findGo(version)
  if (!go.ok) {
    process.stderr.write(`${go.error.message}: its fixtures stay as they are\n  ${go.error.tried.join('\n  ')}\n`)
    return process.env.CI !== 'true'
  }
  const work = mkdtempSync(join(tmpdir(), 'sightline-fixtures-'))
  let good = true
  try {
    for (const family of families) {
      for (const result of await family({ version, go: go.value, work }, wanted)) {
        process.stdout.write(result.ok ? `recorded ${result.value}\n` : `FAILED ${result.error}\n`)
        good &&= result.ok
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return good
}
