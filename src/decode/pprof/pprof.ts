/**
 * The door of the pprof decoder, published as `sightline/pprof`.
 * Enters: a profile as net/http/pprof or runtime/pprof wrote it, gzipped or plain. Leaves: a columnar `Profile` and
 * what is doubtful about it. Two walks: one counts rows and reads the tables, one reads the samples.
 * Spec: github.com/google/pprof proto/profile.proto. Does not symbolize, does not read the legacy text formats,
 * does not inflate by itself: an Inflater is given from outside.
 */
import { CursorFault } from '../../base/byte-cursor.ts'
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { formatSize } from '../../base/units.ts'
import { type Decoded, openIssueLog } from '../../model/issue.ts'
import type { Inflater } from '../../model/ports.ts'
import type { Profile } from '../../model/profile.ts'
import { readSamples } from './read-samples.ts'
import { countRows, readTables, type Tables } from './read-tables.ts'
import { BYTES, openWire, readTag, readVarint32, skipField, VARINT } from './wire.ts'

export type PprofLimits = {
  /** Of plain protobuf. Decoded columns take at most about twelve times that, usually less than it. */
  readonly maxBytes: number
}

export const DEFAULT_PPROF_LIMITS: PprofLimits = { maxBytes: 512 * 1024 * 1024 }

export type PprofOptions = {
  /** Needed for gzipped input; without it such input is SL_DECODE_COMPRESSED. */
  readonly inflater?: Inflater
  readonly limits?: PprofLimits
}

/**
 * Whether the first bytes look like a profile: `gzip` says only that they are compressed (what is inside is not seen),
 * `proto` that they are fields of profile.proto. Undefined when neither. 64 bytes are enough, more make it surer.
 */
export function detectPprof(head: Uint8Array): 'gzip' | 'proto' | undefined {
  if (head.length >= 3 && head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return 'gzip'
  try {
    return looksLikeProto(head) ? 'proto' : undefined
  } catch (error) {
    if (error instanceof CursorFault) return undefined
    throw error
  }
}

/** Decodes a profile, inflating it first where it is gzipped (several members too). */
export async function decodePprof(bytes: Uint8Array, options: PprofOptions = {}): Promise<Result<Decoded<Profile>>> {
  const limits = options.limits ?? DEFAULT_PPROF_LIMITS
  if (detectPprof(bytes) !== 'gzip') return decodePprofProto(bytes, limits)
  if (options.inflater === undefined) return err(fault('SL_DECODE_COMPRESSED'))
  const plain = await options.inflater.inflate(bytes, { maxBytes: limits.maxBytes })
  return plain.ok ? decodePprofProto(plain.value, limits) : plain
}

/** Decodes a plain profile.proto. Faults carry the offset in `detail.offset`. The columns do not alias `bytes`. */
export function decodePprofProto(
  bytes: Uint8Array,
  limits: PprofLimits = DEFAULT_PPROF_LIMITS,
): Result<Decoded<Profile>> {
  if (bytes.length === 0) return err(fault('SL_DECODE_EMPTY', { detail: { offset: 0 } }))
  if (bytes.length > limits.maxBytes) {
    const message = `The profile takes ${formatSize(bytes.length)}, the limit is ${formatSize(limits.maxBytes)}`
    return err(fault('SL_DECODE_TOO_LARGE', { message, detail: { offset: limits.maxBytes } }))
  }
  try {
    const counts = countRows(bytes)
    const tables = readTables(bytes, counts)
    if (tables.sampleTypes.length === 0) throw new CursorFault('malformed', 0, 'the profile has no sample types')
    const samples = readSamples(bytes, counts, tables.sampleTypes.length, tables.locationIds, tables.strings.length)
    const { sampleTypes, periodType, period, timeNs, durationNs } = tables
    const value: Profile = {
      sampleTypes,
      defaultSampleType: tables.defaultSampleType,
      ...(periodType === undefined ? {} : { periodType }),
      ...(period === 0n ? {} : { period }),
      ...(timeNs === 0n ? {} : { timeNs }),
      ...(durationNs === 0n ? {} : { durationNs }),
      dropFrames: tables.dropFrames,
      keepFrames: tables.keepFrames,
      docUrl: tables.docUrl,
      comments: tables.comments,
      strings: tables.strings,
      sampleCount: counts.samples,
      ...samples,
      locationCount: tables.locationCount,
      locationAddresses: tables.locationAddresses,
      locationMappings: tables.locationMappings,
      locationFolded: tables.locationFolded,
      lineStart: tables.lineStart,
      lineFunctions: tables.lineFunctions,
      lineNumbers: tables.lineNumbers,
      lineColumns: tables.lineColumns,
      functionCount: tables.functionCount,
      functionNames: tables.functionNames,
      functionSystemNames: tables.functionSystemNames,
      functionFiles: tables.functionFiles,
      functionStartLines: tables.functionStartLines,
      mappings: tables.mappings,
    }
    return ok({ value, issues: listDoubts(tables) })
  } catch (error) {
    if (!(error instanceof CursorFault)) throw error
    const code = error.kind === 'truncated' ? 'SL_DECODE_TRUNCATED' : 'SL_DECODE_MALFORMED'
    const message = `The profile is ${error.kind} at byte ${error.offset}: ${error.message}`
    return err(fault(code, { message, detail: { offset: error.offset } }))
  }
}

function listDoubts(tables: Tables) {
  const issues = openIssueLog()
  if (tables.damagedStrings > 0) {
    issues.add('SL_DECODE_MALFORMED', 'strings are not valid UTF-8; damaged bytes are shown as U+FFFD', {
      count: tables.damagedStrings,
    })
  }
  if (tables.linesWithoutFunction > 0) {
    issues.add('SL_DECODE_MALFORMED', 'lines name a function that the profile does not hold', {
      count: tables.linesWithoutFunction,
    })
  }
  if (tables.locationsWithoutMapping > 0) {
    issues.add('SL_DECODE_MALFORMED', 'locations name a mapping that the profile does not hold', {
      count: tables.locationsWithoutMapping,
    })
  }
  return issues.list()
}

/** Wire type of each field of the top-level message; fields 1 to 6 and 11 are messages or strings. */
const TOP_TYPES: readonly number[] = [9, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 2, 0, 2, 0, 0]

/** At least one whole sample type, and nothing that profile.proto does not have before the head ends. */
function looksLikeProto(head: Uint8Array): boolean {
  const wire = openWire(head)
  let sampleTypes = 0
  let fields = 0
  while (wire.at < head.length && fields < 64) {
    const tag = readTag(wire, head.length)
    const number = tag >>> 3
    const type = tag & 7
    const known = TOP_TYPES[number]
    if (known !== undefined && known !== type && !(number === 13 && type === VARINT)) return false
    if (type === BYTES) {
      const length = readVarint32(wire, head.length)
      if (length > head.length - wire.at) return sampleTypes > 0
      const stop = wire.at + length
      if (number === 1) {
        if (!isValueType(head, wire.at, stop)) return false
        sampleTypes++
      }
      wire.at = stop
    } else skipField(wire, tag, head.length)
    fields++
  }
  return sampleTypes > 0
}

function isValueType(head: Uint8Array, from: number, end: number): boolean {
  const wire = openWire(head, from)
  while (wire.at < end) {
    const tag = readTag(wire, end)
    if (tag !== 0x08 && tag !== 0x10) return false
    readVarint32(wire, end)
  }
  return end > from
}
