/**
 * Times and durations as texts have them: RFC 3339 with any fraction, Go's duration strings, numbers of any of four
 * units. Exact to the ns; `undefined` where a text is none of these.
 */

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?\s*(Z|z|UTC|[+-]\d\d:?\d\d)?$/

/** Unix ns of an RFC 3339 time; without an offset it is taken as UTC. */
export function parseTimeNs(text: string): bigint | undefined {
  const parts = RFC3339.exec(text)
  if (parts === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = parts
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  if (Number.isNaN(ms) || Number(month) > 12 || Number(day) > 31 || Number(hour) > 24) return undefined
  const offset = /^([+-])(\d\d):?(\d\d)$/.exec(zone)
  const minutes = offset === null ? 0 : (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -1 : 1)
  return (BigInt(ms) - BigInt(minutes) * 60_000n) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
}

const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

/** Ns of `1h2m3.5s`, `100000ns`, `0.25s`. */
export function parseDurationNs(text: string): bigint | undefined {
  if (text.length > 64 || !/^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined
  let total = 0n
  for (const [, whole = '0', fraction = '', unit = 'ns'] of text.matchAll(/(\d+)(?:\.(\d+))?(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scale = UNIT_NS[unit] ?? 1n
    total += BigInt(whole) * scale
    const digits = fraction.slice(0, 12)
    if (digits !== '') total += (BigInt(digits) * scale) / 10n ** BigInt(digits.length)
  }
  return total
}

/** Unix ns of a number of seconds, ms, µs or ns, told apart by its size: valid for 1973 to 2286 in each unit. */
export function parseUnixNumberNs(text: string): bigint | undefined {
  const parts = /^(\d{1,19})(?:\.(\d{1,12}))?(?:[eE]\+?(\d{1,2}))?$/.exec(text)
  if (parts === null) return undefined
  const shift = Number(parts[3] ?? '0')
  const fraction = parts[2] ?? ''
  const whole = `${parts[1]}${fraction.slice(0, shift).padEnd(shift, '0')}`.replace(/^0+(?=\d)/, '')
  const rest = fraction.slice(shift)
  const scale = whole.length <= 10 ? 9 : whole.length <= 13 ? 6 : whole.length <= 16 ? 3 : 0
  if (whole.length > 19) return undefined
  return BigInt(whole) * 10n ** BigInt(scale) + BigInt(rest.slice(0, scale).padEnd(scale, '0') || '0')
}
