/**
 * The execution-trace reader's inner loops: what enters is the bytes of one generation in memory and where its batches
 * lie; what leaves is chunks of ordered events (columns in memory), and numbers of strings and stacks by their content.
 */
import { tryAllocate } from '../lib/arena'
import { argCounts, CHUNK_BYTES, setColumns } from './columns'
import { ARRAY_BYTES, baseOf, ensure, setHashFactor } from './grow'
import { openIntern } from './intern'
import { setStrict } from './notes'
import { openTables } from './tables'

export { latestNs, rowCount, takeRows } from './columns'
export { decodeBatch, openBatch } from './decode'
export {
  beginGeneration,
  bytesLeft,
  firstTime,
  openCursor,
  openFrontier,
  originNs,
  reserveThreads,
} from './generation'
export {
  framesAddress,
  frameCount,
  stackCount,
  stackFramesAddress,
  stackStartAddress,
  stringCount,
  takeOmitted,
  textAddress,
  textStartAddress,
} from './intern'
export { assumeTurn, mergeChunk } from './merge'
export { clearDoubts, doubtsAddress, failAt, failCode, failKind, firstMissing, hasDoubt, missingNames } from './notes'
export { restart } from './state'
export {
  clearTables,
  leaveMessages,
  messagesAddress,
  nameOfFloat,
  readStacks,
  readStrings,
  stackOf,
  takeIncompleteStacks,
  takeMessages,
} from './tables'
export { faultAt, faultCode, faultDetail } from './varint'
export { growWindow, windowAddress, windowCapacity } from './window'

/** Where the next rows go: chunks may lie in several places, each filled in its turn. */
export function useColumns(address: usize): void {
  setColumns(address)
}

/** Address of the chunk's columns; 0 when memory is refused. */
export function open(strict: bool, maxTextBytes: f64, seedLow: u32, seedHigh: u32): usize {
  setStrict(strict)
  setHashFactor(seedLow, seedHigh)
  const columns = tryAllocate(CHUNK_BYTES)
  if (columns == 0 || !openIntern(maxTextBytes) || !openTables()) return 0
  setColumns(columns)
  return columns
}

/** A table of 256 bytes that the caller fills: arguments by event id, 255 where the id is no event. */
export function argCountsAddress(): usize {
  return argCounts
}

const scratch = memory.data(ARRAY_BYTES)

/** A place of so many bytes, the same one every time unless it must grow; 0 when memory is refused. */
export function scratchOf(bytes: usize): usize {
  return ensure(scratch, bytes, 0) ? baseOf(scratch) : 0
}
