/**
 * Writes a `Profile` back as plain profile.proto (gzip it outside): round trips, delta profiles, exports.
 * Enters: a profile. Leaves: bytes that google/pprof reads; ids are index + 1, the string table keeps its order and
 * gains at its end what the header fields need. Fields that are zero are left out, as Go's writer does.
 * Spec: github.com/google/pprof proto/profile.proto.
 */
import type { Profile, ProfileMapping, SampleType } from '../../model/profile.ts'
import { HIGH_HALF, LOW_HALF } from './wire.ts'

/** Bytes that grow by doubling; the position lives in a field. */
type Sink = { bytes: Uint8Array; at: number }

type StringIds = { readonly ids: Map<string, number>; readonly list: string[] }

/** The profile as plain protobuf, in a buffer of its own. */
export function encodePprof(profile: Profile): Uint8Array {
  const sink: Sink = { bytes: new Uint8Array(1 << 16), at: 0 }
  const strings = indexStrings(profile.strings)
  for (const type of profile.sampleTypes) writeMessage(sink, 1, encodeValueType(type, strings))
  writeSamples(sink, profile)
  profile.mappings.forEach((mapping, index) => {
    writeMessage(sink, 3, encodeMapping(mapping, index + 1, strings))
  })
  writeLocations(sink, profile)
  writeFunctions(sink, profile)
  const header = encodeHeader(profile, strings)
  const coder = new TextEncoder()
  for (const text of strings.list) writeMessage(sink, 6, coder.encode(text))
  reserve(sink, header.length)
  sink.bytes.set(header, sink.at)
  return sink.bytes.slice(0, sink.at + header.length)
}

function indexStrings(strings: readonly string[]): StringIds {
  const list = strings.length === 0 ? [''] : [...strings]
  const ids = new Map<string, number>()
  list.forEach((text, index) => {
    if (!ids.has(text)) ids.set(text, index)
  })
  return { ids, list }
}

function idOf(strings: StringIds, text: string): number {
  const known = strings.ids.get(text)
  if (known !== undefined) return known
  strings.ids.set(text, strings.list.length)
  strings.list.push(text)
  return strings.list.length - 1
}

function encodeHeader(profile: Profile, strings: StringIds): Uint8Array {
  const sink: Sink = { bytes: new Uint8Array(256), at: 0 }
  writeNumber(sink, 7, idOf(strings, profile.dropFrames))
  writeNumber(sink, 8, idOf(strings, profile.keepFrames))
  writeBigField(sink, 9, profile.timeNs ?? 0n)
  writeBigField(sink, 10, profile.durationNs ?? 0n)
  if (profile.periodType !== undefined) writeMessage(sink, 11, encodeValueType(profile.periodType, strings))
  writeBigField(sink, 12, profile.period ?? 0n)
  for (const comment of profile.comments) {
    reserve(sink, 12)
    sink.bytes[sink.at++] = (13 << 3) | 0
    writeVarint(sink, idOf(strings, comment))
  }
  writeNumber(sink, 14, idOf(strings, profile.defaultSampleType))
  writeNumber(sink, 15, idOf(strings, profile.docUrl))
  return sink.bytes.slice(0, sink.at)
}

function encodeValueType(type: SampleType, strings: StringIds): Uint8Array {
  const sink: Sink = { bytes: new Uint8Array(32), at: 0 }
  writeNumber(sink, 1, idOf(strings, type.type))
  writeNumber(sink, 2, idOf(strings, type.unit))
  return sink.bytes.slice(0, sink.at)
}

function encodeMapping(mapping: ProfileMapping, id: number, strings: StringIds): Uint8Array {
  const sink: Sink = { bytes: new Uint8Array(128), at: 0 }
  writeNumber(sink, 1, id)
  writeBigField(sink, 2, mapping.memoryStart)
  writeBigField(sink, 3, mapping.memoryLimit)
  writeBigField(sink, 4, mapping.fileOffset)
  writeNumber(sink, 5, idOf(strings, mapping.filename))
  writeNumber(sink, 6, idOf(strings, mapping.buildId))
  writeNumber(sink, 7, mapping.hasFunctions ? 1 : 0)
  writeNumber(sink, 8, mapping.hasFilenames ? 1 : 0)
  writeNumber(sink, 9, mapping.hasLineNumbers ? 1 : 0)
  writeNumber(sink, 10, mapping.hasInlineFrames ? 1 : 0)
  return sink.bytes.slice(0, sink.at)
}

function writeSamples(sink: Sink, profile: Profile): void {
  const width = profile.sampleTypes.length
  const values = halvesOf(profile.values)
  const numbers = halvesOf(profile.labelNumbers)
  const body: Sink = { bytes: new Uint8Array(1024), at: 0 }
  const part: Sink = { bytes: new Uint8Array(1024), at: 0 }
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    body.at = 0
    part.at = 0
    const lastLocation = profile.locationStart[sample + 1] as number
    for (let at = profile.locationStart[sample] as number; at < lastLocation; at++) {
      reserve(part, 10)
      writeVarint(part, (profile.sampleLocations[at] as number) + 1)
    }
    if (part.at > 0) writeMessage(body, 1, part.bytes.subarray(0, part.at))
    part.at = 0
    for (let at = sample * width; at < (sample + 1) * width; at++) {
      reserve(part, 10)
      writeVarint64(part, values[at * 2 + LOW_HALF] as number, values[at * 2 + HIGH_HALF] as number)
    }
    if (part.at > 0) writeMessage(body, 2, part.bytes.subarray(0, part.at))
    const lastLabel = profile.labelStart[sample + 1] as number
    for (let at = profile.labelStart[sample] as number; at < lastLabel; at++) {
      part.at = 0
      writeNumber(part, 1, profile.labelKeys[at] as number)
      if (profile.labelIsNumber[at] === 1) {
        reserve(part, 24)
        part.bytes[part.at++] = 3 << 3
        writeVarint64(part, numbers[at * 2 + LOW_HALF] as number, numbers[at * 2 + HIGH_HALF] as number)
        writeNumber(part, 4, profile.labelUnits[at] as number)
      } else writeNumber(part, 2, profile.labelStrings[at] as number)
      writeMessage(body, 3, part.bytes.subarray(0, part.at))
    }
    writeMessage(sink, 2, body.bytes.subarray(0, body.at))
  }
}

function writeLocations(sink: Sink, profile: Profile): void {
  const addresses = halvesOf(profile.locationAddresses)
  const body: Sink = { bytes: new Uint8Array(256), at: 0 }
  const line: Sink = { bytes: new Uint8Array(64), at: 0 }
  for (let row = 0; row < profile.locationCount; row++) {
    body.at = 0
    writeNumber(body, 1, row + 1)
    writeNumber(body, 2, profile.locationMappings[row] as number)
    writeHalves(body, 3, addresses[row * 2 + LOW_HALF] as number, addresses[row * 2 + HIGH_HALF] as number)
    for (let at = profile.lineStart[row] as number; at < (profile.lineStart[row + 1] as number); at++) {
      line.at = 0
      writeNumber(line, 1, (profile.lineFunctions[at] as number) + 1)
      writeBigField(line, 2, BigInt(profile.lineNumbers[at] as number))
      writeBigField(line, 3, BigInt(profile.lineColumns[at] as number))
      writeMessage(body, 4, line.bytes.subarray(0, line.at))
    }
    writeNumber(body, 5, profile.locationFolded[row] as number)
    writeMessage(sink, 4, body.bytes.subarray(0, body.at))
  }
}

function writeFunctions(sink: Sink, profile: Profile): void {
  const body: Sink = { bytes: new Uint8Array(64), at: 0 }
  for (let row = 0; row < profile.functionCount; row++) {
    body.at = 0
    writeNumber(body, 1, row + 1)
    writeNumber(body, 2, profile.functionNames[row] as number)
    writeNumber(body, 3, profile.functionSystemNames[row] as number)
    writeNumber(body, 4, profile.functionFiles[row] as number)
    writeBigField(body, 5, BigInt(profile.functionStartLines[row] as number))
    writeMessage(sink, 5, body.bytes.subarray(0, body.at))
  }
}

/** A view of a 64-bit column as 32-bit halves. */
function halvesOf(column: BigInt64Array | BigUint64Array): Uint32Array {
  return new Uint32Array(column.buffer, column.byteOffset, column.length * 2)
}

function writeMessage(sink: Sink, field: number, body: Uint8Array): void {
  reserve(sink, body.length + 12)
  sink.bytes[sink.at++] = (field << 3) | 2
  writeVarint(sink, body.length)
  sink.bytes.set(body, sink.at)
  sink.at += body.length
}

function writeNumber(sink: Sink, field: number, value: number): void {
  if (value !== 0) writeHalves(sink, field, value >>> 0, Math.floor(value / 4294967296))
}

function writeBigField(sink: Sink, field: number, value: bigint): void {
  writeHalves(sink, field, Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn))
}

function writeHalves(sink: Sink, field: number, lo: number, hi: number): void {
  if (lo === 0 && hi === 0) return
  reserve(sink, 12)
  sink.bytes[sink.at++] = field << 3
  writeVarint64(sink, lo, hi)
}

function writeVarint(sink: Sink, value: number): void {
  writeVarint64(sink, value >>> 0, Math.floor(value / 4294967296))
}

/** The caller has reserved ten bytes. */
function writeVarint64(sink: Sink, lo: number, hi: number): void {
  let low = lo
  let high = hi
  while (high !== 0 || low > 0x7f) {
    sink.bytes[sink.at++] = (low & 0x7f) | 0x80
    low = ((low >>> 7) | (high << 25)) >>> 0
    high >>>= 7
  }
  sink.bytes[sink.at++] = low
}

function reserve(sink: Sink, more: number): void {
  if (sink.at + more <= sink.bytes.length) return
  const larger = new Uint8Array(Math.max(sink.bytes.length * 2, sink.at + more))
  larger.set(sink.bytes)
  sink.bytes = larger
}
