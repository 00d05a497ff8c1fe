/** CPU profiles by hand, for tests: stacks and how often each was seen at 100 Hz over three seconds. */
import type { Profile } from '../../model/profile.ts'

/** Each sample: functions leaf first, and how often it was seen at 100 Hz. */
export function drawCpu(samples: readonly (readonly [stack: string, count: number])[]) {
  const strings = ['']
  const stacks = samples.map(([stack]) => stack.split(' < '))
  const names = [...new Set(stacks.flat())]
  strings.push(...names)
  const locations = stacks.map((stack) => stack.map((name) => names.indexOf(name)))
  const starts = [0]
  for (const stack of locations) starts.push((starts.at(-1) as number) + stack.length)
  const one = Uint32Array.from(names, (_, index) => index)
  const profile: Profile = {
    sampleTypes: [
      { type: 'samples', unit: 'count' },
      { type: 'cpu', unit: 'nanoseconds' },
    ],
    defaultSampleType: '',
    durationNs: 3_000_000_000n,
    dropFrames: '',
    keepFrames: '',
    docUrl: '',
    comments: [],
    strings,
    sampleCount: samples.length,
    values: BigInt64Array.from(samples.flatMap(([, count]) => [BigInt(count), BigInt(count) * 10_000_000n])),
    locationStart: Uint32Array.from(starts),
    sampleLocations: Uint32Array.from(locations.flat()),
    labelStart: new Uint32Array(samples.length + 1),
    labelKeys: new Uint32Array(0),
    labelStrings: new Uint32Array(0),
    labelNumbers: new BigInt64Array(0),
    labelUnits: new Uint32Array(0),
    labelIsNumber: new Uint8Array(0),
    locationCount: names.length,
    locationAddresses: new BigUint64Array(names.length),
    locationMappings: new Uint32Array(names.length),
    locationFolded: new Uint8Array(names.length),
    lineStart: Uint32Array.from({ length: names.length + 1 }, (_, index) => index),
    lineFunctions: one,
    lineNumbers: new Float64Array(names.length),
    lineColumns: new Float64Array(names.length),
    functionCount: names.length,
    functionNames: Uint32Array.from(names, (_, index) => index + 1),
    functionSystemNames: new Uint32Array(names.length),
    functionFiles: new Uint32Array(names.length),
    functionStartLines: new Float64Array(names.length),
    mappings: [],
  }
  return [{ source: 'cpu.pb.gz', kind: 'cpu', profile, span: 'delta' } as const]
}
