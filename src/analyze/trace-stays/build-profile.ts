/**
 * Rows of stays → a pprof profile: contentions/count and delay/nanoseconds, as Go's block profile and `go tool trace
 * -pprof=` have them; samples/count for CPU samples, whose rate a trace does not say. Labels tell what pprof's stacks cannot:
 * start function, state, reason, wait class, blind, open, system. `go tool pprof -tagfocus` and `-tagshow` work on them.
 */
import type { Profile, SampleType } from '../../model/profile.ts'
import type { TraceTables } from '../../model/trace.ts'
import type { ProfileView } from '../../model/trace-export/trace-export.ts'
import { isSystemFunction } from '../trace/stack-functions.ts'
import type { StayProfileRow } from './stay-profile.ts'

export type ProfileContext = {
  readonly what: ProfileView
  readonly durationNs: number
  /** Wall time of the window's begin, where the trace says it. */
  readonly startUnixNs?: bigint
  readonly goVersion?: string
}

const contentions: readonly SampleType[] = [
  { type: 'contentions', unit: 'count' },
  { type: 'delay', unit: 'nanoseconds' },
]
const samples: readonly SampleType[] = [{ type: 'samples', unit: 'count' }]

type Strings = { readonly list: string[]; idOf(text: string): number }

export function buildProfile(rows: readonly StayProfileRow[], tables: TraceTables, context: ProfileContext): Profile {
  const strings = openStrings()
  const isSampled = context.what === 'cpu'
  const sampleTypes = isSampled ? samples : contentions
  const frames = openFrames(tables, strings)
  const locationStart = [0]
  const sampleLocations: number[] = []
  const labelStart = [0]
  const labelKeys: number[] = []
  const labelStrings: number[] = []
  const values: bigint[] = []
  for (const row of rows) {
    if (context.what === 'running') sampleLocations.push(frames.ofFunction(row.startFunction))
    else for (const location of frames.ofStack(row.stack)) sampleLocations.push(location)
    locationStart.push(sampleLocations.length)
    values.push(BigInt(row.count))
    if (!isSampled) values.push(BigInt(Math.round(row.ns)))
    for (const [key, value] of labelsOf(row)) {
      labelKeys.push(strings.idOf(key))
      labelStrings.push(strings.idOf(value))
    }
    labelStart.push(labelKeys.length)
  }
  const labelCount = labelKeys.length
  return {
    sampleTypes,
    defaultSampleType: isSampled ? 'samples' : 'delay',
    periodType: { type: 'trace', unit: 'count' },
    period: 1n,
    ...(context.startUnixNs === undefined ? {} : { timeNs: context.startUnixNs }),
    durationNs: BigInt(Math.round(context.durationNs)),
    dropFrames: '',
    keepFrames: '',
    docUrl: '',
    comments: [`execution trace, ${context.what}${context.goVersion === undefined ? '' : `, ${context.goVersion}`}`],
    sampleCount: rows.length,
    values: BigInt64Array.from(values),
    locationStart: Uint32Array.from(locationStart),
    sampleLocations: Uint32Array.from(sampleLocations),
    labelStart: Uint32Array.from(labelStart),
    labelKeys: Uint32Array.from(labelKeys),
    labelStrings: Uint32Array.from(labelStrings),
    labelNumbers: new BigInt64Array(labelCount),
    labelUnits: new Uint32Array(labelCount),
    labelIsNumber: new Uint8Array(labelCount),
    ...frames.columns(),
    strings: strings.list,
    mappings: [],
  }
}

function labelsOf(row: StayProfileRow): readonly (readonly [string, string])[] {
  const labels: [string, string][] = [['state', row.state]]
  if (row.startFunction !== '') labels.push(['start_function', row.startFunction])
  if (row.reason !== '') labels.push(['reason', row.reason])
  if (row.waitClass !== undefined) labels.push(['wait_class', row.waitClass])
  if (row.isBlind !== undefined) labels.push(['blind', String(row.isBlind)])
  if (row.isOpen) labels.push(['open', 'true'])
  if (isSystemFunction(row.startFunction)) labels.push(['system', 'true'])
  return labels
}

type FrameColumns = Pick<
  Profile,
  | 'locationCount'
  | 'locationAddresses'
  | 'locationMappings'
  | 'locationFolded'
  | 'lineStart'
  | 'lineFunctions'
  | 'lineNumbers'
  | 'lineColumns'
  | 'functionCount'
  | 'functionNames'
  | 'functionSystemNames'
  | 'functionFiles'
  | 'functionStartLines'
>

/** A location per frame of the trace. A trace gives each inlined call a frame of its own. */
function openFrames(tables: TraceTables, strings: Strings) {
  const locations = new Map<number | string, number>()
  const functions = new Map<string, number>()
  const addresses: bigint[] = []
  const lines: number[] = []
  const lineFunctions: number[] = []
  const names: number[] = []
  const files: number[] = []

  function functionOf(name: string, file: string): number {
    const key = `${name}\n${file}`
    const known = functions.get(key)
    if (known !== undefined) return known
    functions.set(key, names.length)
    names.push(strings.idOf(name))
    files.push(strings.idOf(file))
    return names.length - 1
  }

  function locationOf(frame: number): number {
    const known = locations.get(frame)
    if (known !== undefined) return known
    const name = tables.strings[tables.frameFunctions[frame] ?? 0] ?? ''
    const file = tables.strings[tables.frameFiles[frame] ?? 0] ?? ''
    return add(frame, functionOf(name, file), tables.framePcs[frame] ?? 0, tables.frameLines[frame] ?? 0)
  }

  function add(key: number | string, called: number, pc: number, line: number): number {
    locations.set(key, addresses.length)
    addresses.push(Number.isFinite(pc) && pc > 0 ? BigInt(Math.trunc(pc)) : 0n)
    lines.push(line)
    lineFunctions.push(called)
    return addresses.length - 1
  }

  return {
    ofStack(stack: number): number[] {
      const start = tables.stackStart[stack] ?? 0
      const end = stack === 0 ? start : (tables.stackStart[stack + 1] ?? start)
      const found: number[] = []
      for (let at = start; at < end; at++) {
        const frame = tables.stackFrames[at] as number
        // The runtime writes a frame without anything where it has no stack: go tool trace counts it as none.
        if (tables.framePcs[frame] === 0 && (tables.frameFunctions[frame] ?? 0) === 0) continue
        found.push(locationOf(frame))
      }
      return found
    },
    /** A function without a place: of what is known of its start only. */
    ofFunction(name: string): number {
      const shown = name === '' ? '(start function not seen)' : name
      return locations.get(shown) ?? add(shown, functionOf(shown, ''), 0, 0)
    },
    columns(): FrameColumns {
      const count = addresses.length
      return {
        locationCount: count,
        locationAddresses: BigUint64Array.from(addresses),
        locationMappings: new Uint32Array(count),
        locationFolded: new Uint8Array(count),
        lineStart: Uint32Array.from({ length: count + 1 }, (_, at) => at),
        lineFunctions: Uint32Array.from(lineFunctions),
        lineNumbers: Float64Array.from(lines),
        lineColumns: new Float64Array(count),
        functionCount: names.length,
        functionNames: Uint32Array.from(names),
        functionSystemNames: Uint32Array.from(names),
        functionFiles: Uint32Array.from(files),
        functionStartLines: new Float64Array(names.length),
      }
    },
  }
}

function openStrings(): Strings {
  const list = ['']
  const ids = new Map<string, number>([['', 0]])
  return {
    list,
    idOf(text) {
      const known = ids.get(text)
      if (known !== undefined) return known
      ids.set(text, list.length)
      list.push(text)
      return list.length - 1
    },
  }
}
