/**
 * What the trace bench measures and holds itself to: traces to make, readers to run on each, and targets over medians.
 * Enters: nothing. Leaves: tables; targets are those of the issue of the trace engine (section 4), each with the rows
 * that it compares. A target whose rows were not measured is reported as such and is not met.
 */

export type Reader =
  | 'go raw'
  | 'go ordered'
  | 'go ordered + states'
  | 'go summary'
  | 'go tool trace -pprof=sched'
  | 'sightline decode'
  | 'sightline ordered'
  /** `sightline timeline FILE --json` as it comes: on two threads where the file and the machine suggest it. */
  | 'sightline account'
  | 'sightline account, 1 thread'

export type TraceCase = {
  readonly name: string
  readonly tracegen: readonly string[]
  readonly readers: readonly Reader[]
}

export const traceCases: readonly TraceCase[] = [
  {
    name: '200 MB',
    tracegen: ['-mode', 'busy', '-size', '200', '-for', '15m'],
    readers: [
      'go raw',
      'sightline decode',
      'go ordered',
      'sightline ordered',
      'go ordered + states',
      'go summary',
      'sightline account, 1 thread',
      'sightline account',
    ],
  },
  {
    name: '50 MB',
    tracegen: ['-mode', 'busy', '-size', '50'],
    readers: ['go tool trace -pprof=sched', 'go summary', 'sightline account'],
  },
  {
    name: '1000 MB',
    tracegen: ['-mode', 'busy', '-size', '1000', '-for', '15m'],
    readers: ['sightline account, 1 thread', 'sightline account'],
  },
  {
    name: '100 K parked',
    tracegen: ['-mode', 'parked', '-goroutines', '100000', '-for', '5500ms'],
    readers: ['go ordered + states', 'sightline account'],
  },
  {
    name: '1 M parked',
    tracegen: ['-mode', 'parked', '-goroutines', '1000000', '-for', '5500ms'],
    readers: ['go ordered + states', 'sightline account'],
  },
  {
    name: '64 processors',
    tracegen: ['-mode', 'busy', '-procs', '64', '-clients', '512', '-size', '100'],
    readers: ['go ordered + states', 'sightline account'],
  },
  {
    name: '100 K live',
    tracegen: ['-mode', 'live', '-goroutines', '100000', '-size', '100'],
    readers: ['go ordered + states', 'sightline account'],
  },
  {
    name: 'collector',
    tracegen: ['-mode', 'gc', '-for', '10s'],
    readers: ['go ordered + states', 'sightline account'],
  },
]

/** Medians of one reader on one trace. */
export type Row = {
  readonly trace: string
  readonly reader: Reader
  readonly seconds: number
  readonly cpuSeconds?: number
  readonly peakMegabytes?: number
  readonly events: number
  readonly megabytes: number
  readonly runs: number
  readonly slowestSeconds: number
}

export type Find = (trace: string, reader: Reader) => Row | undefined

export type Target = {
  readonly says: string
  readonly limit: number
  readonly isMost: boolean
  readonly measure: (find: Find) => number | undefined
}

function ratio(trace: string, slow: Reader, fast: Reader): Target['measure'] {
  return (find) => divide(find(trace, slow)?.seconds, find(trace, fast)?.seconds)
}

function peak(...traces: readonly string[]): Target['measure'] {
  return (find) => {
    const peaks = traces.map((trace) => find(trace, 'sightline account')?.peakMegabytes)
    return peaks.includes(undefined) ? undefined : Math.max(...(peaks as number[]))
  }
}

/** Time for an event, against that of the 200 MB trace. */
function perEvent(trace: string, reader: Reader): Target['measure'] {
  return (find) => divide(secondsPerEvent(find(trace, reader)), secondsPerEvent(find('200 MB', reader)))
}

function secondsPerEvent(row: Row | undefined): number | undefined {
  return divide(row?.seconds, row?.events)
}

function divide(above: number | undefined, below: number | undefined): number | undefined {
  return above === undefined || below === undefined ? undefined : above / below
}

export const targets: readonly Target[] = [
  {
    says: 'full accounting, times the speed of the toolchain’s Summarizer (200 MB; goal 40)',
    limit: 25,
    isMost: false,
    measure: ratio('200 MB', 'go summary', 'sightline account'),
  },
  {
    says: 'ordered events, times the speed of the reference’s ordered reader',
    limit: 3,
    isMost: false,
    measure: ratio('200 MB', 'go ordered', 'sightline ordered'),
  },
  {
    says: 'decode without order, times the speed of the raw reader',
    limit: 4,
    isMost: false,
    measure: ratio('200 MB', 'go raw', 'sightline decode'),
  },
  {
    says: 'full accounting, peak MB at 50, 200 and 1000 MB',
    limit: 250,
    isMost: true,
    measure: peak('50 MB', '200 MB', '1000 MB'),
  },
  {
    says: 'full accounting, peak at 1000 MB over peak at 200 MB',
    limit: 1.15,
    isMost: true,
    measure: (find) =>
      divide(find('1000 MB', 'sightline account')?.peakMegabytes, find('200 MB', 'sightline account')?.peakMegabytes),
  },
  {
    says: 'full accounting, time per byte at 1000 MB over that at 200 MB',
    limit: 1.1,
    isMost: true,
    measure: (find) => {
      const [large, small] = [find('1000 MB', 'sightline account'), find('200 MB', 'sightline account')]
      return divide(divide(large?.seconds, large?.megabytes), divide(small?.seconds, small?.megabytes))
    },
  },
  {
    says: 'full accounting at 1000 MB, times the speed of one thread',
    limit: 1.3,
    isMost: false,
    measure: ratio('1000 MB', 'sightline account, 1 thread', 'sightline account'),
  },
  {
    says: '100 K parked goroutines, seconds',
    limit: 1,
    isMost: true,
    measure: (find) => find('100 K parked', 'sightline account')?.seconds,
  },
  { says: '100 K parked goroutines, peak MB', limit: 150, isMost: true, measure: peak('100 K parked') },
  { says: '1 M parked goroutines, peak MB', limit: 600, isMost: true, measure: peak('1 M parked') },
  {
    says: '64 processors, accounting time per event over that of the 200 MB trace',
    limit: 2,
    isMost: true,
    measure: perEvent('64 processors', 'sightline account'),
  },
  {
    says: '100 K live goroutines, accounting time per event over that of the 200 MB trace',
    limit: 2,
    isMost: true,
    measure: perEvent('100 K live', 'sightline account'),
  },
]
