/**
 * The samples of a profile: the hot loop of the decoder, one pass, positions in true locals, columns grown by doubling.
 * Enters: a plain profile.proto, the index of location ids, how many value types and strings there are.
 * Leaves: values (all 64 bits), location indices, labels, as columns with start offsets per sample.
 * Packed and unpacked repeated fields both; unknown fields skipped. Spec: proto/profile.proto, message Sample.
 */
import { CursorFault } from '../../base/byte-cursor.ts'
import { findId, type IdIndex } from './id-index.ts'
import { noSuchString } from './read-tables.ts'
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
  toUint64,
  VARINT,
  type Wire,
} from './wire.ts'

export type SampleColumns = {
  readonly values: BigInt64Array
  readonly locationStart: Uint32Array
  readonly sampleLocations: Uint32Array
  readonly labelStart: Uint32Array
  readonly labelKeys: Uint32Array
  readonly labelStrings: Uint32Array
  readonly labelNumbers: BigInt64Array
  readonly labelUnits: Uint32Array
  readonly labelIsNumber: Uint8Array
}

type Columns = {
  readonly wire: Wire
  readonly ids: IdIndex
  readonly typeCount: number
  readonly stringCount: number
  readonly valueHalves: Uint32Array
  /** Values written so far, in 64-bit elements; never past the sample's own row. */
  valueAt: number
  valueLimit: number
  locations: Uint32Array
  locationCount: number
  labelCount: number
  keys: Uint32Array
  texts: Uint32Array
  numberHalves: Uint32Array
  units: Uint32Array
  isNumber: Uint8Array
}

/** Reads all samples. Throws CursorFault where a sample breaks the format. */
export function readSamples(
  bytes: Uint8Array,
  counts: { readonly samples: number; readonly sampleBytes: number },
  typeCount: number,
  ids: IdIndex,
  stringCount: number,
): SampleColumns {
  const sampleCount = counts.samples
  if (typeCount === 0 && sampleCount > 0) throw new CursorFault('malformed', 0, 'there are samples but no sample types')
  // A value takes at least one byte of input, so a count the input cannot hold is refused before it is allocated.
  if (sampleCount * typeCount > bytes.length) {
    throw new CursorFault('malformed', 0, `${sampleCount} samples cannot hold ${typeCount} values each in this input`)
  }
  const values = new BigInt64Array(sampleCount * typeCount)
  const all: Columns = {
    wire: openWire(bytes),
    ids,
    typeCount,
    stringCount,
    valueHalves: new Uint32Array(values.buffer),
    valueAt: 0,
    valueLimit: 0,
    locations: new Uint32Array(Math.ceil(counts.sampleBytes / 3) + 64),
    locationCount: 0,
    labelCount: 0,
    keys: new Uint32Array(64),
    texts: new Uint32Array(64),
    numberHalves: new Uint32Array(128),
    units: new Uint32Array(64),
    isNumber: new Uint8Array(64),
  }
  const locationStart = new Uint32Array(sampleCount + 1)
  const labelStart = new Uint32Array(sampleCount + 1)
  const wire = all.wire
  let row = 0
  while (wire.at < bytes.length) {
    const at = wire.at
    const tag = readTag(wire, bytes.length)
    if (tag !== 0x12) {
      skipField(wire, tag, bytes.length)
      continue
    }
    const stop = readEnd(wire, bytes.length)
    all.valueAt = row * typeCount
    all.valueLimit = all.valueAt + typeCount
    readSample(all, wire.at, stop)
    if (all.valueAt !== all.valueLimit) {
      const got = all.valueAt - row * typeCount
      throw new CursorFault('malformed', at, `a sample has ${got} values for ${typeCount} sample types`)
    }
    wire.at = stop
    row++
    locationStart[row] = all.locationCount
    labelStart[row] = all.labelCount
  }
  return {
    values,
    locationStart,
    sampleLocations: all.locations.slice(0, all.locationCount),
    labelStart,
    labelKeys: all.keys.slice(0, all.labelCount),
    labelStrings: all.texts.slice(0, all.labelCount),
    labelNumbers: new BigInt64Array(all.numberHalves.buffer).slice(0, all.labelCount),
    labelUnits: all.units.slice(0, all.labelCount),
    labelIsNumber: all.isNumber.slice(0, all.labelCount),
  }
}

function readSample(all: Columns, from: number, end: number): void {
  const wire = all.wire
  const bytes = wire.bytes
  let at = from
  while (at < end) {
    const tag = bytes[at] as number
    wire.at = at + 1
    if (tag === 0x0a) {
      at = readLocationIds(all, readEnd(wire, end))
    } else if (tag === 0x12) {
      at = readValues(all, readEnd(wire, end))
    } else if (tag === 0x1a) {
      at = readLabel(all, readEnd(wire, end))
    } else if (tag === 0x08) {
      at = readOneLocationId(all, end)
    } else if (tag === 0x10) {
      at = readOneValue(all, end)
    } else {
      wire.at = at
      const other = readTag(wire, end)
      if (other >>> 3 <= 3) expectType(other, BYTES, at, 'a field of a sample')
      skipField(wire, other, end)
      at = wire.at
    }
  }
}

/** A packed run of location ids, leaf first. */
function readLocationIds(all: Columns, end: number): number {
  const wire = all.wire
  const bytes = wire.bytes
  const direct = all.ids.direct
  let at = wire.at
  let count = all.locationCount
  // Every id takes at least one byte.
  if (count + (end - at) > all.locations.length) all.locations = grow32(all.locations, count + (end - at))
  const locations = all.locations
  while (at < end) {
    const start = at
    let id = bytes[at++] as number
    if (id >= 0x80) {
      let byte = bytes[at++] as number
      id = (id & 0x7f) | ((byte & 0x7f) << 7)
      if (byte >= 0x80) {
        byte = bytes[at++] as number
        id |= (byte & 0x7f) << 14
        if (byte >= 0x80) {
          at = readWideLocationId(all, start, end, count++)
          continue
        }
      }
      if (at > end) throw new CursorFault('truncated', start, 'the list of locations ends inside a number')
    }
    const found = id < direct.length ? (direct[id] as number) : findId(all.ids, id, 0)
    if (found === 0) throw noSuchLocation(id, 0, start)
    locations[count++] = found - 1
  }
  all.locationCount = count
  return at
}

function readWideLocationId(all: Columns, at: number, end: number, slot: number): number {
  const wire = all.wire
  wire.at = at
  const lo = readVarint64(wire, end)
  const found = findId(all.ids, lo, wire.hi)
  if (found === 0) throw noSuchLocation(lo, wire.hi, at)
  all.locations[slot] = found - 1
  return wire.at
}

function readOneLocationId(all: Columns, end: number): number {
  if (all.locationCount === all.locations.length) all.locations = grow32(all.locations, all.locationCount + 1)
  const at = readWideLocationId(all, all.wire.at, end, all.locationCount)
  all.locationCount++
  return at
}

/** A packed run of values. */
function readValues(all: Columns, end: number): number {
  const wire = all.wire
  const bytes = wire.bytes
  const halves = all.valueHalves
  const limit = all.valueLimit
  let at = wire.at
  let slot = all.valueAt
  while (at < end) {
    if (slot === limit) throw tooManyValues(all.typeCount, at)
    const start = at
    let lo = bytes[at++] as number
    if (lo >= 0x80) {
      let byte = bytes[at++] as number
      lo = (lo & 0x7f) | ((byte & 0x7f) << 7)
      if (byte >= 0x80) {
        byte = bytes[at++] as number
        lo |= (byte & 0x7f) << 14
        if (byte >= 0x80) {
          byte = bytes[at++] as number
          lo |= (byte & 0x7f) << 21
          if (byte >= 0x80) {
            wire.at = start
            lo = readVarint64(wire, end)
            halves[slot * 2 + HIGH_HALF] = wire.hi
            at = wire.at
          }
        }
      }
      if (at > end) throw new CursorFault('truncated', start, 'the list of values ends inside a number')
    }
    halves[slot * 2 + LOW_HALF] = lo
    slot++
  }
  all.valueAt = slot
  return at
}

function readOneValue(all: Columns, end: number): number {
  const wire = all.wire
  if (all.valueAt === all.valueLimit) throw tooManyValues(all.typeCount, wire.at)
  const lo = readVarint64(wire, end)
  all.valueHalves[all.valueAt * 2 + LOW_HALF] = lo
  all.valueHalves[all.valueAt * 2 + HIGH_HALF] = wire.hi
  all.valueAt++
  return wire.at
}

/**
 * One label. A label with neither text, number nor unit is a text label with an empty value:
 * Go's runtime writes the label ("k", "") so.
 */
function readLabel(all: Columns, end: number): number {
  const wire = all.wire
  let key = 0
  let text = 0
  let lo = 0
  let hi = 0
  let unit = 0
  let isNumber = 0
  const from = wire.at
  while (wire.at < end) {
    const at = wire.at
    const tag = readTag(wire, end)
    if (tag === 0x08) key = readVarint32(wire, end)
    else if (tag === 0x10) text = readVarint32(wire, end)
    else if (tag === 0x18) {
      lo = readVarint64(wire, end)
      hi = wire.hi
      isNumber = 1
    } else if (tag === 0x20) {
      unit = readVarint32(wire, end)
      isNumber = 1
    } else {
      if (tag >>> 3 <= 4) expectType(tag, VARINT, at, 'a field of a label')
      skipField(wire, tag, end)
    }
  }
  const last = Math.max(key, text, unit)
  if (last >= all.stringCount && last > 0) throw noSuchString(last, all.stringCount, from)
  const row = all.labelCount++
  if (row === all.keys.length) growLabels(all)
  all.keys[row] = key
  all.texts[row] = text
  if (text === 0 && isNumber === 1) {
    all.numberHalves[row * 2 + LOW_HALF] = lo
    all.numberHalves[row * 2 + HIGH_HALF] = hi
    all.units[row] = unit
    all.isNumber[row] = 1
  }
  return wire.at
}

function growLabels(all: Columns): void {
  const size = all.keys.length * 2
  all.keys = grow32(all.keys, size)
  all.texts = grow32(all.texts, size)
  all.units = grow32(all.units, size)
  all.numberHalves = grow32(all.numberHalves, size * 2)
  const isNumber = new Uint8Array(size)
  isNumber.set(all.isNumber)
  all.isNumber = isNumber
}

/** A copy at least `atLeast` long, and at least double. */
function grow32(column: Uint32Array, atLeast: number): Uint32Array {
  const larger = new Uint32Array(Math.max(column.length * 2, atLeast))
  larger.set(column)
  return larger
}

function noSuchLocation(lo: number, hi: number, offset: number): CursorFault {
  const message = `location ${toUint64(lo, hi)} is not in the table; the input may be cut`
  return new CursorFault('malformed', offset, message)
}

function tooManyValues(typeCount: number, offset: number): CursorFault {
  return new CursorFault('malformed', offset, `a sample has more values than the ${typeCount} sample types`)
}
