/**
 * What a diagnosis costs: a live service of 10,000 goroutines (beyond the windows asked for: < 3 s), and a dump of
 * 64 MiB (< 2 s, < 300 MB). Builds programs/crowd with Go; prints medians of five and fails when a target is missed.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildProgram, startService } from '../scripts/fixtures/build-program.ts'
import { findGo } from '../scripts/setup/go.ts'
import { type Measurement, measureCommand, medianRun } from './lib/measure.ts'

const RUNS = Number(process.env.RUNS ?? 5)
const root = join(import.meta.dirname, '..')
const sightline = [process.execPath, join(root, 'bin', 'sightline.mjs')]
const MIB = 1024 * 1024

let missed = 0

const go = await findGo('1.27')
if (!go.ok) {
  process.stderr.write(`bench: ${go.error.message}\n`)
  process.exit(1)
}
const scratch = mkdtempSync(join(tmpdir(), 'sightline-bench-'))
try {
  const binary = join(scratch, 'crowd')
  const built = await buildProgram(go.value, join(root, 'programs', 'crowd'), binary)
  if (!built.ok) throw new Error(built.error)
  await benchLive(binary)
  await benchDump(binary, scratch)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
process.exitCode = missed === 0 ? 0 : 1

async function benchLive(binary: string): Promise<void> {
  await withCrowd(binary, 10_000, async (url) => {
    const windowSeconds = await readAskedSeconds(url)
    const runs: (Measurement & { readonly beyondSeconds: number })[] = []
    for (let run = 0; run < RUNS; run++) {
      const measured = await measureCommand([...sightline, 'diagnose', url, '--json'])
      if (measured.exitCode !== 0) throw new Error(`diagnose failed: ${measured.stdout.slice(0, 400)}`)
      runs.push({ ...measured, beyondSeconds: measured.wallSeconds - windowSeconds })
    }
    const middle = medianRun(runs) as Measurement & { readonly beyondSeconds: number }
    report(
      'capture + diagnose, 10,000 goroutines',
      middle,
      `${middle.beyondSeconds.toFixed(2)} s beyond the windows (target < 3 s)`,
    )
    if (middle.beyondSeconds >= 3) missed += 1
  })
}

async function benchDump(binary: string, folder: string): Promise<void> {
  const file = join(folder, 'goroutine.txt')
  await withCrowd(binary, 300_000, async (url) => {
    const reply = await fetch(`${url}/debug/pprof/goroutine?debug=2`)
    await writeFile(file, new Uint8Array(await reply.arrayBuffer()))
  })
  const runs: Measurement[] = []
  for (let run = 0; run < RUNS; run++) runs.push(await measureCommand([...sightline, 'diagnose', file, '--json']))
  const middle = medianRun(runs)
  const peak = (middle.peakBytes ?? 0) / MIB
  report(`diagnose a dump of ${(statSync(file).size / MIB).toFixed(1)} MiB`, middle, '(target < 2 s, < 300 MB)')
  if (middle.wallSeconds >= 2 || peak * MIB >= 300e6) missed += 1
}

/** The windows that the default plan asks of a target, as the plan itself says. */
async function readAskedSeconds(url: string): Promise<number> {
  const planned = await measureCommand([...sightline, 'capture', url, '--plan', '--json'])
  const document = JSON.parse(planned.stdout) as { readonly data: { readonly plan: { readonly expectedMs: number } } }
  return document.data.plan.expectedMs / 1000
}

async function withCrowd(binary: string, goroutines: number, use: (url: string) => Promise<void>): Promise<void> {
  const service = await startService(binary, ['-goroutines', String(goroutines), '-for', '300s'])
  if (!service.ok) throw new Error(service.error)
  try {
    await use(String(service.value.said.url))
  } finally {
    await service.value.close()
  }
}

function report(what: string, run: Measurement, note: string): void {
  const cpu = run.cpuSeconds === undefined ? '' : `, cpu ${run.cpuSeconds.toFixed(2)} s`
  const peak = run.peakBytes === undefined ? '' : `, peak ${(run.peakBytes / MIB).toFixed(0)} MiB`
  process.stdout.write(`${what}: ${run.wallSeconds.toFixed(2)} s wall${cpu}${peak}, exit ${run.exitCode} ${note}\n`)
}
