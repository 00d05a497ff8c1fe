/**
 * What the SDK or the process said in its logs when spans were lost: that it dropped them, that an export was cancelled,
 * that it died. Words alone prove little; they count where the lost visits have such a line near by and the kept ones
 * have not.
 */
import type { Lift } from '../trust/break-group.ts'
import { at, type TrustFacts } from '../trust/trust-facts.ts'
import { lastBefore } from '../trust/windows.ts'
import type { KeptVisit, LostVisit } from './visits.ts'

export type LossWord = 'dropped' | 'cancelled' | 'died'
export type LossWords = Readonly<Record<LossWord, Lift & { readonly example: string }>>

/** As the SDKs of Go, Java, Python, JavaScript and the collector put it: all of a row must match. */
const patterns: Readonly<Record<LossWord, readonly RegExp[]>> = {
  dropped: [
    /\bdrop|queue (is |was )?(full|overflow)|max_?queue_?size/i,
    /\b(spans?|traces?|telemetry|otlp|otel|opentelemetry|spanprocessor|batchspanprocessor|exporter\w*|sending.?queue)\b/i,
  ],
  cancelled: [
    /\bcancel+ed\b/i,
    /\b(export|flush|upload)/i,
    /\b(spans?|traces?|telemetry|otlp|otel|opentelemetry|\w*spanprocessor|forceflush|force flush)\b/i,
  ],
  died: [/^\s*(fatal|panic)\b|\b(fatal( error)?:|panic:|log\.Fatal|os\.Exit|out of memory|SIGKILL|signal: killed)/i],
}

const FATAL = 21
/** A line may come before what is lost ends, and after an export and its timeout. */
const BEFORE_NS = 2e9
const AFTER_NS = 36e9

export function readLossWords(
  facts: TrustFacts,
  owner: number,
  lost: readonly LostVisit[],
  kept: readonly KeptVisit[],
): LossWords | undefined {
  const { logs, spans } = facts
  if (logs === undefined || lost.length === 0) return undefined
  const offset = Number(logs.baseUnixNs - spans.baseUnixNs)
  const isOwn = logs.resources.map(({ service }) => service === facts.services[owner])
  const known = new Map<number, LossWord | undefined>()
  const times: Record<LossWord, number[]> = { dropped: [], cancelled: [], died: [] }
  const examples: Record<LossWord, string> = { dropped: '', cancelled: '', died: '' }
  for (let row = 0; row < logs.count; row++) {
    if (isOwn[at(logs.resourceOf, row)] !== true) continue
    const body = at(logs.bodies, row)
    if (!known.has(body)) known.set(body, classify(logs.strings[body] ?? ''))
    const word = known.get(body) ?? (at(logs.severities, row) >= FATAL ? 'died' : undefined)
    if (word === undefined) continue
    times[word].push(at(logs.timeNs, row) + offset)
    if (examples[word] === '') examples[word] = (logs.strings[body] ?? '').slice(0, 120)
  }
  const measure = (word: LossWord): Lift & { readonly example: string } => {
    const sorted = Float64Array.from(times[word]).sort()
    const share = (visits: readonly { timeNs: number }[]): number =>
      visits.filter(({ timeNs }) => lastBefore(sorted, timeNs + AFTER_NS) > lastBefore(sorted, timeNs - BEFORE_NS))
        .length / Math.max(1, visits.length)
    return { seen: share(lost), chance: share(kept), sample: lost.length, example: examples[word] }
  }
  return { dropped: measure('dropped'), cancelled: measure('cancelled'), died: measure('died') }
}

function classify(text: string): LossWord | undefined {
  const words = Object.keys(patterns) as LossWord[]
  return words.find((word) => patterns[word].every((pattern) => pattern.test(text)))
}
