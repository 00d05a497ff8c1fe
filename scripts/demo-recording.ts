/**
 * Records the demo's capture: builds programs/shop with Go 1.27, runs it until its troubles are there, captures it.
 * Enters: nothing (`node scripts/demo-recording.ts [FOLDER]`). Leaves: testdata/captures/shop, or FOLDER.
 * Needs a Go toolchain; the recording itself needs none to be read.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildProgram, startService } from './fixtures/build-program.ts'
import { findGo } from './setup/go.ts'
import { runTool } from './setup/run-tool.ts'

const ROOT = join(import.meta.dirname, '..')
const LIMIT_BYTES = 3 << 20
/** Goroutines of the API when there is trouble enough to see. */
const TROUBLED_GOROUTINES = 200

async function main(): Promise<void> {
  const folder = resolve(process.argv[2] ?? join(ROOT, 'testdata', 'captures', 'shop'))
  const go = await findGo('1.27')
  if (!go.ok) return fail(`${go.error.message}\n  ${go.error.tried.join('\n  ')}\n${go.error.hint}`)
  const work = mkdtempSync(join(tmpdir(), 'sightline-demo-'))
  try {
    const built = await buildProgram(go.value, join(ROOT, 'programs', 'shop'), join(work, 'shop'))
    if (!built.ok) return fail(built.error)
    const shop = await startService(built.value, ['-mode', 'all', '-for', '90s'], { name: 'shop', cwd: work })
    if (!shop.ok) return fail(shop.error)
    try {
      const base = String(shop.value.said.pprof)
      await waitForTrouble(String(shop.value.said.vars))
      const fresh = join(work, 'capture')
      await record(base, fresh)
      rmSync(folder, { recursive: true, force: true })
      cpSync(fresh, folder, { recursive: true })
    } finally {
      await shop.value.close()
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  const sizeBytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  process.stdout.write(`${folder}: ${readdirSync(folder).length} files, ${sizeBytes} bytes\n`)
  if (sizeBytes > LIMIT_BYTES) return fail(`the recording is larger than ${LIMIT_BYTES} bytes`)
}

async function waitForTrouble(vars: string): Promise<void> {
  const end = Date.now() + 60_000
  for (;;) {
    const response = await fetch(vars, { signal: AbortSignal.timeout(5000) })
    const { goroutines, database } = (await response.json()) as { goroutines: number; database: { WaitCount: number } }
    if (goroutines >= TROUBLED_GOROUTINES && database.WaitCount > 10) return
    if (Date.now() > end) throw new Error(`no trouble after a minute: ${goroutines} goroutines`)
    await new Promise((wake) => setTimeout(wake, 500))
  }
}

/** With the product's own command: the recording is what a user would get. */
async function record(base: string, folder: string): Promise<void> {
  const command = join(ROOT, 'src', 'main.ts')
  const run = await runTool(process.execPath, [command, 'capture', base, '-o', folder], {
    timeoutMs: 60_000,
    cwd: ROOT,
  })
  if (run.failure !== undefined) throw new Error(`sightline capture ${run.failure}`)
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}

await main()
