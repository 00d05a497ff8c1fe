/**
 * Flat and cumulative values per function of a profile, as `go tool pprof -top` counts them.
 * Enters: a profile and which of its value columns. Leaves: one row per function name, largest flat first.
 * Flat goes to the innermost call of the leaf; cumulative once to each function of a stack, however often it recurses.
 * Values are exact 64-bit. Does not apply drop_frames or scale units.
 */
import type { Profile } from '../../model/profile.ts'

export type FunctionTotal = {
  readonly name: string
  readonly file: string
  readonly flat: bigint
  readonly cumulative: bigint
}

export type FunctionTotals = { readonly total: bigint; readonly functions: readonly FunctionTotal[] }

/** The column to show first: the default type when it names one, else the last, as pprof does. */
export function chooseValueColumn(profile: Profile): number {
  const named = profile.sampleTypes.findIndex((type) => type.type === profile.defaultSampleType)
  return named === -1 ? profile.sampleTypes.length - 1 : named
}

export function sumByFunction(profile: Profile, column: number = chooseValueColumn(profile)): FunctionTotals {
  const { ids, names, files } = joinFunctions(profile)
  const flat = new BigInt64Array(names.length)
  const cumulative = new BigInt64Array(names.length)
  const seenBy = new Uint32Array(names.length)
  const width = profile.sampleTypes.length
  let total = 0n
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    const value = profile.values[sample * width + column] as bigint
    total += value
    const from = profile.locationStart[sample] as number
    const to = profile.locationStart[sample + 1] as number
    let isLeaf = true
    for (let at = from; at < to; at++) {
      const location = profile.sampleLocations[at] as number
      const end = profile.lineStart[location + 1] as number
      for (let line = profile.lineStart[location] as number; line < end; line++) {
        const row = ids[profile.lineFunctions[line] as number] as number
        if (isLeaf) flat[row] = (flat[row] as bigint) + value
        isLeaf = false
        if (seenBy[row] === sample + 1) continue
        seenBy[row] = sample + 1
        cumulative[row] = (cumulative[row] as bigint) + value
      }
      isLeaf = false
    }
  }
  const functions = names.map((name, row) => ({
    name,
    file: files[row] as string,
    flat: flat[row] as bigint,
    cumulative: cumulative[row] as bigint,
  }))
  functions.sort((a, b) => compare(b.flat, a.flat) || compare(b.cumulative, a.cumulative) || compare(a.name, b.name))
  return { total, functions }
}

/** Functions of one name are one row: a generic function has several entries. */
function joinFunctions(profile: Profile) {
  const rows = new Map<string, number>()
  const ids = new Uint32Array(profile.functionCount)
  const names: string[] = []
  const files: string[] = []
  for (let index = 0; index < profile.functionCount; index++) {
    const name = profile.strings[profile.functionNames[index] as number] ?? ''
    let row = rows.get(name)
    if (row === undefined) {
      row = names.length
      rows.set(name, row)
      names.push(name)
      files.push(profile.strings[profile.functionFiles[index] as number] ?? '')
    }
    ids[index] = row
  }
  return { ids, names, files }
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}
