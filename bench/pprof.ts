/**
 * How fast profiles are decoded, beside pprof-format (npm) and Go's own profile.ParseUncompressed, paired in one run:
 * `node bench/pprof.ts`; `--rounds N` (5), `--file PLAIN.pb` for a profile of one's own, `--json` for machines.
 * Each measurement is a process of its own, so that CPU seconds and peak memory are its own; inside it the file is
 * decoded many times and the median of the second half counts (warm). Profiles are recorded from a real Go program
 * (bench/pprof-go) where Go is on the PATH; without it the recorded capture of the repo is used and Go is left out.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Profile } from 'pprof-format'
import { decodePprofProto } from '../src/decode/pprof/pprof.ts'
import { type Measurement, measureCommand, median } from './lib/measure.ts'

const DECODERS = ['sightline', 'pprof-format', 'go'] as const
type Decoder = (typeof DECODERS)[number]

/** What a measured process says of itself; its CPU seconds and memory are measured from outside. */
type Decoding = { readonly samples: number; readonly seconds: number }
type Run = Decoding & Pick<Measurement, 'cpuSeconds' | 'peakBytes'>

const goFolder = join(import.meta.dirname, 'pprof-go')
const fallback = join(import.meta.dirname, '..', 'testdata', 'captures', 'shop')

/** The measured process: decodes `file` `times` times and prints one Decoding. */
function decodeRepeatedly(decoder: string, file: string, times: number): Decoding {
  const bytes = new Uint8Array(readFileSync(file))
  const seconds: number[] = []
  let samples = 0
  for (let time = 0; time < times; time++) {
    const begun = performance.now()
    samples = decoder === 'sightline' ? decodeOwn(bytes) : Profile.decode(bytes).sample.length
    seconds.push((performance.now() - begun) / 1000)
  }
  return { samples, seconds: median(seconds.slice(times >> 1)) }
}

function decodeOwn(bytes: Uint8Array): number {
  const decoded = decodePprofProto(bytes)
  if (!decoded.ok) throw new Error(decoded.error.message)
  return decoded.value.value.sampleCount
}

async function runOnce(decoder: Decoder, file: string, times: number, goBin: string): Promise<Run> {
  const self = [process.execPath, import.meta.filename, '--decode', decoder, file, String(times)]
  const argv = decoder === 'go' ? [goBin, 'decode', file, String(times)] : self
  const { exitCode, stdout, stderr, cpuSeconds, peakBytes } = await measureCommand(argv)
  if (exitCode !== 0) throw new Error(`${decoder}: ${stderr}`)
  const { samples, seconds } = JSON.parse(stdout) as Decoding
  return {
    samples,
    seconds,
    ...(cpuSeconds === undefined ? {} : { cpuSeconds }),
    ...(peakBytes === undefined ? {} : { peakBytes }),
  }
}

/** Builds the Go side; undefined where there is no Go or it cannot fetch its one module. */
function buildGo(folder: string): string | undefined {
  const output = join(folder, 'pprof-go')
  const run = spawnSync('go', ['build', '-o', output, '.'], { cwd: goFolder, encoding: 'utf8' })
  if (run.status === 0) return output
  process.stderr.write(`without Go: ${run.error?.message ?? run.stderr}\n`)
  return undefined
}

function listFiles(folder: string, goBin: string | undefined, own: string | undefined): string[] {
  if (own !== undefined) return [own]
  if (goBin !== undefined) {
    const run = spawnSync(goBin, ['record', folder], { encoding: 'utf8' })
    if (run.status !== 0) throw new Error(run.stderr)
    return ['goroutine', 'allocs', 'cpu'].map((name) => join(folder, `${name}.pb`))
  }
  return ['goroutine', 'allocs', 'cpu'].map((name) => {
    const plain = join(folder, `${name}.pb`)
    writeFileSync(plain, gunzipSync(readFileSync(join(fallback, `${name}.pb.gz`))))
    return plain
  })
}

async function main(args: readonly string[]): Promise<void> {
  const rounds = Number(args[args.indexOf('--rounds') + 1] ?? 5) || 5
  const own = args.includes('--file') ? args[args.indexOf('--file') + 1] : undefined
  const folder = mkdtempSync(join(tmpdir(), 'sightline-bench-'))
  const report: object[] = []
  try {
    const goBin = buildGo(folder)
    const decoders = DECODERS.filter((decoder) => decoder !== 'go' || goBin !== undefined)
    for (const file of listFiles(folder, goBin, own)) {
      const sizeBytes = statSync(file).size
      // About 60 MB in each process, so that the second half is warm.
      const times = Math.max(10, Math.min(1000, Math.ceil(60e6 / sizeBytes)))
      const runs = new Map<Decoder, Run[]>(decoders.map((decoder) => [decoder, []]))
      for (let round = 0; round < rounds; round++) {
        for (const decoder of decoders) runs.get(decoder)?.push(await runOnce(decoder, file, times, goBin ?? ''))
      }
      for (const [decoder, all] of runs) report.push(summarize(basename(file), sizeBytes, times, decoder, all))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  if (args.includes('--json'))
    process.stdout.write(`${JSON.stringify({ cores: availableParallelism(), rounds, report })}\n`)
  else console.table(report)
}

function summarize(file: string, sizeBytes: number, times: number, decoder: Decoder, runs: readonly Run[]) {
  const seconds = median(runs.map((run) => run.seconds))
  return {
    file,
    sizeBytes,
    decoder,
    samples: runs[0]?.samples,
    milliseconds: round(seconds * 1000),
    megabytesPerSecond: round(sizeBytes / 1e6 / seconds),
    slowest: round(sizeBytes / 1e6 / Math.max(...runs.map((run) => run.seconds))),
    cpuSeconds: medianOf(runs.map((run) => run.cpuSeconds)),
    times,
    peakMegabytes: medianOf(runs.map((run) => run.peakBytes && run.peakBytes / 1e6)),
  }
}

/** Of what could be measured; undefined where it cannot be. */
function medianOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : round(median(known))
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}

if (process.argv[2] === '--decode') {
  const [decoder, file, times] = process.argv.slice(3) as [string, string, string]
  process.stdout.write(JSON.stringify(decodeRepeatedly(decoder, file, Number(times))))
} else await main(process.argv.slice(2))
