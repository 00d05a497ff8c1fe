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
import { findGo, GO_VERSIONS } from './setup/go.ts'

type Family = (recorder: Recorder, wanted: (path: string) => boolean) => Promise<Result<string, string>[]>
const FAMILIES: readonly Family[] = [recordDumps]

const filters = process.argv.slice(2)
const wanted = (path: string) => filters.length === 0 || filters.some((part) => path.includes(part))
let failures = 0

for (const version of GO_VERSIONS) {
  const go = await findGo(version)
  if (!go.ok) {
    process.stderr.write(`${go.error.message}: its fixtures stay as they are\n  ${go.error.tried.join('\n  ')}\n`)
    if (process.env.CI === 'true') failures += 1
    continue
  }
  const work = mkdtempSync(join(tmpdir(), 'sightline-fixtures-'))
  try {
    for (const family of FAMILIES) {
      for (const result of await family({ version, go: go.value, work }, wanted)) {
        process.stdout.write(result.ok ? `recorded ${result.value}\n` : `FAILED ${result.error}\n`)
        if (!result.ok) failures += 1
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
process.exitCode = failures === 0 ? 0 : 1
