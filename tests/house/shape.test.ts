/** The shape of the tree: file length, folder size and depth, and ratchets whose counts may only fall. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..', '..')
const files = globSync(['src/**/*.ts', 'scripts/**/*.ts', 'tests/**/*.ts', 'bench/**/*.ts'], { cwd: root })
const sources = files.filter((file) => file.startsWith('src/') && !file.endsWith('.test.ts') && !file.endsWith('.d.ts'))

/** Files that are tables: rows with a source each, longer than code may be. */
const tables: readonly string[] = []

/** What may stand in src at most; lower these when they fall, never raise them. */
const ratchets: readonly { readonly what: string; readonly pattern: RegExp; readonly most: number }[] = [
  { what: 'any', pattern: /(?::|<|as) any\b/g, most: 0 },
  { what: 'ts-ignore', pattern: /@ts-(?:ignore|expect-error|nocheck)/g, most: 0 },
  { what: 'biome-ignore', pattern: /biome-ignore/g, most: 0 },
  { what: 'to-do marks', pattern: /(?:\/\/|\*).*\b(?:TODO|FIXME|XXX)\b/g, most: 0 },
  { what: 'default exports', pattern: /^export default/gm, most: 0 },
  { what: 'double casts', pattern: /as unknown as/g, most: 0 },
]

test('no file is longer than 600 lines', () => {
  const long = files.filter((file) => !tables.includes(file) && read(file).split('\n').length > 600)
  assert.deepEqual(long, [])
})

test('a folder holds at most 20 files, tests not counted, at most src/room/topic/file deep', () => {
  const counts = new Map<string, number>()
  for (const file of sources) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1)
  assert.deepEqual(
    [...counts].filter(([, count]) => count > 20),
    [],
  )
  assert.deepEqual(
    sources.filter((file) => file.split('/').length > 4),
    [],
  )
})

test('every source file says on top what it is for', () => {
  assert.deepEqual(
    sources.filter((file) => !read(file).startsWith('/**')),
    [],
  )
})

for (const { what, pattern, most } of ratchets) {
  test(`the number of ${what} in src is at most ${most}`, () => {
    const places = sources.flatMap((file) => [...readCode(file).matchAll(pattern)].map(() => file))
    assert.ok(places.length <= most, `${places.length}: ${[...new Set(places)].join(', ')}`)
  })
}

/** Comments may say "any"; only marks that live in comments are looked for in them. */
function readCode(file: string): string {
  const withoutProse = (line: string) =>
    /biome-ignore|@ts-|TODO|FIXME|XXX/.test(line) ? line : line.replace(/^\s*(\*|\/\/|\/\*).*$/, '')
  return read(file).split('\n').map(withoutProse).join('\n')
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}
