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
import { recordDumps } from './fixtures/dumps.ts'
import { recordProfiles } from './fixtures/profiles.ts'
import { recordTexts } from './fixtures/texts.ts'
import { findGo, GO_VERSIONS, type GoVersion } from './setup/go.ts'

type Family = (recorder: Recorder, wanted: (path: string) => boolean) => Promise<Result<string, string>[]>
const FAMILIES: readonly Family[] = [recordProfiles, recordTexts, recordDumps]

const filters = process.argv.slice(2)
const wanted = (path: string) => filters.length === 0 || filters.some((part) => path.includes(part))

const outcomes = await Promise.all(GO_VERSIONS.map(recordUnder))
process.exitCode = outcomes.every(Boolean) ? 0 : 1

/** All families under one Go; false when something that should be there could not be recorded. */
async function recordUnder(version: GoVersion): Promise<boolean> {
  const go = await findGo(version)
  if (!go.ok) {
    process.stderr.write(`${go.error.message}: its fixtures stay as they are\n  ${go.error.tried.join('\n  ')}\n`)
    return process.env.CI !== 'true'
  }
  const work = mkdtempSync(join(tmpdir(), 'sightline-fixtures-'))
  let good = true
  try {
    for (const family of FAMILIES) {
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
