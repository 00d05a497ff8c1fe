/**
 * One case of the real system, judged: run, recorded, given to the two commands, and what they say held against what was
 * switched on. Enters: a Go and a scratch folder. Leaves: lines to print, and the number of misses.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { err, ok, type Result } from '../../../src/base/result.ts'
import type { TrustData } from '../../../src/model/trust/trust-data.ts'
import { runSightline } from '../../../tests/samples/run-sightline.ts'
import type { GoTool } from '../../setup/go.ts'
import { runTool } from '../../setup/run-tool.ts'
import type { TrustCase } from './cases.ts'
import { buildTrustProgram, nameFiles, PROGRAM, type Recording, type RunPlan, recordSystem } from './system.ts'
import { describeBreak, type Envelope, listBreaks, listNewRules, missOf, missOfAlone, readSaid } from './verdict.ts'

export type Judged = { readonly lines: readonly string[]; readonly misses: number }

export type JudgeOptions = {
  /** Recordings of an earlier run are judged, and nothing is run. */
  readonly replay?: string
}

export type Judge = {
  readonly judgeCase: (row: TrustCase | undefined, plan: RunPlan) => Promise<Judged>
}

export async function openJudge(go: GoTool, work: string, options: JudgeOptions = {}): Promise<Result<Judge, string>> {
  const built = await buildTrustProgram(go, join(work, 'bin'))
  if (!built.ok) return built
  const { shop, fold } = built.value
  const healthy = await auditBreak(fold, work, '')
  return ok({
    async judgeCase(row, plan) {
      const name = row?.breakClass ?? 'none'
      const recorded =
        options.replay === undefined
          ? await recordSystem(shop, join(work, 'runs', name), plan)
          : ok(nameFiles(join(options.replay, name)))
      if (!recorded.ok) return { lines: [`MISS ${name}: ${recorded.error}`], misses: 1 }
      const spans = await judgeSpans(recorded.value, [])
      if (!spans.ok) return { lines: [`MISS ${name}: ${spans.error}`], misses: 1 }
      if (row === undefined) return judgeHealthy(spans.value, healthy)
      const lines = [judgeLine(row, 'spans', spans.value)]
      if (row.at.includes(' > ')) {
        const headers = await judgeSpans(recorded.value, ['--headers', recorded.value.headers])
        lines.push(headers.ok ? judgeLine(row, 'headers', headers.value) : `MISS ${name}: ${headers.error}`)
      }
      if (row.source) lines.push(judgeSource(row, await auditBreak(fold, work, name), healthy))
      return { lines, misses: lines.filter((line) => line.startsWith('MISS')).length }
    },
  })
}

/** The input is complete when it is judged: all processes have ended. */
export async function judgeSpans(
  { spans, logs }: Pick<Recording, 'spans' | 'logs'>,
  flags: readonly string[],
): Promise<Result<Envelope<TrustData>, string>> {
  return readEnvelope<TrustData>(await runSightline(['trust', '--json', '--settle', '0s', ...flags, spans, logs]))
}

function readEnvelope<Data>({
  stdout,
  stderr,
}: {
  readonly stdout: string
  readonly stderr: string
}): Result<Envelope<Data>, string> {
  try {
    const envelope = JSON.parse(stdout) as Envelope<Data>
    return envelope.ok ? ok(envelope) : err(`${envelope.error?.code}: ${envelope.error?.message}`)
  } catch {
    return err(`no JSON: ${stdout.slice(0, 200)} ${stderr.slice(-600)}`)
  }
}

async function auditBreak(fold: string, work: string, name: string): Promise<Result<Envelope<unknown>, string>> {
  const folder = join(work, 'source', name === '' ? 'none' : name)
  mkdirSync(folder, { recursive: true })
  const folded = await runTool(fold, ['-break', name, '-from', PROGRAM, '-to', folder], { cwd: PROGRAM })
  if (folded.failure !== undefined) return err(`fold: ${folded.failure}`)
  return readEnvelope(await runSightline(['audit', '--json', folder]))
}

function judgeHealthy(spans: Envelope<TrustData>, source: Result<Envelope<unknown>, string>): Judged {
  const breaks = listBreaks(spans.data).filter(({ state }) => state !== 'exonerated')
  const rules = source.ok ? source.value.findings.map(({ rule }) => rule) : [source.error]
  const missed = [
    ...breaks.map((one) => `MISS none: spans: ${describeBreak(one)}`),
    ...rules.map((rule) => `MISS none: source: ${rule}`),
  ]
  return { lines: missed.length > 0 ? missed : ['ok   none: nothing is found'], misses: missed.length }
}

function judgeLine(row: TrustCase, by: string, { data }: Envelope<TrustData>): string {
  const said = readSaid(data, row)
  const miss = missOf(row, said) ?? (by === 'headers' && row.headers === 'alone' ? missOfAlone(row, data) : undefined)
  const what = said.sets.length > 0 ? `: ${said.sets.join('; ')}` : ''
  return `${miss === undefined ? 'ok  ' : 'MISS'} ${row.breakClass}: by ${by}: ${said.how}${what}${miss === undefined ? '' : ` (${miss})`}`
}

function judgeSource(
  { breakClass }: TrustCase,
  broken: Result<Envelope<unknown>, string>,
  healthy: Result<Envelope<unknown>, string>,
): string {
  if (!broken.ok || !healthy.ok) return `MISS ${breakClass}: by source: ${broken.ok ? '' : broken.error}`
  const rules = listNewRules(broken.value, healthy.value)
  const others = [...rules].filter((rule) => rule !== breakClass)
  const note = others.length > 0 ? ` (also ${others.join(', ')})` : ''
  return `${rules.has(breakClass) ? 'ok  ' : 'MISS'} ${breakClass}: by source: ${rules.has(breakClass) ? 'named' : 'not named'}${note}`
}
