/** Dependencies are few and chosen: each run-time one has a row in docs/dependencies.md, each licence is a free one. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..', '..')
const licences = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'MIT OR Apache-2.0',
  'BlueOak-1.0.0',
]

type Lock = {
  readonly packages: Readonly<
    Record<string, { readonly license?: string; readonly dev?: boolean; readonly resolved?: string }>
  >
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
}
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock
const page = readFileSync(join(root, 'docs', 'dependencies.md'), 'utf8')

test('every run-time dependency has its row in docs/dependencies.md, and the page names no other', () => {
  const rows = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1])
  assert.deepEqual(rows.sort(), Object.keys(manifest.dependencies).sort())
})

test('there are at most twelve run-time dependencies', () => {
  assert.ok(Object.keys(manifest.dependencies).length <= 12)
})

test('what is installed at run time, transitive packages too, has a licence on the list', () => {
  const odd = Object.entries(lock.packages)
    .filter(([name, entry]) => name !== '' && entry.dev !== true && !licences.includes(entry.license ?? 'none'))
    .map(([name, entry]) => `${name}: ${entry.license ?? 'none'}`)
  assert.deepEqual(odd, [])
})

test('the lock file holds no download addresses', () => {
  assert.deepEqual(
    Object.keys(lock.packages).filter((name) => lock.packages[name]?.resolved?.startsWith('http')),
    [],
  )
})
