/**
 * Compiles the WebAssembly modules that are embedded in source files (scripts/wasm.ts), each once. They import their
 * memory as one thread's own; for a memory that threads share (a SharedArrayBuffer) the same code is compiled with that
 * one import said to be shared, which is all that differs.
 * Spec: WebAssembly core, binary format 5.5.5 (imports) and 5.3.8 (limits); threads proposal for the flag.
 */
import { decodeBase64 } from './base64.ts'

const IMPORT_SECTION = 2
const KIND_FUNCTION = 0
const KIND_MEMORY = 2
const HAS_MAXIMUM = 1
const IS_SHARED = 2
/** In 64 KiB: 4 GiB, as much as a module can address. */
const MAX_MEMORY_PAGES = 65_536

const compiled = new Map<string, WebAssembly.Module>()

/** `text`: the module in base64. `memory`: that with which it will be instantiated. */
export function compileModule(text: string, memory: { readonly buffer: ArrayBufferLike }): WebAssembly.Module {
  const isShared = !(memory.buffer instanceof ArrayBuffer)
  const key = `${isShared ? 'shared' : 'own'} ${text}`
  const known = compiled.get(key)
  if (known !== undefined) return known
  const bytes = decodeBase64(text)
  const module = new WebAssembly.Module(isShared ? shareMemoryImport(bytes) : bytes)
  compiled.set(key, module)
  return module
}

/** A memory for several threads; undefined where it is refused. It does not move when it grows. */
export function openSharedMemory(initialPages: number): { readonly buffer: ArrayBufferLike } | undefined {
  try {
    return new WebAssembly.Memory({ initial: initialPages, maximum: MAX_MEMORY_PAGES, shared: true })
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined
    throw thrown
  }
}

/** The module with its imported memory marked as shared. */
export function shareMemoryImport(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let at = 8; at < bytes.length; ) {
    const [size, body] = readNumber(bytes, at + 1)
    if (bytes[at] === IMPORT_SECTION) {
      const payload = sharePayload(bytes.subarray(body, body + size))
      return join([bytes.subarray(0, at + 1), numberBytes(payload.length), payload, bytes.subarray(body + size)])
    }
    at = body + size
  }
  return bytes
}

function sharePayload(payload: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const [count, first] = readNumber(payload, 0)
  let at = first
  for (let index = 0; index < count; index++) {
    for (const _name of ['module', 'field']) {
      const [length, text] = readNumber(payload, at)
      at = text + length
    }
    const kind = payload[at]
    if (kind === KIND_MEMORY) {
      const [initial, afterInitial] = readNumber(payload, at + 2)
      const isBound = ((payload[at + 1] as number) & HAS_MAXIMUM) !== 0
      const end = isBound ? readNumber(payload, afterInitial)[1] : afterInitial
      const limits = [HAS_MAXIMUM | IS_SHARED, ...numberBytes(initial), ...numberBytes(MAX_MEMORY_PAGES)]
      return join([payload.subarray(0, at + 1), Uint8Array.from(limits), payload.subarray(end)])
    }
    // A module of ours imports functions and its memory, nothing else.
    if (kind !== KIND_FUNCTION) throw new Error(`an embedded module imports something of kind ${kind}`)
    at = readNumber(payload, at + 1)[1]
  }
  throw new Error('an embedded module imports no memory')
}

/** An unsigned LEB128 number, and the place after it. */
function readNumber(bytes: Uint8Array, from: number): readonly [number, number] {
  let value = 0
  for (let at = from, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] as number
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 128) return [value, at + 1]
  }
}

function numberBytes(value: number): Uint8Array<ArrayBuffer> {
  const bytes: number[] = []
  let left = value
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 128)
  return Uint8Array.from([...bytes, left])
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
