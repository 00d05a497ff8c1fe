/**
 * One case: the shop is run with one injection or look-alike, the command reads the files, its report is scored.
 * Targets: classes that spans can prove are named alone (or first, where two have one signature) with precision and recall
 * of 0.95 at 5 % and 50 %; what is expected and named is exonerated; others are among at most three names; at rate 0 and for look-alikes nothing is lost or unexplained. Below 5 % nothing must be
 * found, and nothing false may be said.
 */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TrustData } from '../../../src/model/trust/trust-data.ts'
import { describe, isDebt, readRows, type Score, scoreRows } from './compare.ts'
import type { Injection } from './injectors/injection.ts'
import { everything, lookAlikes } from './look-alikes.ts'
import { type WrittenCase, writeCase } from './write-case.ts'

export type CaseOptions = {
  readonly seed: string
  readonly turn: number
  readonly requests: number
  readonly hours: number
  readonly keep: boolean
}

export type Outcome = {
  readonly name: string
  readonly variant: string
  readonly demand: string
  readonly rate?: number
  readonly seed: string
  readonly passed: boolean
  readonly why: readonly string[]
  readonly score?: Score
  readonly spans: number
  readonly commandMs: number
  readonly said: readonly string[]
}

const target = 0.95
/** Share of the affected traces for which a set must hold the class, where spans cannot prove it. */
const setTarget = 0.8
const sightline = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'bin', 'sightline.mjs')

export async function judgeInjection(
  work: string,
  injection: Injection,
  rate: number,
  options: CaseOptions,
): Promise<Outcome> {
  const folder = join(work, `${injection.className}-${rate}-${options.seed}`.replaceAll(' ', '-'))
  const written = writeCase(folder, {
    seed: `${options.seed} ${injection.className} ${injection.variant} ${rate}`,
    requests: options.requests,
    hours: options.hours,
    keepsHeaders: injection.headers === true,
    prepare: [(ground) => injection.prepare(ground, rate, options.turn)],
  })
  const head = {
    name: injection.className,
    variant: injection.variant,
    demand: injection.demand,
    rate,
    seed: options.seed,
  }
  const ran = await runTrust(written)
  if (!options.keep) rmSync(folder, { recursive: true, force: true })
  const rest = { ...head, spans: written.counts.spans, commandMs: ran.ms }
  if (ran.data === undefined) return { ...rest, passed: false, why: [ran.why], said: [] }
  const rows = readRows(ran.data)
  const debt = rows.filter(isDebt)
  const said = rows.map(describe)
  const isHealthy =
    rate === 0 || injection.demand === 'no-debt' || injection.demand === 'unseen' || injection.demand === 'skew'
  if (isHealthy) {
    const why = debt.map((row) => `not broken: ${describe(row)}`)
    if (injection.demand === 'skew' && rate >= 0.05) why.push(...missingSkew(ran.data, written))
    return { ...rest, passed: why.length === 0, why, said }
  }
  // Below 5 % a set is enough: what is said must not be wrong.
  const demand = rate < 0.05 && injection.demand !== 'exonerated' ? 'in-set' : injection.demand
  const score = scoreRows(rows, written.truth, { ...injection, demand })
  const why = judgeScore(score, injection, rate)
  return { ...rest, passed: why.length === 0, why, score, said }
}

export async function judgeLookAlike(work: string, name: string, options: CaseOptions): Promise<Outcome> {
  const folder = join(work, `look-alike-${name.replace(/\W+/g, '-')}-${options.seed}`)
  const one = lookAlikes.find((entry) => entry.name === name)
  const written = writeCase(folder, {
    seed: `${options.seed} ${name}`,
    requests: options.requests,
    hours: options.hours,
    prepare: [one === undefined ? everything : one.prepare],
  })
  const ran = await runTrust(written)
  if (!options.keep) rmSync(folder, { recursive: true, force: true })
  const rows = ran.data === undefined ? [] : readRows(ran.data)
  const why = ran.data === undefined ? [ran.why] : rows.filter(isDebt).map((row) => `not broken: ${describe(row)}`)
  return {
    name: 'look-alike',
    variant: name,
    demand: 'no-debt',
    seed: options.seed,
    passed: why.length === 0,
    why,
    spans: written.counts.spans,
    commandMs: ran.ms,
    said: rows.map(describe),
  }
}

function judgeScore(score: Score, injection: Injection, rate: number): string[] {
  const why: string[] = []
  const isCounted = injection.demand !== 'in-set'
  if (score.truth === 0) return rate < 0.05 ? [] : ['the generator broke nothing']
  if (score.precision < target) why.push(`precision ${score.precision.toFixed(3)}`)
  if (rate < 0.05) return why
  if (isCounted && score.recall < target) why.push(`recall ${score.recall.toFixed(3)}`)
  if (!isCounted && score.recall < setTarget) why.push(`in a set for ${score.recall.toFixed(3)} of the affected traces`)
  if (isCounted && score.outside > 0)
    why.push(`${score.outside} of ${score.rows} rows: the true rate is outside their interval`)
  return why
}

/** The pair of hosts, or of services, must be reported with its offset to within a tenth. */
function missingSkew(data: TrustData, written: WrittenCase): string[] {
  const item = written.truth[0]
  if (item === undefined) return []
  const offsets = data.skew.map((row) => Math.abs(row.offsetNs))
  const hasLarge = offsets.some((offset) => [180e6, 95e6, 2400e6].some((real) => Math.abs(offset - real) < real * 0.1))
  return hasLarge
    ? []
    : [`the offset is not reported: ${data.skew.map((row) => `${row.from} → ${row.to} ${row.offsetNs}`).join(', ')}`]
}

async function runTrust(written: WrittenCase): Promise<{ data?: TrustData; why: string; ms: number }> {
  const headers = written.headersFile === undefined ? [] : ['--headers', written.headersFile]
  const args = [sightline, 'trust', ...written.files, ...headers, '--json']
  const began = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, errors, exit] = await Promise.all([
    readAll(child.stdout),
    readAll(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ])
  const ms = performance.now() - began
  try {
    const report = JSON.parse(out) as { ok: boolean; data: TrustData; error: { code: string; message: string } | null }
    if (!report.ok) return { why: `exit ${exit}: ${report.error?.code} ${report.error?.message}`, ms }
    return { data: report.data, why: '', ms }
  } catch {
    return { why: `exit ${exit}, no report: ${errors.slice(0, 200)}`, ms }
  }
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}
