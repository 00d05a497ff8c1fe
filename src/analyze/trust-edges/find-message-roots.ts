/**
 * Consumer spans that are roots without a link, and producer spans that nobody continues. Enters: the facts. Leaves: one
 * group per consumer operation, with the producer of the same destination where there is one. A consumer with a link is
 * sound, and so is one whose destination has no producer in the data: whoever sends is not seen here.
 */
import type { MessageRootGroup } from '../trust/break-group.ts'
import { ROOT } from '../trust/forest.ts'
import { groupByOperation, makePlace } from '../trust/places.ts'
import {
  at,
  attributeText,
  CONSUMER,
  hasLink,
  linkKey,
  nameOfService,
  PRODUCER,
  serviceOfRow,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { buildWindows, isLifted, lastBefore, measureLift, type Windows } from '../trust/windows.ts'

const MAX_LAG_NS = 60e9
const SAMPLE = 200

export type MessageRoots = {
  readonly groups: readonly MessageRootGroup[]
  /** Producers that nobody continues, with the service that consumes what they send and loses it. */
  readonly producers: ReadonlyMap<number, number>
}

export function findMessageRoots(facts: TrustFacts): MessageRoots {
  const { spans, forest, taken } = facts
  const roots: number[] = []
  for (let row = 0; row < spans.count; row++) {
    if (forest.parents[row] !== ROOT || taken[row] === 1 || hasLink(facts, row)) continue
    const kind = at(spans.kinds, row)
    if (kind === CONSUMER || (kind <= 1 && isProcessing(facts, row))) roots.push(row)
  }
  if (roots.length === 0) return { groups: [], producers: new Map() }
  const producers = collectProducers(facts)
  const continued = countContinued(facts)
  const groups = groupByOperation(facts, roots).flatMap((rows) => describeConsumer(facts, rows, producers, continued))
  const consumers = new Map<number, number>()
  for (const { destination, rows } of groups) {
    for (const row of producers.get(destination)?.windows.rows ?? []) {
      consumers.set(row, serviceOfRow(facts, at(rows, 0)))
    }
  }
  return { groups, producers: consumers }
}

function isProcessing(facts: TrustFacts, row: number): boolean {
  const operation =
    attributeText(facts, row, 'messaging.operation.type') ?? attributeText(facts, row, 'messaging.operation')
  return operation === 'process' || operation === 'receive' || operation === 'deliver'
}

type Producers = ReadonlyMap<string, { windows: Windows; service: number }>

/** Those that nobody continues or links to, by destination. */
function collectProducers(facts: TrustFacts): Producers {
  const { spans } = facts
  const lists = new Map<string, number[]>()
  for (let row = 0; row < spans.count; row++) {
    if (at(spans.kinds, row) !== PRODUCER || facts.answered[row] === 1) continue
    if (facts.linked.has(linkKey(at(spans.idHigh, row), at(spans.idLow, row)))) continue
    const destination = destinationOf(facts, row)
    const list = lists.get(destination)
    if (list === undefined) lists.set(destination, [row])
    else list.push(row)
  }
  return new Map(
    [...lists].map(([destination, rows]) => [
      destination,
      { windows: buildWindows(spans, rows), service: serviceOfRow(facts, rows[0] as number) },
    ]),
  )
}

/** Consumers with a parent or a link, by destination and service; producers whose messages are continued, by the same. */
function countContinued(facts: TrustFacts): ReadonlyMap<string, Map<number, number>> {
  const { spans, forest } = facts
  const counts = new Map<string, Map<number, number>>()
  for (let row = 0; row < spans.count; row++) {
    if (at(spans.kinds, row) !== CONSUMER) continue
    if (at(forest.parents, row) < 0 && !hasLink(facts, row)) continue
    const destination = destinationOf(facts, row)
    const own = counts.get(destination) ?? new Map<number, number>()
    counts.set(destination, own)
    const parent = at(forest.parents, row)
    const service = serviceOfRow(facts, row)
    own.set(service, (own.get(service) ?? 0) + 1)
    if (parent >= 0) own.set(-1 - serviceOfRow(facts, parent), (own.get(-1 - serviceOfRow(facts, parent)) ?? 0) + 1)
  }
  return counts
}

/** `messaging.destination.name`; without it the span's name less the word for what is done. */
function destinationOf(facts: TrustFacts, row: number): string {
  const named =
    attributeText(facts, row, 'messaging.destination.name') ?? attributeText(facts, row, 'messaging.destination')
  if (named !== undefined) return named
  const name = facts.spans.strings[at(facts.spans.names, row)] ?? ''
  return name
    .replace(/\b(publish|publishes|send|produce|create|receive|process|consume|deliver|settle|poll|ack)\b/gi, '')
    .trim()
    .toLowerCase()
}

function describeConsumer(
  facts: TrustFacts,
  rows: readonly number[],
  producers: Producers,
  continued: ReadonlyMap<string, Map<number, number>>,
): MessageRootGroup[] {
  const { spans } = facts
  const first = rows[0] as number
  const destination = destinationOf(facts, first)
  const producer = producers.get(destination)
  const operation = at(facts.operations.of, first)
  if (producer === undefined) return []
  const follows = (row: number): boolean => {
    const index = lastBefore(producer.windows.starts, at(spans.startNs, row))
    return index >= 0 && at(spans.startNs, row) - at(producer.windows.starts, index) <= MAX_LAG_NS
  }
  const held = rows.filter(follows)
  if (held.length === 0) return []
  for (const row of held) facts.taken[row] = 1
  const close = producer.windows.medianNs + 1e6
  const lift = measureLift(facts, held.slice(0, SAMPLE), close, (row, movedNs) => {
    const time = at(spans.startNs, row) + movedNs
    const index = lastBefore(producer.windows.starts, time)
    return index >= 0 && time - at(producer.windows.starts, index) <= 10 * close
  })
  const place = makePlace(facts, held)
  const service = serviceOfRow(facts, first)
  const own = continued.get(destination)
  let others = 0
  let producersContinued = 0
  for (const [key, count] of own ?? []) {
    if (key >= 0 && key !== service) others += count
    if (key < 0 && -1 - key !== producer.service) producersContinued += count
  }
  return [
    {
      ...place,
      shape: 'message-root',
      edge: { from: nameOfService(facts, producer.service), to: place.service },
      crossed: Math.max(place.affected, at(facts.opRows, operation)),
      destination,
      paired: isLifted(lift),
      lift,
      otherConsumersContinue: others,
      otherProducersContinued: producersContinued,
    },
  ]
}
