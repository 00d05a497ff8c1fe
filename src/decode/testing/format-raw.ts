/**
 * A profile as `go tool pprof -raw` prints it, for tests against that oracle only.
 * Enters: a decoded profile. Leaves: text. Ids are printed as index + 1: `renumberRaw` does the same to the oracle's.
 * Follows Profile.String() in google/pprof profile/profile.go; like the tool, it makes up a mapping where there is none.
 */
import { formatUnixNs } from '../../base/units.ts'
import type { Profile, SampleType } from '../../model/profile.ts'

export function formatRaw(profile: Profile): string {
  const out: string[] = profile.comments.map((comment) => `Comment: ${comment}`)
  if (profile.docUrl !== '') out.push(`Doc: ${profile.docUrl}`)
  const period: SampleType = profile.periodType ?? { type: '', unit: '' }
  out.push(`PeriodType: ${period.type} ${period.unit}`, `Period: ${profile.period ?? 0n}`)
  if (profile.timeNs !== undefined) out.push(`Time: ${formatGoTime(profile.timeNs)}`)
  if (profile.durationNs !== undefined) out.push(`Duration: ${formatGoDuration(profile.durationNs).slice(0, 4)}`)
  out.push('Samples:')
  const types = profile.sampleTypes.map(
    ({ type, unit }) => `${type}/${unit}${type === profile.defaultSampleType ? '[dflt]' : ''}`,
  )
  out.push(types.join(' '))
  for (let sample = 0; sample < profile.sampleCount; sample++) out.push(...formatSample(profile, sample))
  out.push('Locations')
  for (let row = 0; row < profile.locationCount; row++) out.push(...formatLocation(profile, row))
  out.push('Mappings', ...formatMappings(profile))
  return `${out.join('\n')}\n`
}

/** The oracle's text with location and mapping ids replaced by their place in the table. */
export function renumberRaw(raw: string): string {
  const [samples = '', rest = ''] = splitAt(raw, '\nLocations\n')
  const [locations = '', mappings = ''] = splitAt(rest, 'Mappings\n')
  const locationIds = rankIds(locations)
  const mappingIds = rankIds(mappings)
  const newSamples = samples.replace(/^(( +-?\d+)+): ((?:\d+ )*)$/gm, (_, values: string, _last, ids: string) => {
    const mapped = ids.split(' ').map((id) => (id === '' ? '' : (locationIds.get(id) ?? `?${id}`)))
    return `${values}: ${mapped.join(' ')}`
  })
  const newLocations = locations.replace(
    /^ *(\d+): (0x[0-9a-f]+) (?:M=(\d+) )?/gm,
    (_, id: string, address: string, mapping?: string) => {
      const named = mapping === undefined ? '' : `M=${mappingIds.get(mapping)} `
      return `${String(locationIds.get(id)).padStart(6)}: ${address} ${named}`
    },
  )
  const newMappings = mappings.replace(/^(\d+):/gm, (_, id: string) => `${mappingIds.get(id)}:`)
  return `${newSamples}\nLocations\n${newLocations}Mappings\n${newMappings}`
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.lastIndexOf(mark)
  return [text.slice(0, at), text.slice(at + mark.length)]
}

function rankIds(table: string): Map<string, number> {
  const ids = new Map<string, number>()
  for (const match of table.matchAll(/^ *(\d+): 0x/gm)) ids.set(match[1] as string, ids.size + 1)
  return ids
}

function formatSample(profile: Profile, sample: number): string[] {
  const width = profile.sampleTypes.length
  const values = [...profile.values.subarray(sample * width, (sample + 1) * width)]
  const ids = [...profile.sampleLocations.subarray(profile.locationStart[sample], profile.locationStart[sample + 1])]
  const line = `${values.map((value) => ` ${String(value).padStart(10)}`).join('')}: ${ids.map((id) => `${id + 1} `).join('')}`
  const texts = new Map<string, string[]>()
  const numbers = new Map<string, { value: bigint; unit: string }[]>()
  for (let at = profile.labelStart[sample] as number; at < (profile.labelStart[sample + 1] as number); at++) {
    const key = textOf(profile, profile.labelKeys, at)
    const unit = textOf(profile, profile.labelUnits, at)
    const value = profile.labelNumbers[at] as bigint
    if (profile.labelIsNumber[at] === 1) {
      if (value !== 0n || unit !== '') numbers.set(key, [...(numbers.get(key) ?? []), { value, unit }])
    } else if (profile.labelStrings[at] !== 0) {
      texts.set(key, [...(texts.get(key) ?? []), textOf(profile, profile.labelStrings, at)])
    }
  }
  const out = [line]
  const indent = ' '.repeat(16)
  if (texts.size > 0)
    out.push(
      indent +
        [...texts]
          .map(([key, all]) => `${key}:[${all.join(' ')}]`)
          .sort()
          .join(' '),
    )
  if (numbers.size > 0) {
    const parts = [...numbers].map(([key, all]) => {
      const hasUnits = all.some(({ unit }) => unit !== '')
      return `${key}:[${all.map(({ value, unit }) => (hasUnits ? `${value} ${unit}` : String(value))).join(' ')}]`
    })
    out.push(indent + parts.sort().join(' '))
  }
  return out
}

function formatLocation(profile: Profile, row: number): string[] {
  const mapping = profile.mappings.length === 0 ? 1 : (profile.locationMappings[row] as number)
  const head =
    `${String(row + 1).padStart(6)}: 0x${(profile.locationAddresses[row] as bigint).toString(16)} ` +
    `${mapping === 0 ? '' : `M=${mapping} `}${profile.locationFolded[row] === 1 ? '[F] ' : ''}`
  const out: string[] = []
  for (let line = profile.lineStart[row] as number; line < (profile.lineStart[row + 1] as number); line++) {
    const fn = profile.lineFunctions[line] as number
    const name = textOf(profile, profile.functionNames, fn)
    const system = textOf(profile, profile.functionSystemNames, fn)
    const place = `${textOf(profile, profile.functionFiles, fn)}:${profile.lineNumbers[line]}:${profile.lineColumns[line]}`
    const start = `s=${profile.functionStartLines[fn]}`
    out.push(
      `${out.length === 0 ? head : ' '.repeat(13)}${name} ${place} ${start}${name === system ? '' : `(${system})`}`,
    )
  }
  return out.length === 0 ? [head] : out
}

function formatMappings(profile: Profile): string[] {
  if (profile.mappings.length === 0) return ['1: 0x0/0x0/0x0   ']
  return profile.mappings.map((mapping, index) => {
    const bits =
      `${mapping.hasFunctions ? '[FN]' : ''}${mapping.hasFilenames ? '[FL]' : ''}` +
      `${mapping.hasLineNumbers ? '[LN]' : ''}${mapping.hasInlineFrames ? '[IN]' : ''}`
    const numbers = [mapping.memoryStart, mapping.memoryLimit, mapping.fileOffset].map(
      (value) => `0x${value.toString(16)}`,
    )
    return `${index + 1}: ${numbers.join('/')} ${mapping.filename} ${mapping.buildId} ${bits}`
  })
}

function textOf(profile: Profile, column: Uint32Array, row: number): string {
  return profile.strings[column[row] as number] ?? ''
}

/** time.Time as %v prints it in UTC. */
function formatGoTime(timeNs: bigint): string {
  const text = formatUnixNs(timeNs)
  const fraction = text.slice(20, 29).replace(/0+$/, '')
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${fraction === '' ? '' : `.${fraction}`} +0000 UTC`
}

/** time.Duration.String(). */
function formatGoDuration(ns: bigint): string {
  const value = Number(ns)
  if (value === 0) return '0s'
  if (value < 0) return `-${formatGoDuration(-ns)}`
  if (value < 1e3) return `${value}ns`
  if (value < 1e6) return `${value / 1e3}µs`
  if (value < 1e9) return `${value / 1e6}ms`
  const seconds = Math.floor(value / 1e9)
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  const fraction = String(value % 1e9)
    .padStart(9, '0')
    .replace(/0+$/, '')
  const tail = `${seconds % 60}${fraction === '' ? '' : `.${fraction}`}s`
  return `${hours > 0 ? `${hours}h` : ''}${seconds >= 60 ? `${minutes}m` : ''}${tail}`
}
