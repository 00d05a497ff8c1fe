/**
 * Units in types, and their text forms: durations (`250ms`, `5s`, `2m`, `1h`), sizes (`64MiB`), times.
 * Durations are numbers of ns (exact below 104 days: 2^53 ns); wall time is the only bigint.
 * Enters: text of flags and configuration. Leaves: branded numbers, or undefined for text that is no such unit.
 */
declare const unit: unique symbol
type Unit<T, U extends string> = T & { readonly [unit]?: U }

/** A duration in nanoseconds. */
export type Ns = Unit<number, 'ns'>
/** Nanoseconds since the start of an execution trace. */
export type TraceNs = Unit<number, 'trace-ns'>
/** Nanoseconds of a process's monotonic clock. */
export type MonoNs = Unit<number, 'mono-ns'>
/** Nanoseconds since 1970-01-01T00:00:00Z. */
export type UnixNs = Unit<bigint, 'unix-ns'>
export type Bytes = Unit<number, 'bytes'>

const NS_PER_UNIT: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** Reads Go's duration syntax (`1h2m3.5s`, `250ms`); a bare number is refused. Undefined when it is not one. */
export function parseDuration(text: string): Ns | undefined {
  const part = /(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/y
  let total = 0
  let at = 0
  while (at < text.length) {
    part.lastIndex = at
    const match = part.exec(text)
    if (match === null) return undefined
    total += Number(match[1]) * (NS_PER_UNIT[match[2] as string] as number)
    at = part.lastIndex
  }
  return at > 0 && Number.isFinite(total) ? (total as Ns) : undefined
}

/** `1.5ms`, `12.3s`, `4m05s`, `2h13m`: three significant digits, for people. */
export function formatDuration(ns: number): string {
  const sign = ns < 0 ? '-' : ''
  const value = Math.abs(ns)
  if (value < 999.5) return `${sign}${trimDigits(value)}ns`
  if (value < 999.5e3) return `${sign}${trimDigits(value / 1e3)}µs`
  if (value < 999.5e6) return `${sign}${trimDigits(value / 1e6)}ms`
  if (value < 60e9) return `${sign}${trimDigits(value / 1e9)}s`
  const seconds = Math.round(value / 1e9)
  if (seconds < 3600) return `${sign}${Math.floor(seconds / 60)}m${pad2(seconds % 60)}s`
  const minutes = Math.round(seconds / 60)
  return `${sign}${Math.floor(minutes / 60)}h${pad2(minutes % 60)}m`
}

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1e3,
  kib: 1024,
  m: 1024 ** 2,
  mb: 1e6,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1e9,
  gib: 1024 ** 3,
  t: 1024 ** 4,
  tb: 1e12,
  tib: 1024 ** 4,
}

/** Reads `64MiB`, `10MB`, `4096`. Undefined when it is not a size. */
export function parseSize(text: string): Bytes | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  if (match === null) return undefined
  const factor = BYTES_PER_UNIT[(match[2] as string).toLowerCase()]
  return factor === undefined ? undefined : (Math.floor(Number(match[1]) * factor) as Bytes)
}

/** `512B`, `1.5KiB`, `64MiB`. */
export function formatSize(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let index = 0
  while (Math.abs(value) >= 1024 && index < names.length - 1) {
    value /= 1024
    index += 1
  }
  return `${trimDigits(value)}${names[index]}`
}

/** RFC 3339 with nanoseconds, in UTC. */
export function formatUnixNs(time: bigint): string {
  const ns = ((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const seconds = (time - ns) / 1_000_000_000n
  const date = new Date(Number(seconds) * 1000)
  return `${date.toISOString().slice(0, 19)}.${ns.toString().padStart(9, '0')}Z`
}

/** Reads RFC 3339, with up to nine digits of a second. Undefined when it is no such time. */
export function parseUnixNs(text: string): UnixNs | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text)
  if (match === null) return undefined
  const millis = Date.parse(`${match[1]}${match[3]}`)
  if (Number.isNaN(millis)) return undefined
  return (BigInt(millis) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'))) as UnixNs
}

function trimDigits(value: number): string {
  return value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
}

function pad2(value: number): string {
  return String(value).padStart(2, '0')
}
