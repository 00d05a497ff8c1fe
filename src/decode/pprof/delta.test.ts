/** Delta profiles and totals by function, on recorded profiles and on changes made to them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { Profile } from '../../model/profile.ts'
import { subtractProfiles } from './delta.ts'
import { encodePprof } from './encode.ts'
import { decodePprofProto } from './pprof.ts'
import { chooseValueColumn, sumByFunction } from './report.ts'

const testdata = join(import.meta.dirname, '..', '..', '..', 'testdata', 'pprof')

function read(name: string): Profile {
  const result = decodePprofProto(gunzipSync(readFileSync(join(testdata, name, 'go1.27', 'profile.pb.gz'))))
  assert.ok(result.ok)
  return result.value.value
}

function subtract(later: Profile, earlier: Profile) {
  const result = subtractProfiles(later, earlier)
  assert.ok(result.ok)
  return result.value
}

function totals(profile: Profile, column: number): Record<string, string> {
  const { functions } = sumByFunction(profile, column)
  return Object.fromEntries(
    functions.filter((row) => row.cumulative !== 0n).map((row) => [row.name, `${row.flat}/${row.cumulative}`]),
  )
}

/** The same samples with their values times `factor`. */
function scale(profile: Profile, factor: bigint): Profile {
  return { ...profile, values: profile.values.map((value) => value * factor) }
}

for (const name of ['block', 'heap', 'goroutine', 'crafted']) {
  test(`${name}: a profile minus itself has no samples`, () => {
    const { value, issues } = subtract(read(name), read(name))
    assert.equal(value.sampleCount, 0)
    assert.deepEqual(issues, [])
  })

  test(`${name}: three times a profile minus the profile is twice it, function by function, and encodes`, () => {
    const profile = read(name)
    const { value } = subtract(scale(profile, 3n), profile)
    const again = decodePprofProto(encodePprof(value))
    assert.ok(again.ok)
    for (let column = 0; column < profile.sampleTypes.length; column++) {
      assert.deepEqual(totals(again.value.value, column), totals(scale(profile, 2n), column))
    }
  })
}

test('rows are joined by what they are, though ids, order and load address differ', () => {
  const profile = read('block')
  const order = [...Array(profile.sampleCount).keys()].reverse()
  const moved: Profile = {
    ...profile,
    values: BigInt64Array.from(order.flatMap((row) => [...profile.values.subarray(row * 2, row * 2 + 2)])),
    locationStart: Uint32Array.from(
      [0, ...order].map((_, row) =>
        order
          .slice(0, row)
          .reduce(
            (sum, each) => sum + (profile.locationStart[each + 1] as number) - (profile.locationStart[each] as number),
            0,
          ),
      ),
    ),
    sampleLocations: Uint32Array.from(
      order.flatMap((row) => [
        ...profile.sampleLocations.subarray(profile.locationStart[row], profile.locationStart[row + 1]),
      ]),
    ),
    locationAddresses: profile.locationAddresses.map((address, row) =>
      profile.locationMappings[row] === 0 ? address : address + 4096n,
    ),
    mappings: profile.mappings.map((mapping) => ({
      ...mapping,
      memoryStart: mapping.memoryStart + 4096n,
      memoryLimit: mapping.memoryLimit + 4096n,
    })),
  }
  assert.equal(subtract(profile, moved).value.sampleCount, 0)
})

test('labels tell rows apart, and their order does not', () => {
  const profile = read('crafted')
  const other: Profile = { ...profile, labelNumbers: profile.labelNumbers.map((value) => value + 1n) }
  assert.ok(subtract(profile, other).value.sampleCount > profile.sampleCount)
})

test('a counter that fell is kept negative and is an issue; a gauge that fell is none', () => {
  const block = read('block')
  const fell = subtract(block, scale(block, 2n))
  assert.ok([...fell.value.values].some((value) => value < 0n))
  assert.deepEqual(
    fell.issues.map((issue) => issue.count),
    [fell.value.sampleCount, fell.value.sampleCount],
  )
  const goroutines = read('goroutine')
  assert.deepEqual(subtract(goroutines, scale(goroutines, 2n)).issues, [])
})

test('the duration of a delta is the time between the two', () => {
  const profile = read('block')
  const later = { ...profile, timeNs: (profile.timeNs ?? 0n) + 3_000_000_000n }
  assert.equal(subtract(later, profile).value.durationNs, 3_000_000_000n)
})

test('profiles of different kinds have no difference', () => {
  const result = subtractProfiles(read('block'), read('heap'))
  assert.equal(result.ok ? '' : result.error.code, 'SL_DECODE_PROFILE_MISMATCH')
})

test('totals by function are those that the recording program knew', () => {
  const truth = JSON.parse(readFileSync(join(testdata, 'crafted', 'go1.27', 'truth.json'), 'utf8')) as {
    readonly sites: readonly { readonly function: string; readonly values: readonly (number | string)[] }[]
  }
  const profile = read('crafted')
  assert.equal(profile.sampleTypes[chooseValueColumn(profile)]?.type, profile.defaultSampleType)
  for (const site of truth.sites) {
    // The second column has no value past 2^53, which the truth could not have printed exactly.
    const row = sumByFunction(profile, 1).functions.find(({ name }) => name === site.function)
    assert.equal(row?.cumulative, BigInt(site.values[1] as number), site.function)
  }
})
