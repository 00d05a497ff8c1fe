/**
 * Set-up for `npm test`: finds or installs what the live tests need (Go 1.26 and 1.27, Chromium) and says what it did.
 * With CI=true anything missing fails; elsewhere it is said and the tests that need it are skipped with that reason.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const steps: readonly { readonly what: string; readonly args: readonly string[] }[] = [
  { what: 'Go 1.26', args: ['go.ts', '1.26'] },
  { what: 'Go 1.27', args: ['go.ts', '1.27'] },
  { what: 'Chromium', args: ['chromium.ts'] },
]

let missing = 0
for (const { what, args } of steps) {
  const [file, ...rest] = args as [string, ...string[]]
  const path = join(import.meta.dirname, file)
  const done = existsSync(path)
    ? spawnSync(process.execPath, [path, ...rest], { encoding: 'utf8', timeout: 600_000 })
    : undefined
  const found = done?.status === 0
  if (!found) missing += 1
  process.stderr.write(
    `setup: ${what}: ${found ? done.stdout.trim() : `missing: ${(done?.stderr ?? 'no set-up script').trim()}`}\n`,
  )
}
process.exitCode = missing > 0 && process.env.CI === 'true' ? 1 : 0
