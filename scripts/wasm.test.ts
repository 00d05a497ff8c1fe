import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildWasm, wasmModules } from './wasm.ts'

for (const module of wasmModules) {
  test(`${module.output} is what wasm/ compiles to: npm run wasm`, async () => {
    const embedded = readFileSync(join(import.meta.dirname, '..', module.output), 'utf8')
    assert.equal(embedded, await buildWasm(module))
  })
}
