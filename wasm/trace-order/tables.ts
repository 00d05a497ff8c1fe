/**
 * The tables of one generation: its strings and stacks by their ids, and the messages of its logs. A string gets a
 * number when something names it: most are messages of logs, which nothing else names.
 * What is wrong ends a batch with a fault: code, place and detail are read by the caller, who has the words.
 */
import { ARRAY_BYTES, baseOf, ensure } from './grow'
import { internFrame, internStack, internString, openString, scratch } from './intern'
import { addName, clearNames, MISSING, NAMES_BYTES, nameIn, openNames, setName } from './names'
import { after, faultCode, readBounded, setFault, toFloat } from './varint'

const MAX_STRING_BYTES: u64 = 1024
const MAX_STACK_FRAMES: u64 = 128
const STRING: u8 = 5
const STACK: u8 = 3

/** Faults; 1 to 3 are of numbers, see varint.ts. */
const FAULT_NO_ROW: i32 = 4
const FAULT_LONG_STRING: i32 = 5
const FAULT_FIELD_ENDS: i32 = 6
const FAULT_TWICE: i32 = 7
const FAULT_MANY_FRAMES: i32 = 8
export const FAULT_MEMORY: i32 = 9

/** Number of a string, or UNREAD_FROM - place of one that nothing has named yet. */
const UNREAD_FROM: i32 = -2
export const stringNames = memory.data(NAMES_BYTES)
export const stackNames = memory.data(NAMES_BYTES)
const messageNames = memory.data(NAMES_BYTES)
/** Where the strings of the generation begin and end. */
const entries = memory.data(ARRAY_BYTES)
let entryCount: u32 = 0

/** Numbers that messages have, as many as the generation with the most had. */
const messagePlaces = memory.data(ARRAY_BYTES)
let placeCount: u32 = 0
let placesUsed: u32 = 0
/** Messages that the reader has not taken yet: number, begin, end. */
const messages = memory.data(ARRAY_BYTES)
let messageCount: u32 = 0
/** False: nobody looks at messages, and all of them are the empty string. */
let takesMessages: bool = true

export function leaveMessages(): void {
  takesMessages = false
}

/** Stacks of the batch that name strings which are not there. */
let incompleteStacks: u32 = 0

export function openTables(): bool {
  return openNames(stringNames) && openNames(stackNames) && openNames(messageNames)
}

/** Forgets the tables of the generation before. */
export function clearTables(): void {
  clearNames(stringNames)
  clearNames(stackNames)
  clearNames(messageNames)
  entryCount = 0
  placesUsed = 0
  messageCount = 0
}

/** The rows of a batch after its first byte; false when one is wrong. */
export function readStrings(from: usize, end: usize): bool {
  setFault(0, 0, 0)
  let at = from
  if (!ensure(entries, (<usize>entryCount + (end - from) / 3 + 1) << 3, 0)) return refused(at)
  while (at < end) {
    if (load<u8>(at) != STRING) return fail(FAULT_NO_ROW, at, load<u8>(at))
    const id = readBounded(at + 1, end)
    if (faultCode != 0) return false
    const length = readBounded(after, end)
    if (faultCode != 0) return false
    at = after
    if (length > MAX_STRING_BYTES) return fail(FAULT_LONG_STRING, at, toFloat(length))
    if (length > <u64>(end - at)) return fail(FAULT_FIELD_ENDS, at, toFloat(length))
    const added = addName(stringNames, id, UNREAD_FROM - <i32>entryCount)
    if (added == 0) return fail(FAULT_TWICE, at, 0)
    if (added < 0) return refused(at)
    const entry = baseOf(entries) + (<usize>entryCount << 3)
    store<u32>(entry, <u32>at)
    at += <usize>length
    store<u32>(entry, <u32>at, 4)
    entryCount++
  }
  return true
}

export function readStacks(from: usize, end: usize): bool {
  setFault(0, 0, 0)
  incompleteStacks = 0
  let at = from
  while (at < end) {
    if (load<u8>(at) != STACK) return fail(FAULT_NO_ROW, at, load<u8>(at))
    const id = readBounded(at + 1, end)
    if (faultCode != 0) return false
    const count = readBounded(after, end)
    if (faultCode != 0) return false
    if (count > MAX_STACK_FRAMES) return fail(FAULT_MANY_FRAMES, after, toFloat(count))
    at = after
    let hasUnknown = false
    for (let place: usize = 0; place < <usize>count; place++) {
      const pc = readBounded(at, end)
      if (faultCode != 0) return false
      const functionId = readBounded(after, end)
      if (faultCode != 0) return false
      const fileId = readBounded(after, end)
      if (faultCode != 0) return false
      const line = readBounded(after, end)
      if (faultCode != 0) return false
      at = after
      let functionName = nameOf(functionId)
      let file = nameOf(fileId)
      if (functionName == MISSING || file == MISSING) {
        hasUnknown = true
        if (functionName == MISSING) functionName = 0
        if (file == MISSING) file = 0
      }
      const frame = internFrame(toFloat(pc), <u32>functionName, <u32>file, toFloat(line))
      if (frame < 0) return refused(at)
      store<i32>(scratch + (place << 2), frame)
    }
    const stack = internStack(<u32>count)
    const added = stack < 0 ? -1 : addName(stackNames, id, stack)
    if (added < 0) return refused(at)
    if (added == 0) return fail(FAULT_TWICE, at, 0)
    if (hasUnknown) incompleteStacks++
  }
  return true
}

export function takeIncompleteStacks(): u32 {
  const count = incompleteStacks
  incompleteStacks = 0
  return count
}

function fail(code: i32, at: usize, detail: f64): bool {
  setFault(code, at, detail)
  return false
}

function refused(at: usize): bool {
  return fail(FAULT_MEMORY, at, 0)
}

/** Number of the string with this id; MISSING when the generation has none. */
export function nameOf(id: u64): i32 {
  const known = nameIn(stringNames, id)
  if (known >= MISSING) return known
  const entry = baseOf(entries) + (<usize>(UNREAD_FROM - known) << 3)
  const name = <i32>internString(<usize>load<u32>(entry), <usize>load<u32>(entry, 4))
  setName(stringNames, id, name)
  return name
}

/** The same for the message of a log, whose number holds for the generation. */
export function messageOf(id: u64): i32 {
  const known = nameIn(stringNames, id)
  if (known >= MISSING) return known
  if (!takesMessages) return 0
  const earlier = nameIn(messageNames, id)
  if (earlier != MISSING) return earlier
  const entry = baseOf(entries) + (<usize>(UNREAD_FROM - known) << 3)
  if (!ensure(messages, (<usize>messageCount + 1) * 12, 0)) return 0
  if (placesUsed == placeCount) {
    if (!ensure(messagePlaces, (<usize>placeCount + 1) << 2, 0)) return 0
    const opened = openString(0)
    if (opened == 0) return 0
    store<u32>(baseOf(messagePlaces) + (<usize>placeCount << 2), opened)
    placeCount++
  }
  const number = load<u32>(baseOf(messagePlaces) + (<usize>placesUsed << 2))
  placesUsed++
  const row = baseOf(messages) + <usize>messageCount * 12
  store<u32>(row, number)
  store<u32>(row, load<u32>(entry), 4)
  store<u32>(row, load<u32>(entry, 4), 8)
  messageCount++
  addName(messageNames, id, <i32>number)
  return <i32>number
}

export function messagesAddress(): usize {
  return baseOf(messages)
}

/** How many there are; they are taken with this. */
export function takeMessages(): u32 {
  const count = messageCount
  messageCount = 0
  return count
}

export function stackOf(id: f64): i32 {
  return id < 9007199254740992 ? nameIn(stackNames, <u64>id) : MISSING
}

/** Index of the string with this id; MISSING when the generation has none. */
export function nameOfFloat(id: f64): i32 {
  return id < 9007199254740992 ? nameOf(<u64>id) : MISSING
}
