/**
 * Files → spans and logs: what each is gets decided by its content, together they are one input.
 * Spans are read as they come, file after file; logs after them. A file that is neither is named and left out; one that
 * breaks off keeps what came before. Fault: where no span could be read, what is wrong with the only file or the first.
 */
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { detectKind } from '../../decode/detect.ts'
import { decodeLogs, type LogInput } from '../../decode/logs/logs.ts'
import { openSpanReader } from '../../decode/spans/spans.ts'
import type { CoverageGap } from '../../model/contract.ts'
import { type Issue, type IssueLog, openIssueLog } from '../../model/issue.ts'
import type { ProgressSink } from '../../model/report.ts'
import type { LogTable, SpanTable } from '../../model/spans.ts'
import type { InputFile, InputPlace } from '../../model/trust/input-files.ts'
import { dropRepeats } from './drop-repeats.ts'

export type Signals = {
  readonly spans: SpanTable
  readonly logs?: LogTable
  readonly issues: readonly Issue[]
  readonly asked: number
  readonly missing: readonly CoverageGap[]
  /** Of what is missing, files that were asked for by name. */
  readonly refused: number
  /** When the last of the files of spans was complete, where that is known. */
  readonly completeUnixNs?: bigint
}

export type SignalOptions = {
  readonly progress?: ProgressSink
  readonly signal?: AbortSignal
  /** More spans than this are counted, not kept. */
  readonly maxSpans?: number
  readonly mayBePartial?: string
}

type Reading = {
  readonly issues: IssueLog
  readonly missing: CoverageGap[]
  readonly logs: { readonly file: InputFile; readonly place: InputPlace }[]
  asked: number
  refused: number
  firstFault?: Fault
  completeUnixNs?: bigint
  isCut?: boolean
}

export async function readSignals(places: readonly InputPlace[], options: SignalOptions): Promise<Result<Signals>> {
  const reading: Reading = { issues: openIssueLog(), missing: [], logs: [], asked: 0, refused: 0 }
  const reader = openSpanReader(options.maxSpans === undefined ? {} : { limits: { maxSpans: options.maxSpans } })
  const isOne = places.length === 1
  for (const place of places) {
    if (options.signal?.aborted === true) break
    // What a capture says to be something else is not asked for.
    if (place.kind !== undefined && place.kind !== 'spans' && place.kind !== 'logs' && place.kind !== 'unknown')
      continue
    reading.asked++
    const opened = await place.open()
    if (!opened.ok) {
      refuse(reading, place.name, opened.error, place)
      continue
    }
    const file = opened.value
    const kind = tellKind(file, place.kind)
    if (kind === 'logs') reading.logs.push({ file, place })
    else if (kind === 'spans') {
      reader.beginFile(file.name, options.mayBePartial)
      await feedFile(file, (piece) => reader.feed(piece), options)
      const failure = file.failure()
      if (failure !== undefined) reader.failFile(failure)
      noteComplete(reading, file, reader.endFile())
    } else {
      await file.close()
      refuse(reading, file.name, kind, place)
    }
  }
  const decoded = reader.finish()
  if (options.signal?.aborted === true) {
    const hint = 'Run it again: of spans that were not all read nothing is said, and nothing was kept.'
    return err(fault('SL_COLLECT_INTERRUPTED', { message: 'Reading was ended', hint }))
  }
  if (!decoded.ok) {
    for (const { file } of reading.logs) await file.close()
    return err(explain(decoded.error, reading, isOne))
  }
  reading.issues.addAll(decoded.value.issues)
  const { spans, repeated } = dropRepeats(decoded.value.value)
  for (const { name, before, spans } of repeated) {
    const message = `${spans} spans of this file stand in another as well (${before}): each was counted once`
    reading.issues.add('SL_OPS_SPANS_REPEATED', message, { at: { file: name }, count: spans })
  }
  const logs = await readLogs(reading, options)
  return ok({
    spans: spreadDoubt(spans),
    ...(logs === undefined ? {} : { logs }),
    issues: reading.issues.list(),
    asked: reading.asked,
    missing: reading.missing,
    refused: reading.refused,
    ...(reading.completeUnixNs === undefined || reading.isCut === true
      ? {}
      : { completeUnixNs: reading.completeUnixNs }),
  })
}

/** A span that one file lacks may stand in the next: of several files the last counts. What was cut was never complete. */
function noteComplete(reading: Reading, file: InputFile, isWhole: boolean): void {
  const at = file.completeUnixNs?.()
  if (!isWhole) reading.isCut = true
  if (at !== undefined && (reading.completeUnixNs ?? 0n) < at) reading.completeUnixNs = at
}

/** A parent that is not there may stand in the part of another file that is not. */
function spreadDoubt(spans: SpanTable): SpanTable {
  const doubt = spans.sources.find(({ mayBePartial }) => mayBePartial !== undefined)
  if (doubt === undefined || spans.sources.length === 1) return spans
  const sources = spans.sources.map((source) => ({
    ...source,
    mayBePartial: source.mayBePartial ?? `of ${doubt.name} only a part was read`,
  }))
  return { ...spans, sources }
}

/** A fault where it is surely something else; what nothing is known of the reader of spans may try. */
function tellKind({ head, name }: InputFile, said: string | undefined): 'spans' | 'logs' | Fault {
  if (said === 'spans' || said === 'logs') return said
  const detected = detectKind(head, { name })
  const hint =
    'trust reads OTLP, Jaeger, Zipkin and Tempo spans, and logs beside them; diagnose and timeline read others.'
  if (detected.kind === 'spans' || detected.kind === 'logs') return detected.kind
  const isOpen = detected.kind === 'unknown' && detected.fault?.code === 'SL_DECODE_UNKNOWN_FORMAT'
  const first = head.find((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf)
  if (isOpen && (first === 0x7b || first === 0x5b)) return 'spans'
  if (isOpen) return { ...(detected.fault as Fault), hint }
  // Its beginning was looked at, and build info stands further behind.
  if (detected.fault?.code === 'SL_DECODE_NO_BUILD_INFO') {
    return fault('SL_DECODE_UNKNOWN_FORMAT', { message: 'This is no spans and no logs: an executable', hint })
  }
  if (detected.fault !== undefined) return detected.fault
  const message = `This is no spans and no logs: ${detected.kind.replaceAll('-', ' ')}`
  return fault('SL_DECODE_UNKNOWN_FORMAT', { message, hint })
}

async function feedFile(
  file: InputFile,
  feed: (piece: Uint8Array) => void,
  { progress, signal }: SignalOptions,
): Promise<void> {
  let done = 0
  for await (const piece of file.bytes) {
    feed(piece)
    done += piece.length
    const total = file.sizeBytes
    progress?.step(`reading ${file.name}`, { done, ...(total === undefined ? {} : { total }), unit: 'bytes' })
    if (signal?.aborted === true) return
  }
}

async function readLogs(reading: Reading, { progress }: SignalOptions): Promise<LogTable | undefined> {
  if (reading.logs.length === 0) return undefined
  progress?.step('reading logs')
  const inputs = reading.logs.map(({ file }): LogInput => ({ name: file.name, bytes: file.bytes }))
  const decoded = await decodeLogs(inputs)
  for (const { file } of reading.logs) {
    const failure = file.failure()
    if (failure !== undefined) reading.issues.add(failure.code, failure.message, { at: { file: file.name } })
  }
  if (!decoded.ok) {
    for (const { file, place } of reading.logs) refuse(reading, file.name, decoded.error, place)
    return undefined
  }
  reading.issues.addAll(decoded.value.issues)
  return decoded.value.value
}

function refuse(reading: Reading, name: string, why: Fault, place: InputPlace): void {
  if (place.isFound !== true) reading.refused++
  const target = { ...why, target: why.target ?? name }
  reading.firstFault ??= target
  reading.missing.push({ what: name, why: why.message, code: why.code })
  reading.issues.add('SL_OPS_FILE_UNREADABLE', `left out: ${why.message} (${why.code})`, { at: { file: name } })
}

function explain(none: Fault, { firstFault, logs, asked }: Reading, isOne: boolean): Fault {
  if (firstFault !== undefined && (isOne || none.code === 'SL_DECODE_NO_SPANS')) return firstFault
  if (logs.length > 0 && none.code === 'SL_DECODE_NO_SPANS') {
    return { ...none, message: 'Logs were given, and no spans: trust judges spans, and reads logs beside them' }
  }
  if (asked === 0) return { ...none, message: 'The capture holds no spans' }
  return none
}
