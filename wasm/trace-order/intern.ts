/**
 * Strings, frames and stacks by content, over all generations: what a generation writes anew gets the number it had.
 * Numbers of strings are shared with the places of messages, which hold for one generation. 0 is the empty one.
 */
import { release } from '../lib/arena'
import { ARRAY_BYTES, baseOf, ensure, hashFactor } from './grow'

/** Bytes of all strings, and where each begins; one more for the end. */
const text = memory.data(ARRAY_BYTES)
const textStart = memory.data(ARRAY_BYTES)
let textUsed: usize = 0
export let stringCount: u32 = 0
export let omittedStrings: u32 = 0
let maxTextBytes: f64 = 0

/** Hashes: entries of 8 bytes, hash u32 and number + 1 u32. */
const stringHash = memory.data(ARRAY_BYTES)
const frameHash = memory.data(ARRAY_BYTES)
const stackHash = memory.data(ARRAY_BYTES)

/** Frames of 32 bytes: pc f64, line f64, function u32, file u32. */
const frames = memory.data(ARRAY_BYTES)
export let frameCount: u32 = 0
/** Frame numbers of all stacks, and where each stack begins; one more for the end. */
const stackFrames = memory.data(ARRAY_BYTES)
const stackStart = memory.data(ARRAY_BYTES)
export let stackCount: u32 = 0
/** Frames of the stack that is being read. */
export const scratch = memory.data(4 * 128)

export function openIntern(maxBytes: f64): bool {
  maxTextBytes = maxBytes
  stringCount = 1
  stackCount = 1
  return (
    ensure(text, 4096, 0) &&
    ensure(textStart, 4096, 0) &&
    ensure(stringHash, 8192, 0) &&
    ensure(frameHash, 8192, 0) &&
    ensure(stackHash, 8192, 0) &&
    ensure(frames, 4096, 0) &&
    ensure(stackFrames, 4096, 0) &&
    ensure(stackStart, 4096, 0)
  )
}

export function textAddress(): usize {
  return baseOf(text)
}
export function textStartAddress(): usize {
  return baseOf(textStart)
}
export function framesAddress(): usize {
  return baseOf(frames)
}
export function stackFramesAddress(): usize {
  return baseOf(stackFrames)
}
export function stackStartAddress(): usize {
  return baseOf(stackStart)
}

/** Number of the string in these bytes; 0 when it finds no room. */
export function internString(from: usize, to: usize): u32 {
  if (from == to) return 0
  const length = to - from
  let hash: u32 = 0x811c9dc5 ^ <u32>(hashFactor >> 32)
  for (let at = from; at < to; at++) hash = (hash ^ load<u8>(at)) * 0x01000193
  hash = mix(hash)
  const mask = (load<u32>(stringHash, 4) >> 3) - 1
  const table = baseOf(stringHash)
  for (let at = hash & mask; ; at = (at + 1) & mask) {
    const entry = table + (<usize>at << 3)
    const number = load<u32>(entry, 4)
    if (number == 0) break
    if (load<u32>(entry) != hash) continue
    const start = baseOf(textStart) + (<usize>number << 2)
    const own = load<u32>(start)
    if (load<u32>(start, 4) - own == <u32>length && equals(baseOf(text) + own, from, length)) return number
  }
  if (<f64>(textUsed + length) > maxTextBytes || !ensure(text, textUsed + length, 0)) return omit()
  const number = openString(length)
  if (number == 0) return omit()
  memory.copy(baseOf(text) + (textUsed - length), from, length)
  addHash(stringHash, hash, number, stringCount)
  return number
}

/** The next number, its text `length` bytes; 0 when memory is refused. */
export function openString(length: usize): u32 {
  if (!ensure(textStart, (<usize>stringCount + 2) << 2, 0)) return 0
  const number = stringCount++
  textUsed += length
  store<u32>(baseOf(textStart) + (<usize>number << 2), <u32>(textUsed - length))
  store<u32>(baseOf(textStart) + (<usize>number << 2), <u32>textUsed, 4)
  return number
}

function omit(): u32 {
  omittedStrings++
  return 0
}

export function takeOmitted(): u32 {
  const count = omittedStrings
  omittedStrings = 0
  return count
}

function equals(left: usize, right: usize, length: usize): bool {
  for (let at: usize = 0; at < length; at++) if (load<u8>(left + at) != load<u8>(right + at)) return false
  return true
}

/** Number of the frame; -1 when memory is refused. */
export function internFrame(pc: f64, functionName: u32, file: u32, line: f64): i32 {
  const bits = reinterpret<u64>(pc) * hashFactor
  const hash = mix(<u32>(bits >> 32) ^ (functionName * 31) ^ <u32>(reinterpret<u64>(line) >> 40))
  const mask = (load<u32>(frameHash, 4) >> 3) - 1
  const table = baseOf(frameHash)
  const base = baseOf(frames)
  for (let at = hash & mask; ; at = (at + 1) & mask) {
    const entry = table + (<usize>at << 3)
    const number = load<u32>(entry, 4)
    if (number == 0) break
    if (load<u32>(entry) != hash) continue
    const frame = base + (<usize>(number - 1) << 5)
    if (
      load<f64>(frame) == pc &&
      load<f64>(frame, 8) == line &&
      load<u32>(frame, 16) == functionName &&
      load<u32>(frame, 20) == file
    )
      return <i32>(number - 1)
  }
  if (!ensure(frames, (<usize>frameCount + 1) << 5, 0)) return -1
  const frame = baseOf(frames) + (<usize>frameCount << 5)
  store<f64>(frame, pc)
  store<f64>(frame, line, 8)
  store<u32>(frame, functionName, 16)
  store<u32>(frame, file, 20)
  frameCount++
  return addHash(frameHash, hash, frameCount, frameCount) ? <i32>(frameCount - 1) : -1
}

/** Number of the stack of the first `count` frames in `scratch`; -1 when memory is refused. */
export function internStack(count: u32): i32 {
  if (count == 0) return 0
  let hash: u32 = count ^ <u32>(hashFactor >> 32)
  for (let at: u32 = 0; at < count; at++) {
    hash = (hash ^ load<u32>(scratch + (<usize>at << 2))) * 0x01000193 + 0x9e3779b1
  }
  hash = mix(hash)
  const mask = (load<u32>(stackHash, 4) >> 3) - 1
  const table = baseOf(stackHash)
  for (let at = hash & mask; ; at = (at + 1) & mask) {
    const entry = table + (<usize>at << 3)
    const number = load<u32>(entry, 4)
    if (number == 0) break
    if (load<u32>(entry) != hash) continue
    const start = baseOf(stackStart) + (<usize>number << 2)
    const own = load<u32>(start)
    if (load<u32>(start, 4) - own != count) continue
    if (equals(baseOf(stackFrames) + (<usize>own << 2), scratch, <usize>count << 2)) return <i32>number
  }
  const from = load<u32>(baseOf(stackStart) + (<usize>stackCount << 2))
  if (!ensure(stackFrames, <usize>(from + count) << 2, 0)) return -1
  if (!ensure(stackStart, (<usize>stackCount + 2) << 2, 0)) return -1
  memory.copy(baseOf(stackFrames) + (<usize>from << 2), scratch, <usize>count << 2)
  const number = stackCount++
  store<u32>(baseOf(stackStart) + (<usize>stackCount << 2), from + count)
  return addHash(stackHash, hash, number, stackCount) ? <i32>number : -1
}

function addHash(array: usize, hash: u32, number: u32, used: u32): bool {
  const bytes = load<u32>(array, 4)
  if (<usize>used << 4 > <usize>bytes) {
    const old = baseOf(array)
    const fresh = memory.data(ARRAY_BYTES)
    store<u64>(fresh, 0)
    if (!ensure(fresh, <usize>bytes << 1, 0)) return false
    store<u64>(array, load<u64>(fresh))
    for (let entry = old; entry < old + <usize>bytes; entry += 8) {
      if (load<u32>(entry, 4) != 0) put(array, load<u32>(entry), load<u32>(entry, 4))
    }
    release(old, bytes)
  }
  put(array, hash, number)
  return true
}

function put(array: usize, hash: u32, number: u32): void {
  const mask = (load<u32>(array, 4) >> 3) - 1
  const base = baseOf(array)
  let at = hash & mask
  while (load<u32>(base + (<usize>at << 3), 4) != 0) at = (at + 1) & mask
  store<u32>(base + (<usize>at << 3), hash)
  store<u32>(base + (<usize>at << 3), number, 4)
}

function mix(bits: u32): u32 {
  let mixed = (bits ^ (bits >> 16)) * 0x85ebca6b
  mixed = (mixed ^ (mixed >> 13)) * 0xc2b2ae35
  return mixed ^ (mixed >> 16)
}
