/** One line of the ledger's file → an entry or a look. Every part is checked; why it is none is said in words. */
import { err, ok, type Result } from '../../base/result.ts'
import { confidences, severities } from '../../model/contract.ts'
import type {
  DebtEntry,
  DebtFacts,
  DebtMeasure,
  DebtPlace,
  DebtSource,
  LedgerLook,
  Sighting,
  Waiver,
} from '../../model/trust/ledger.ts'
import { canonicalHistory } from './entry-state.ts'
import {
  amountOf,
  dayOf,
  isRecord,
  type JsonRecord,
  listOf,
  oneOf,
  present,
  recordOf,
  textOf,
  timeOf,
} from './json-shape.ts'
import { mergeSources } from './merge-ledgers.ts'

export function readLook(value: JsonRecord): Result<LedgerLook, string> {
  const source = textOf(value.look, 200)
  const subject = textOf(value.subject)
  const first = timeOf(value.first)
  const last = timeOf(value.last)
  if (source === undefined || subject === undefined || first === undefined || last === undefined) {
    return err('a look needs look, subject, first and last')
  }
  return ok({ source, subject, first, last })
}

export function readEntry(value: unknown): Result<DebtEntry, string> {
  if (!isRecord(value)) return err('it is no entry')
  const fingerprint = textOf(value.fingerprint, 200)
  const rule = textOf(value.rule, 200)
  const severity = oneOf(value.severity, severities)
  const confidence = oneOf(value.confidence, confidences)
  const service = textOf(value.service)
  const at = timeOf(value.at)
  if (fingerprint === undefined || rule === undefined || service === undefined) {
    return err('an entry needs fingerprint, rule and service')
  }
  if (severity === undefined || confidence === undefined) return err('an entry needs a severity and a confidence')
  if (at === undefined) return err('an entry needs the time "at" of its newest sighting')
  const sightings = listOf(value.history).flatMap(readSighting)
  const sources = listOf(value.sources).flatMap(readSource)
  if (sightings.length !== listOf(value.history).length || sources.length !== listOf(value.sources).length) {
    return err('a sighting or source is not as it was written')
  }
  const history = canonicalHistory(sightings)
  if (history.length === 0) return err('an entry needs a history in which it was seen')
  const needs = recordOf(value.needs)
  const tier = oneOf(needs.tier, ['a', 'b'] as const)
  const directory = textOf(needs.directory)
  const waiver = value.waiver === undefined ? undefined : readWaiver(recordOf(value.waiver))
  if (value.waiver !== undefined && waiver === undefined) return err('a waiver needs change, at, who, why and until')
  const facts: DebtFacts = {
    at,
    rule,
    title: textOf(value.title) ?? rule,
    severity,
    confidence,
    service,
    where: readPlace(recordOf(value.where)),
    measure: readMeasure(recordOf(value.measure)),
    needs: {
      lenses: readTexts(needs.lenses),
      ...(directory === undefined ? {} : { directory }),
      ...(tier === undefined ? {} : { tier }),
    },
    owners: readTexts(value.owners),
  }
  return ok({
    fingerprint,
    facts,
    sources: mergeSources(sources),
    history,
    ...(waiver === undefined ? {} : { waiver }),
  })
}

function readTexts(value: unknown): readonly string[] {
  return listOf(value)
    .flatMap((one) => textOf(one) ?? [])
    .slice(0, 50)
}

export function readPlace(value: JsonRecord): DebtPlace {
  const edge = recordOf(value.edge)
  const from = textOf(edge.from)
  const to = textOf(edge.to)
  const line = amountOf(value.line)
  return present({
    file: textOf(value.file),
    line: line === undefined || line < 1 ? undefined : Math.floor(line),
    function: textOf(value.function),
    operation: textOf(value.operation),
    edge: from === undefined || to === undefined ? undefined : { from, to },
  })
}

function readMeasure(value: JsonRecord): DebtMeasure {
  const low = amountOf(listOf(value.interval)[0])
  const high = amountOf(listOf(value.interval)[1])
  const interval = low === undefined || high === undefined ? undefined : ([low, high] as const)
  return present({
    rate: amountOf(value.rate),
    interval,
    traces: amountOf(value.traces),
    affectedTracesPerDay: amountOf(value.affectedTracesPerDay),
    goroutineSeconds: amountOf(value.goroutineSeconds),
  })
}

function readSighting(value: unknown): readonly Sighting[] {
  const [time, name, saw, figure] = listOf(value)
  const at = timeOf(time)
  const source = textOf(name, 200)
  const debt = amountOf(figure)
  if (at === undefined || source === undefined || typeof saw !== 'boolean') return []
  return [{ at, source, saw, ...(debt === undefined ? {} : { debt }) }]
}

function readSource(value: unknown): readonly DebtSource[] {
  const [name, first, last] = listOf(value)
  const source = textOf(name, 200)
  const firstSeen = timeOf(first)
  const lastSeen = timeOf(last)
  return source === undefined || firstSeen === undefined || lastSeen === undefined
    ? []
    : [{ source, firstSeen, lastSeen }]
}

function readWaiver(value: JsonRecord): Waiver | undefined {
  const change = amountOf(value.change)
  const at = timeOf(value.at)
  const who = textOf(value.who)
  const why = textOf(value.why)
  const until = dayOf(value.until)
  if (change === undefined || at === undefined || who === undefined || why === undefined || until === undefined) {
    return undefined
  }
  return { change, at, who, why, until, ...(value.lifted === true ? { lifted: true } : {}) }
}
