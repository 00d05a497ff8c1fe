/** The catalogue and its page: the page is what the generator writes, every code is raised somewhere, and well named. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { errorCatalogue } from '../../src/base/errors.ts'
import { documentedRooms, renderErrorsPage } from './errors.ts'

const root = join(import.meta.dirname, '..', '..')
const codes = Object.keys(errorCatalogue)

test('docs/errors.md is what the generator writes (npm run docs)', () => {
  assert.equal(readFileSync(join(root, 'docs', 'errors.md'), 'utf8'), renderErrorsPage())
})

test('every code is SL_<ROOM>_<WHAT> of a room that the page has', () => {
  assert.deepEqual(
    codes.filter((code) => {
      const match = /^SL_([A-Z]+)_[A-Z0-9]+(?:_[A-Z0-9]+)*$/.exec(code)
      return match === null || !documentedRooms.includes(match[1] as string)
    }),
    [],
  )
})

test('every code is raised somewhere in the program', () => {
  const sources = [...globSync('src/**/*.ts', { cwd: root }), 'bin/sightline.mjs']
    .filter((file) => !file.endsWith('.test.ts') && !file.startsWith('src/base/codes/'))
    .map((file) => readFileSync(join(root, file), 'utf8'))
  assert.deepEqual(
    codes.filter((code) => !sources.some((text) => new RegExp(`\\b${code}\\b`).test(text))),
    [],
  )
})

test('no summary and no hint is empty, and no summary ends in a full stop', () => {
  assert.deepEqual(
    Object.entries(errorCatalogue)
      .filter(([, row]) => row.summary === '' || row.hint === '' || /[.!]$/.test(row.summary))
      .map(([code]) => code),
    [],
  )
})
