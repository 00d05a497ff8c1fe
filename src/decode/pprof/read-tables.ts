/**
 * The small tables of a profile: strings, functions, mappings, locations with their lines, and the header fields.
 * Enters: a plain profile.proto and how many rows each table has. Leaves: columns, still without samples.
 * Locations may come before or after the functions they name, so names are resolved at the end.
 * Spec: github.com/google/pprof proto/profile.proto; rules as in its profile/encode.go and CheckValid.
 */
import { CursorFault } from '../../base/byte-cursor.ts'
import type { ProfileMapping, SampleType } from '../../model/profile.ts'
import { findId, type IdIndex, indexIds } from './id-index.ts'
import { readStrings } from './read-strings.ts'
import {
  BYTES,
  expectType,
  HIGH_HALF,
  LOW_HALF,
  openWire,
  readEnd,
  readTag,
  readVarint32,
  readVarint64,
  skipField,
  toDouble,
  toInt64,
  VARINT,
  type Wire,
} from './wire.ts'

/** Rows per table, found by walking the top level once. */
export type RowCounts = {
  readonly samples: number
  readonly sampleBytes: number
  readonly locations: number
  readonly functions: number
  readonly mappings: number
  readonly strings: number
}

/** Everything but the samples. */
export type Tables = {
  readonly sampleTypes: readonly SampleType[]
  readonly defaultSampleType: string
  readonly periodType: SampleType | undefined
  readonly period: bigint
  readonly timeNs: bigint
  readonly durationNs: bigint
  readonly dropFrames: string
  readonly keepFrames: string
  readonly docUrl: string
  readonly comments: readonly string[]
  readonly strings: readonly string[]
  readonly damagedStrings: number
  readonly locationIds: IdIndex
  readonly locationCount: number
  readonly locationAddresses: BigUint64Array
  readonly locationMappings: Uint32Array
  readonly locationFolded: Uint8Array
  readonly lineStart: Uint32Array
  readonly lineFunctions: Uint32Array
  readonly lineNumbers: Float64Array
  readonly lineColumns: Float64Array
  readonly functionCount: number
  readonly functionNames: Uint32Array
  readonly functionSystemNames: Uint32Array
  readonly functionFiles: Uint32Array
  readonly functionStartLines: Float64Array
  readonly mappings: readonly ProfileMapping[]
  /** Lines that name no function of the table; they point at one added, nameless row. */
  readonly linesWithoutFunction: number
  /** Locations whose mapping id is not in the table. */
  readonly locationsWithoutMapping: number
}

/** Walks the top level and counts; nothing is allocated before this has seen every length. */
export function countRows(bytes: Uint8Array): RowCounts {
  const wire = openWire(bytes)
  const end = bytes.length
  let samples = 0
  let sampleBytes = 0
  let locations = 0
  let functions = 0
  let mappings = 0
  let strings = 0
  while (wire.at < end) {
    const at = wire.at
    const tag = readTag(wire, end)
    skipField(wire, tag, end)
    if (tag === 0x12) {
      samples++
      sampleBytes += wire.at - at
    } else if (tag === 0x22) locations++
    else if (tag === 0x2a) functions++
    else if (tag === 0x1a) mappings++
    else if (tag === 0x32) strings++
  }
  return { samples, sampleBytes, locations, functions, mappings, strings }
}

/** What one walk gathers; names and ids are still those of the file. */
type Gathered = {
  readonly wire: Wire
  readonly sampleTypes: [number, number][]
  periodType: [number, number] | undefined
  defaultSampleType: number
  dropFrames: number
  keepFrames: number
  docUrl: number
  comments: number[]
  time: bigint
  duration: bigint
  period: bigint
  readonly mappings: {
    id: bigint
    at: number
    start: bigint
    limit: bigint
    offset: bigint
    file: number
    build: number
    has: number
  }[]
  stringCount: number
  readonly stringAt: Uint32Array
  readonly stringEnd: Uint32Array
  functionCount: number
  readonly functionLo: Uint32Array
  readonly functionHi: Uint32Array
  readonly functionAt: Uint32Array
  readonly functionNames: Uint32Array
  readonly functionSystemNames: Uint32Array
  readonly functionFiles: Uint32Array
  readonly functionStartLines: Float64Array
  locationCount: number
  readonly locationLo: Uint32Array
  readonly locationHi: Uint32Array
  readonly locationAt: Uint32Array
  readonly addressHalves: Uint32Array
  readonly mappingLo: Uint32Array
  readonly mappingHi: Uint32Array
  readonly locationFolded: Uint8Array
  readonly lineStart: Uint32Array
  lineCount: number
  lineLo: Uint32Array
  lineHi: Uint32Array
  lineNumbers: Float64Array
  lineColumns: Float64Array
}

/** Reads all tables but the samples. */
export function readTables(bytes: Uint8Array, counts: RowCounts): Tables {
  const functionRows = counts.functions + 1 // one spare row for lines without a function
  const addresses = new BigUint64Array(counts.locations)
  const lineRows = counts.locations * 2 + 16
  const all: Gathered = {
    wire: openWire(bytes),
    sampleTypes: [],
    periodType: undefined,
    defaultSampleType: 0,
    dropFrames: 0,
    keepFrames: 0,
    docUrl: 0,
    comments: [],
    time: 0n,
    duration: 0n,
    period: 0n,
    mappings: [],
    stringCount: 0,
    stringAt: new Uint32Array(counts.strings),
    stringEnd: new Uint32Array(counts.strings),
    functionCount: 0,
    functionLo: new Uint32Array(counts.functions),
    functionHi: new Uint32Array(counts.functions),
    functionAt: new Uint32Array(counts.functions),
    functionNames: new Uint32Array(functionRows),
    functionSystemNames: new Uint32Array(functionRows),
    functionFiles: new Uint32Array(functionRows),
    functionStartLines: new Float64Array(functionRows),
    locationCount: 0,
    locationLo: new Uint32Array(counts.locations),
    locationHi: new Uint32Array(counts.locations),
    locationAt: new Uint32Array(counts.locations),
    addressHalves: new Uint32Array(addresses.buffer),
    mappingLo: new Uint32Array(counts.locations),
    mappingHi: new Uint32Array(counts.locations),
    locationFolded: new Uint8Array(counts.locations),
    lineStart: new Uint32Array(counts.locations + 1),
    lineCount: 0,
    lineLo: new Uint32Array(lineRows),
    lineHi: new Uint32Array(lineRows),
    lineNumbers: new Float64Array(lineRows),
    lineColumns: new Float64Array(lineRows),
  }
  while (all.wire.at < bytes.length) readTopField(all, bytes.length)
  return resolveTables(all, addresses, counts)
}

function readTopField(all: Gathered, end: number): void {
  const wire = all.wire
  const at = wire.at
  const tag = readTag(wire, end)
  switch (tag >>> 3) {
    case 1:
      all.sampleTypes.push(readValueType(wire, tag, at, end))
      return
    case 2:
      expectType(tag, BYTES, at, 'a sample')
      wire.at = readEnd(wire, end)
      return
    case 3:
      readMapping(all, tag, at, end)
      return
    case 4:
      readLocation(all, tag, at, end)
      return
    case 5:
      readFunction(all, tag, at, end)
      return
    case 6: {
      expectType(tag, BYTES, at, 'a string')
      const stop = readEnd(wire, end)
      all.stringAt[all.stringCount] = wire.at
      all.stringEnd[all.stringCount++] = stop
      wire.at = stop
      return
    }
    case 7:
      all.dropFrames = readIndex(wire, tag, at, end, 'drop_frames')
      return
    case 8:
      all.keepFrames = readIndex(wire, tag, at, end, 'keep_frames')
      return
    case 9: {
      const time = readInt64(wire, tag, at, end, 'time_nanos')
      if (all.time !== 0n) throw new CursorFault('malformed', at, 'two profiles are concatenated in one input')
      all.time = time
      return
    }
    case 10:
      all.duration = readInt64(wire, tag, at, end, 'duration_nanos')
      return
    case 11:
      all.periodType = readValueType(wire, tag, at, end)
      return
    case 12:
      all.period = readInt64(wire, tag, at, end, 'period')
      return
    case 13: {
      if ((tag & 7) !== BYTES) {
        all.comments.push(readIndex(wire, tag, at, end, 'comment'))
        return
      }
      const stop = readEnd(wire, end)
      while (wire.at < stop) all.comments.push(readVarint32(wire, stop))
      return
    }
    case 14:
      all.defaultSampleType = readIndex(wire, tag, at, end, 'default_sample_type')
      return
    case 15:
      all.docUrl = readIndex(wire, tag, at, end, 'doc_url')
      return
    default:
      skipField(wire, tag, end)
  }
}

function readIndex(wire: Wire, tag: number, at: number, end: number, what: string): number {
  expectType(tag, VARINT, at, what)
  return readVarint32(wire, end)
}

function readInt64(wire: Wire, tag: number, at: number, end: number, what: string): bigint {
  expectType(tag, VARINT, at, what)
  const lo = readVarint64(wire, end)
  return toInt64(lo, wire.hi)
}

function readUint64(wire: Wire, tag: number, at: number, end: number, what: string): bigint {
  return BigInt.asUintN(64, readInt64(wire, tag, at, end, what))
}

function readDouble(wire: Wire, tag: number, at: number, end: number, what: string): number {
  expectType(tag, VARINT, at, what)
  const lo = readVarint64(wire, end)
  return toDouble(lo, wire.hi)
}

function readValueType(wire: Wire, tag: number, at: number, end: number): [number, number] {
  expectType(tag, BYTES, at, 'a value type')
  const stop = readEnd(wire, end)
  const pair: [number, number] = [0, 0]
  while (wire.at < stop) {
    const fieldAt = wire.at
    const field = readTag(wire, stop)
    if (field >>> 3 === 1) pair[0] = readIndex(wire, field, fieldAt, stop, 'type')
    else if (field >>> 3 === 2) pair[1] = readIndex(wire, field, fieldAt, stop, 'unit')
    else skipField(wire, field, stop)
  }
  return pair
}

const MAPPING_FLAGS: Readonly<Record<number, number>> = { 7: 1, 8: 2, 9: 4, 10: 8 }

function readMapping(all: Gathered, tag: number, at: number, end: number): void {
  const wire = all.wire
  expectType(tag, BYTES, at, 'a mapping')
  const stop = readEnd(wire, end)
  const row = { id: 0n, at, start: 0n, limit: 0n, offset: 0n, file: 0, build: 0, has: 0 }
  while (wire.at < stop) {
    const fieldAt = wire.at
    const field = readTag(wire, stop)
    const number = field >>> 3
    if (number === 1) row.id = readUint64(wire, field, fieldAt, stop, 'id')
    else if (number === 2) row.start = readUint64(wire, field, fieldAt, stop, 'memory_start')
    else if (number === 3) row.limit = readUint64(wire, field, fieldAt, stop, 'memory_limit')
    else if (number === 4) row.offset = readUint64(wire, field, fieldAt, stop, 'file_offset')
    else if (number === 5) row.file = readIndex(wire, field, fieldAt, stop, 'filename')
    else if (number === 6) row.build = readIndex(wire, field, fieldAt, stop, 'build_id')
    else {
      const flag = MAPPING_FLAGS[number]
      if (flag === undefined) skipField(wire, field, stop)
      else if (readInt64(wire, field, fieldAt, stop, 'a flag') !== 0n) row.has |= flag
      else row.has &= ~flag
    }
  }
  all.mappings.push(row)
}

function readFunction(all: Gathered, tag: number, at: number, end: number): void {
  const wire = all.wire
  expectType(tag, BYTES, at, 'a function')
  const stop = readEnd(wire, end)
  const row = all.functionCount++
  all.functionAt[row] = at
  while (wire.at < stop) {
    const fieldAt = wire.at
    const field = readTag(wire, stop)
    switch (field >>> 3) {
      case 1:
        expectType(field, VARINT, fieldAt, 'id')
        all.functionLo[row] = readVarint64(wire, stop)
        all.functionHi[row] = wire.hi
        break
      case 2:
        all.functionNames[row] = readIndex(wire, field, fieldAt, stop, 'name')
        break
      case 3:
        all.functionSystemNames[row] = readIndex(wire, field, fieldAt, stop, 'system_name')
        break
      case 4:
        all.functionFiles[row] = readIndex(wire, field, fieldAt, stop, 'filename')
        break
      case 5:
        all.functionStartLines[row] = readDouble(wire, field, fieldAt, stop, 'start_line')
        break
      default:
        skipField(wire, field, stop)
    }
  }
}

function readLocation(all: Gathered, tag: number, at: number, end: number): void {
  const wire = all.wire
  expectType(tag, BYTES, at, 'a location')
  const stop = readEnd(wire, end)
  const row = all.locationCount++
  all.locationAt[row] = at
  all.lineStart[row] = all.lineCount
  while (wire.at < stop) {
    const fieldAt = wire.at
    const field = readTag(wire, stop)
    switch (field >>> 3) {
      case 1:
        expectType(field, VARINT, fieldAt, 'id')
        all.locationLo[row] = readVarint64(wire, stop)
        all.locationHi[row] = wire.hi
        break
      case 2:
        expectType(field, VARINT, fieldAt, 'mapping_id')
        all.mappingLo[row] = readVarint64(wire, stop)
        all.mappingHi[row] = wire.hi
        break
      case 3:
        expectType(field, VARINT, fieldAt, 'address')
        all.addressHalves[row * 2 + LOW_HALF] = readVarint64(wire, stop)
        all.addressHalves[row * 2 + HIGH_HALF] = wire.hi
        break
      case 4:
        readLine(all, field, fieldAt, stop)
        break
      case 5:
        expectType(field, VARINT, fieldAt, 'is_folded')
        all.locationFolded[row] = readVarint64(wire, stop) !== 0 || wire.hi !== 0 ? 1 : 0
        break
      default:
        skipField(wire, field, stop)
    }
  }
  all.lineStart[row + 1] = all.lineCount
}

function readLine(all: Gathered, tag: number, at: number, end: number): void {
  const wire = all.wire
  expectType(tag, BYTES, at, 'a line')
  const stop = readEnd(wire, end)
  if (all.lineCount === all.lineLo.length) growLines(all)
  const row = all.lineCount++
  while (wire.at < stop) {
    const fieldAt = wire.at
    const field = readTag(wire, stop)
    const number = field >>> 3
    if (number === 1) {
      expectType(field, VARINT, fieldAt, 'function_id')
      all.lineLo[row] = readVarint64(wire, stop)
      all.lineHi[row] = wire.hi
    } else if (number === 2) all.lineNumbers[row] = readDouble(wire, field, fieldAt, stop, 'line')
    else if (number === 3) all.lineColumns[row] = readDouble(wire, field, fieldAt, stop, 'column')
    else skipField(wire, field, stop)
  }
}

function growLines(all: Gathered): void {
  const size = all.lineLo.length * 2
  const lo = new Uint32Array(size)
  const hi = new Uint32Array(size)
  const numbers = new Float64Array(size)
  const columns = new Float64Array(size)
  lo.set(all.lineLo)
  hi.set(all.lineHi)
  numbers.set(all.lineNumbers)
  columns.set(all.lineColumns)
  all.lineLo = lo
  all.lineHi = hi
  all.lineNumbers = numbers
  all.lineColumns = columns
}

/** Ids to indices, string indices checked, strings made. */
function resolveTables(all: Gathered, addresses: BigUint64Array, counts: RowCounts): Tables {
  const bytes = all.wire.bytes
  const { strings, damaged } = readStrings(bytes, all.stringAt, all.stringEnd)
  if (strings.length > 0 && strings[0] !== '') {
    throw new CursorFault('malformed', all.stringAt[0] as number, 'the first string is not empty')
  }
  const text = (index: number): string => {
    const value = strings[index]
    if (value === undefined && index > 0) throw noSuchString(index, strings.length, bytes.length)
    return value ?? ''
  }
  const functions = indexIds('function', all.functionLo, all.functionHi, counts.functions, (r) => at(all.functionAt, r))
  for (let row = 0; row < counts.functions; row++) {
    const last = Math.max(at(all.functionNames, row), at(all.functionSystemNames, row), at(all.functionFiles, row))
    if (last >= strings.length && last > 0) throw noSuchString(last, strings.length, at(all.functionAt, row))
  }
  const lineFunctions = new Uint32Array(all.lineCount)
  let linesWithoutFunction = 0
  for (let line = 0; line < all.lineCount; line++) {
    const found = findId(functions, at(all.lineLo, line), at(all.lineHi, line))
    if (found === 0) linesWithoutFunction++
    lineFunctions[line] = found === 0 ? counts.functions : found - 1
  }
  const functionCount = counts.functions + (linesWithoutFunction > 0 ? 1 : 0)
  const mappings = resolveMappings(all)
  const locationMappings = new Uint32Array(counts.locations)
  let locationsWithoutMapping = 0
  for (let row = 0; row < counts.locations; row++) {
    const lo = at(all.mappingLo, row)
    const hi = at(all.mappingHi, row)
    if (lo === 0 && hi === 0) continue
    const found = findId(mappings, lo, hi)
    locationMappings[row] = found
    if (found === 0) locationsWithoutMapping++
  }
  return {
    sampleTypes: all.sampleTypes.map(([type, unit]) => ({ type: text(type), unit: text(unit) })),
    defaultSampleType: text(all.defaultSampleType),
    periodType:
      all.periodType === undefined ? undefined : { type: text(all.periodType[0]), unit: text(all.periodType[1]) },
    period: all.period,
    timeNs: all.time,
    durationNs: all.duration,
    dropFrames: text(all.dropFrames),
    keepFrames: text(all.keepFrames),
    docUrl: text(all.docUrl),
    comments: all.comments.map(text),
    strings,
    damagedStrings: damaged,
    locationIds: indexIds('location', all.locationLo, all.locationHi, counts.locations, (r) => at(all.locationAt, r)),
    locationCount: counts.locations,
    locationAddresses: addresses,
    locationMappings,
    locationFolded: all.locationFolded,
    lineStart: all.lineStart,
    lineFunctions,
    lineNumbers: all.lineNumbers.slice(0, all.lineCount),
    lineColumns: all.lineColumns.slice(0, all.lineCount),
    functionCount,
    functionNames: all.functionNames.subarray(0, functionCount),
    functionSystemNames: all.functionSystemNames.subarray(0, functionCount),
    functionFiles: all.functionFiles.subarray(0, functionCount),
    functionStartLines: all.functionStartLines.subarray(0, functionCount),
    mappings: all.mappings.map((row) => ({
      memoryStart: row.start,
      memoryLimit: row.limit,
      fileOffset: row.offset,
      filename: text(row.file),
      buildId: text(row.build),
      hasFunctions: (row.has & 1) !== 0,
      hasFilenames: (row.has & 2) !== 0,
      hasLineNumbers: (row.has & 4) !== 0,
      hasInlineFrames: (row.has & 8) !== 0,
    })),
    linesWithoutFunction,
    locationsWithoutMapping,
  }
}

function resolveMappings(all: Gathered): IdIndex {
  const lo = new Uint32Array(all.mappings.length)
  const hi = new Uint32Array(all.mappings.length)
  all.mappings.forEach((row, index) => {
    lo[index] = Number(row.id & 0xffffffffn)
    hi[index] = Number(row.id >> 32n)
  })
  return indexIds('mapping', lo, hi, lo.length, (row) => all.mappings[row]?.at ?? 0)
}

function at(column: Uint32Array, row: number): number {
  return column[row] as number
}

export function noSuchString(index: number, count: number, offset: number): CursorFault {
  const message = `string ${index} is not in the table of ${count} strings; the input may be cut`
  return new CursorFault('malformed', offset, message)
}
