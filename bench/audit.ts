/**
 * `sightline audit --tier a` as a user runs it, over a folder of Go: the source of Go's own commands by default. Measured
 * from outside: wall clock, CPU seconds (what a busy machine leaves comparable), the kernel's high-water mark of memory.
 * `node bench/audit.ts [DIRECTORY] [--runs N]`.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureCommand, medianRun } from './lib/measure.ts'

type Read = { readonly data: { readonly files: { readonly read: number; readonly sizeBytes: number } } }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '3' } },
})
const [given] = positionals
const goroot = given === undefined ? (await measureCommand(['go', 'env', 'GOROOT'])).stdout.trim() : ''
const directory = given ?? join(goroot, 'src', 'cmd')
const program = join(import.meta.dirname, '..', 'bin', 'sightline.mjs')

const runs = []
for (let run = 0; run < Number(values.runs); run++) {
  runs.push(await measureCommand([process.execPath, program, 'audit', directory, '--tier', 'a', '--json'], 600_000))
}
const middle = medianRun(runs)
const { read, sizeBytes } = (JSON.parse(middle.stdout) as Read).data.files
const seconds = (value: number | undefined): string => (value === undefined ? '?' : value.toFixed(1))
process.stdout.write(
  `${read} files, ${(sizeBytes / 1e6).toFixed(1)} MB: ${seconds(middle.wallSeconds)} s, ` +
    `${seconds(middle.cpuSeconds)} CPU s, ${Math.round((middle.peakBytes ?? 0) / 2 ** 20)} MiB (median of ${runs.length})\n`,
)
