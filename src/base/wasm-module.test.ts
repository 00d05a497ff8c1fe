import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileModule, openSharedMemory, shareMemoryImport } from './wasm-module.ts'

/** Imports env.f and env.memory (with this limits flag), exports `put`, which stores 42 at the address it is given. */
function tinyModule(limits: readonly number[]): Uint8Array<ArrayBuffer> {
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)]
  const section = (id: number, body: readonly number[]): number[] => [id, body.length, ...body]
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [2, 0x60, 0, 0, 0x60, 1, 0x7f, 0]),
    ...section(2, [2, ...name('env'), ...name('f'), 0, 0, ...name('env'), ...name('memory'), 2, ...limits]),
    ...section(3, [1, 1]),
    ...section(7, [1, ...name('put'), 0, 1]),
    ...section(10, [1, 9, 0, 0x20, 0, 0x41, 42, 0x36, 2, 0, 0x0b]),
  ])
}

const text = Buffer.from(tinyModule([0, 1])).toString('base64')

function putOn(memory: { readonly buffer: ArrayBufferLike }): number | undefined {
  const { exports } = new WebAssembly.Instance(compileModule(text, memory), { env: { memory, f: () => {} } })
  ;(exports as { put(address: number): void }).put(64)
  return new Int32Array(memory.buffer)[16]
}

test('one module works on a memory of its own and on one that threads share', () => {
  assert.equal(putOn(new WebAssembly.Memory({ initial: 1 })), 42)
  const shared = openSharedMemory(2)
  assert.ok(shared !== undefined && shared.buffer instanceof SharedArrayBuffer)
  assert.equal(putOn(shared), 42)
})

test('a module is compiled once for each kind of memory', () => {
  const [own, other] = [new WebAssembly.Memory({ initial: 1 }), new WebAssembly.Memory({ initial: 3 })]
  assert.equal(compileModule(text, own), compileModule(text, other))
  assert.notEqual(compileModule(text, own), compileModule(text, openSharedMemory(1) ?? own))
})

test('an import that states its maximum, and one with long numbers, are marked as well', () => {
  for (const limits of [
    [1, 1, 2],
    [1, 0x81, 0x01, 0x80, 0x02],
  ]) {
    assert.ok(new WebAssembly.Module(tinyModule(limits)) instanceof WebAssembly.Module)
    assert.ok(new WebAssembly.Module(shareMemoryImport(tinyModule(limits))) instanceof WebAssembly.Module)
  }
})

test('a module without an imported memory is refused', () => {
  const bytes = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 2, 1, 0])
  assert.throws(() => shareMemoryImport(bytes), /imports no memory/)
})
