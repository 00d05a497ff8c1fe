/**
 * CPU profile → what ran: flat and cumulative seconds per function, each flat figure with the 95 % interval of the
 * sampling (Wilson's, on samples), and the smallest share that this many samples can show. Below 30 samples: insufficient.
 */
import type { CpuFunction, CpuReport } from '../../model/diagnosis.ts'
import type { DatedProfile } from '../../model/evidence.ts'
import type { Profile } from '../../model/profile.ts'

/** Below this nothing is said of single functions. */
const MIN_SAMPLES = 30
const MAX_FUNCTIONS = 30
/** Two-sided 95 %. */
const Z = 1.959964

export function reportCpu(profiles: readonly DatedProfile[]): CpuReport {
  const cpu = profiles.find(({ kind }) => kind === 'cpu')
  if (cpu === undefined) return { state: 'absent', top: [] }
  const { profile } = cpu
  const countAt = profile.sampleTypes.findIndex(({ type }) => type === 'samples')
  const timeAt = profile.sampleTypes.findIndex(({ type, unit }) => type === 'cpu' && unit === 'nanoseconds')
  if (countAt < 0 || timeAt < 0) return { state: 'absent', top: [] }
  const sums = sumFunctions(profile, countAt, timeAt)
  const windowNs = cpu.durationNs ?? (profile.durationNs === undefined ? undefined : Number(profile.durationNs))
  const facts = {
    samples: sums.samples,
    ...(windowNs === undefined ? {} : { windowNs }),
    totalSeconds: round(sums.ns / 1e9),
  }
  if (sums.samples < MIN_SAMPLES) return { state: 'insufficient', ...facts, top: [] }
  return {
    state: 'measured',
    ...facts,
    // What is seen at least once in n samples with a probability of 95 %.
    smallestShareRatio: round(1 - 0.05 ** (1 / sums.samples)),
    top: listTop(profile, sums),
  }
}

type Sums = {
  samples: number
  ns: number
  readonly flatCount: Float64Array
  readonly flatNs: Float64Array
  readonly totalNs: Float64Array
}

function sumFunctions(profile: Profile, countAt: number, timeAt: number): Sums {
  const functions = profile.functionCount
  const sums: Sums = {
    samples: 0,
    ns: 0,
    flatCount: new Float64Array(functions),
    flatNs: new Float64Array(functions),
    totalNs: new Float64Array(functions),
  }
  const lastSample = new Int32Array(functions).fill(-1)
  const width = profile.sampleTypes.length
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    const count = Number(profile.values[sample * width + countAt] ?? 0n)
    const ns = Number(profile.values[sample * width + timeAt] ?? 0n)
    sums.samples += count
    sums.ns += ns
    let isLeaf = true
    const end = profile.locationStart[sample + 1] as number
    for (let at = profile.locationStart[sample] as number; at < end; at++) {
      const location = profile.sampleLocations[at] as number
      const lineEnd = profile.lineStart[location + 1] as number
      for (let line = profile.lineStart[location] as number; line < lineEnd; line++) {
        const fn = profile.lineFunctions[line] as number
        if (isLeaf) {
          sums.flatCount[fn] = (sums.flatCount[fn] as number) + count
          sums.flatNs[fn] = (sums.flatNs[fn] as number) + ns
          isLeaf = false
        }
        if (lastSample[fn] === sample) continue
        lastSample[fn] = sample
        sums.totalNs[fn] = (sums.totalNs[fn] as number) + ns
      }
    }
  }
  return sums
}

function listTop(profile: Profile, sums: Sums): readonly CpuFunction[] {
  const order = Array.from({ length: profile.functionCount }, (_, fn) => fn).filter(
    (fn) => (sums.totalNs[fn] as number) > 0,
  )
  const name = (fn: number) => profile.strings[profile.functionNames[fn] as number] as string
  order.sort(
    (a, b) =>
      (sums.flatNs[b] as number) - (sums.flatNs[a] as number) ||
      (sums.totalNs[b] as number) - (sums.totalNs[a] as number) ||
      (name(a) < name(b) ? -1 : 1),
  )
  return order.slice(0, MAX_FUNCTIONS).map((fn) => {
    const [low, high] = wilson(sums.flatCount[fn] as number, sums.samples)
    return {
      function: name(fn),
      flatSeconds: round((sums.flatNs[fn] as number) / 1e9),
      flatInterval: [round((low * sums.ns) / 1e9), round((high * sums.ns) / 1e9)],
      cumulativeSeconds: round((sums.totalNs[fn] as number) / 1e9),
    }
  })
}

/** Wilson's score interval of a share: holds near 0 and 1, where the normal one does not. */
export function wilson(hits: number, samples: number): readonly [number, number] {
  if (samples === 0) return [0, 1]
  const share = hits / samples
  const z2 = Z * Z
  const centre = share + z2 / (2 * samples)
  const spread = Z * Math.sqrt((share * (1 - share)) / samples + z2 / (4 * samples * samples))
  const scale = 1 + z2 / samples
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)]
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
