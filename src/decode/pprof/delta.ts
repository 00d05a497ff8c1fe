/**
 * What happened between two profiles of one process: later minus earlier, by stack and labels.
 * Enters: two profiles with the same sample types. Leaves: a new profile without the rows that did not change, its
 * duration the time between them; negative values are kept, and counted as an issue where the type only ever grows.
 * Does as net/http/pprof does for `?seconds=` (Scale(-1), Merge): functions, locations and mappings are joined by what
 * they are, not by their ids, and addresses are compared relative to their mapping.
 */
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { type Decoded, openIssueLog } from '../../model/issue.ts'
import type { Profile, ProfileMapping, SampleType } from '../../model/profile.ts'

/** Sample types that count since the process began; the others (inuse_*, goroutine) may fall. */
const CUMULATIVE: ReadonlySet<string> = new Set([
  'contentions',
  'delay',
  'alloc_objects',
  'alloc_space',
  'samples',
  'cpu',
])

type Joined = {
  readonly strings: Map<string, number>
  readonly mappings: ProfileMapping[]
  readonly mappingRows: Map<string, number>
  readonly functionRows: Map<string, number>
  readonly functions: { name: number; system: number; file: number; line: number }[]
  readonly locationRows: Map<string, number>
  readonly locations: { address: bigint; mapping: number; folded: number; lines: readonly number[] }[]
  readonly sampleRows: Map<string, number>
  readonly samples: { stack: readonly number[]; labels: readonly Label[]; values: bigint[] }[]
}

type Label = {
  readonly key: number
  readonly text: number
  readonly value: bigint
  readonly unit: number
  readonly isNumber: number
}

/** `later` minus `earlier`. SL_DECODE_PROFILE_MISMATCH when their sample types or period types differ. */
export function subtractProfiles(later: Profile, earlier: Profile): Result<Decoded<Profile>> {
  const types = later.sampleTypes.map(nameType)
  if (
    types.join() !== earlier.sampleTypes.map(nameType).join() ||
    nameType(later.periodType) !== nameType(earlier.periodType)
  ) {
    const message = `A profile of ${types.join(', ')} and one of ${earlier.sampleTypes.map(nameType).join(', ')} have no difference`
    return err(fault('SL_DECODE_PROFILE_MISMATCH', { message }))
  }
  const joined: Joined = {
    strings: new Map([['', 0]]),
    mappings: [],
    mappingRows: new Map(),
    functionRows: new Map(),
    functions: [],
    locationRows: new Map(),
    locations: [],
    sampleRows: new Map(),
    samples: [],
  }
  addProfile(joined, later, 1n)
  addProfile(joined, earlier, -1n)
  const kept = joined.samples.filter((sample) => sample.values.some((value) => value !== 0n))
  const issues = openIssueLog()
  later.sampleTypes.forEach(({ type }, column) => {
    if (!CUMULATIVE.has(type)) return
    const count = kept.filter((sample) => (sample.values[column] as bigint) < 0n).length
    if (count === 0) return
    issues.add(
      'SL_DECODE_MALFORMED',
      `${type} fell between two profiles though it only ever grows: restarted in between?`,
      { count },
    )
  })
  return ok({ value: buildProfile(joined, kept, later, earlier), issues: issues.list() })
}

function nameType(type: SampleType | undefined): string {
  return type === undefined ? '' : `${type.type}/${type.unit}`
}

function addProfile(joined: Joined, profile: Profile, sign: bigint): void {
  const strings = profile.strings.map((text) => internString(joined, text))
  const mappings = profile.mappings.map((mapping) => internMapping(joined, mapping))
  const functions: number[] = []
  for (let row = 0; row < profile.functionCount; row++) functions.push(internFunction(joined, profile, strings, row))
  const locations: number[] = []
  for (let row = 0; row < profile.locationCount; row++) {
    locations.push(internLocation(joined, profile, mappings, functions, row))
  }
  const width = profile.sampleTypes.length
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    const stack: number[] = []
    for (let at = profile.locationStart[sample] as number; at < (profile.locationStart[sample + 1] as number); at++) {
      stack.push(locations[profile.sampleLocations[at] as number] as number)
    }
    const labels = readLabels(profile, strings, sample)
    const values = addTo(joined, stack, labels, width)
    for (let column = 0; column < width; column++) {
      const sum = (values[column] as bigint) + sign * (profile.values[sample * width + column] as bigint)
      values[column] = BigInt.asIntN(64, sum)
    }
  }
}

/** The values of the row with this stack and these labels, in whatever order the file has the labels. */
function addTo(joined: Joined, stack: readonly number[], labels: readonly Label[], width: number): bigint[] {
  const names = labels.map(
    (label) => `${label.key}:${label.isNumber === 1 ? `${label.value} ${label.unit}` : `=${label.text}`}`,
  )
  const key = `${stack.join(',')};${names.sort().join(',')}`
  const known = joined.sampleRows.get(key)
  if (known !== undefined) return (joined.samples[known] as { values: bigint[] }).values
  const values = new Array<bigint>(width).fill(0n)
  joined.sampleRows.set(key, joined.samples.length)
  joined.samples.push({ stack, labels, values })
  return values
}

function readLabels(profile: Profile, strings: readonly number[], sample: number): Label[] {
  const labels: Label[] = []
  for (let at = profile.labelStart[sample] as number; at < (profile.labelStart[sample + 1] as number); at++) {
    labels.push({
      key: strings[profile.labelKeys[at] as number] as number,
      text: strings[profile.labelStrings[at] as number] as number,
      value: profile.labelNumbers[at] as bigint,
      unit: strings[profile.labelUnits[at] as number] as number,
      isNumber: profile.labelIsNumber[at] as number,
    })
  }
  return labels
}

function internString(joined: Joined, text: string): number {
  const known = joined.strings.get(text)
  if (known !== undefined) return known
  joined.strings.set(text, joined.strings.size)
  return joined.strings.size - 1
}

/** Mappings of the same file are one, wherever they were loaded. Returns index + 1. */
function internMapping(joined: Joined, mapping: ProfileMapping): number {
  const size = mapping.memoryLimit - mapping.memoryStart
  const key = `${size}\n${mapping.fileOffset}\n${mapping.buildId === '' ? mapping.filename : mapping.buildId}`
  const known = joined.mappingRows.get(key)
  if (known !== undefined) return known
  joined.mappings.push(mapping)
  joined.mappingRows.set(key, joined.mappings.length)
  return joined.mappings.length
}

function internFunction(joined: Joined, profile: Profile, strings: readonly number[], row: number): number {
  const name = strings[profile.functionNames[row] as number] as number
  const system = strings[profile.functionSystemNames[row] as number] as number
  const file = strings[profile.functionFiles[row] as number] as number
  const line = profile.functionStartLines[row] as number
  const key = `${name},${system},${file},${line}`
  const known = joined.functionRows.get(key)
  if (known !== undefined) return known
  joined.functionRows.set(key, joined.functions.length)
  joined.functions.push({ name, system, file, line })
  return joined.functions.length - 1
}

function internLocation(
  joined: Joined,
  profile: Profile,
  mappings: readonly number[],
  functions: readonly number[],
  row: number,
): number {
  const own = profile.locationMappings[row] as number
  const mapping = own === 0 ? 0 : (mappings[own - 1] as number)
  const lines: number[] = []
  for (let at = profile.lineStart[row] as number; at < (profile.lineStart[row + 1] as number); at++) {
    lines.push(
      functions[profile.lineFunctions[at] as number] as number,
      profile.lineNumbers[at] as number,
      profile.lineColumns[at] as number,
    )
  }
  const start = own === 0 ? 0n : (profile.mappings[own - 1] as ProfileMapping).memoryStart
  const target = mapping === 0 ? 0n : (joined.mappings[mapping - 1] as ProfileMapping).memoryStart
  const address = BigInt.asUintN(64, (profile.locationAddresses[row] as bigint) - start + target)
  const folded = profile.locationFolded[row] as number
  const key = `${mapping},${address},${folded},${lines.join(',')}`
  const known = joined.locationRows.get(key)
  if (known !== undefined) return known
  joined.locationRows.set(key, joined.locations.length)
  joined.locations.push({ address, mapping, folded, lines })
  return joined.locations.length - 1
}

function buildProfile(joined: Joined, samples: Joined['samples'], later: Profile, earlier: Profile): Profile {
  const { locations, functions } = joined
  const stacks = samples.flatMap((sample) => sample.stack)
  const labels = samples.flatMap((sample) => sample.labels)
  const lines = locations.flatMap((location) => location.lines)
  const { timeNs, durationNs, periodType, period } = later
  const elapsed = timeNs !== undefined && earlier.timeNs !== undefined ? timeNs - earlier.timeNs : durationNs
  return {
    sampleTypes: later.sampleTypes,
    defaultSampleType: later.defaultSampleType,
    ...(periodType === undefined ? {} : { periodType }),
    ...(period === undefined ? {} : { period }),
    ...(timeNs === undefined ? {} : { timeNs }),
    ...(elapsed === undefined ? {} : { durationNs: elapsed }),
    dropFrames: later.dropFrames,
    keepFrames: later.keepFrames,
    docUrl: later.docUrl,
    comments: [...new Set([...later.comments, ...earlier.comments])],
    strings: [...joined.strings.keys()],
    sampleCount: samples.length,
    values: BigInt64Array.from(samples.flatMap((sample) => sample.values)),
    locationStart: startsOf(samples.map((sample) => sample.stack.length)),
    sampleLocations: Uint32Array.from(stacks),
    labelStart: startsOf(samples.map((sample) => sample.labels.length)),
    labelKeys: Uint32Array.from(labels, (label) => label.key),
    labelStrings: Uint32Array.from(labels, (label) => label.text),
    labelNumbers: BigInt64Array.from(labels, (label) => label.value),
    labelUnits: Uint32Array.from(labels, (label) => label.unit),
    labelIsNumber: Uint8Array.from(labels, (label) => label.isNumber),
    locationCount: locations.length,
    locationAddresses: BigUint64Array.from(locations, (location) => location.address),
    locationMappings: Uint32Array.from(locations, (location) => location.mapping),
    locationFolded: Uint8Array.from(locations, (location) => location.folded),
    lineStart: startsOf(locations.map((location) => location.lines.length / 3)),
    lineFunctions: Uint32Array.from({ length: lines.length / 3 }, (_, row) => lines[row * 3] as number),
    lineNumbers: Float64Array.from({ length: lines.length / 3 }, (_, row) => lines[row * 3 + 1] as number),
    lineColumns: Float64Array.from({ length: lines.length / 3 }, (_, row) => lines[row * 3 + 2] as number),
    functionCount: functions.length,
    functionNames: Uint32Array.from(functions, (row) => row.name),
    functionSystemNames: Uint32Array.from(functions, (row) => row.system),
    functionFiles: Uint32Array.from(functions, (row) => row.file),
    functionStartLines: Float64Array.from(functions, (row) => row.line),
    mappings: joined.mappings,
  }
}

/** Running sums with a leading 0: where each row starts, and the end. */
function startsOf(lengths: readonly number[]): Uint32Array {
  const starts = new Uint32Array(lengths.length + 1)
  lengths.forEach((length, row) => {
    starts[row + 1] = (starts[row] as number) + length
  })
  return starts
}
