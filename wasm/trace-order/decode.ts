/**
 * Events of a batch as they stand there, without the order over threads: kinds, times and arguments as columns.
 * Names are the ids that the generation has for them.
 */
import { FAIL_ENDS, FAIL_NO_EVENT, fail } from './notes'
import { argCounts, C_ARG0, C_ARG1, C_ARG2, C_ARG3, C_KIND, C_TIME, columnsAddress, NO_EVENT, ROWS } from './order'
import { after, pack, readLong, toFloat } from './varint'

/** Where the batch stands. */
let decodeAt: usize = 0
let decodeEnd: usize = 0
let decodeNs: f64 = 0
let tickNs: f64 = 0

/** `ticks` of the batch's head. */
export function openBatch(from: usize, end: usize, ticks: f64, nsPerTick: f64): void {
  decodeAt = from
  decodeEnd = end
  tickNs = nsPerTick
  decodeNs = trunc(ticks * nsPerTick)
}

/** The low `bits` of a number of up to eight bytes that begins here. */
// @ts-ignore: decorator
@inline
function take(at: usize, bytes: u32): u64 {
  return pack(load<u64>(at) & (<u64>-1 >> (64 - (<u64>bytes << 3))))
}

/** Rows until the chunk is full or the batch ends; 0 when it has ended, below 0 when it is wrong from here on. */
export function decodeBatch(): i32 {
  const end = decodeEnd
  const columns = columnsAddress()
  const nsPerTick = tickNs
  let at = decodeAt
  let timeNs = decodeNs
  let row: u32 = 0
  while (at < end && row < ROWS) {
    const kind = <u32>load<u8>(at)
    const count = <u32>load<u8>(argCounts + <usize>kind)
    if (count == <u32>NO_EVENT) break
    // Ends of numbers among the bytes after the kind.
    let stops = ~i8x16.bitmask(v128.load(at + 1)) & 0xffff
    let from = at + 1
    let length: u32 = ctz<u32>(stops) + 1
    let used = length
    let delta: u64
    let arg0: u64 = 0
    let arg1: u64 = 0
    let arg2: u64 = 0
    let arg3: u64 = 0
    if (<u32>popcnt<u32>(stops) <= count || length > 8) {
      // Rare: longer than 16 bytes.
      delta = readLong(at + 1)
      let next = after
      if (count > 0) {
        arg0 = readLong(next)
        next = after
      }
      if (count > 1) {
        arg1 = readLong(next)
        next = after
      }
      if (count > 2) {
        arg2 = readLong(next)
        next = after
      }
      if (count > 3) {
        arg3 = readLong(next)
        next = after
      }
      if (next > end) break
      at = next
    } else {
      delta = <u64>load<u8>(from)
      if (length > 1) delta = take(from, length)
      if (count > 0) {
        stops &= stops - 1
        from = at + 1 + used
        length = ctz<u32>(stops) + 1 - used
        used += length
        arg0 = length > 8 ? readLong(from) : take(from, length)
        if (count > 1) {
          stops &= stops - 1
          from = at + 1 + used
          length = ctz<u32>(stops) + 1 - used
          used += length
          arg1 = length > 8 ? readLong(from) : take(from, length)
          if (count > 2) {
            stops &= stops - 1
            from = at + 1 + used
            length = ctz<u32>(stops) + 1 - used
            used += length
            arg2 = length > 8 ? readLong(from) : take(from, length)
            if (count > 3) {
              stops &= stops - 1
              from = at + 1 + used
              length = ctz<u32>(stops) + 1 - used
              used += length
              arg3 = length > 8 ? readLong(from) : take(from, length)
            }
          }
        }
      }
      const next = at + 1 + used
      if (next > end) break
      at = next
    }
    timeNs += trunc(toFloat(delta) * nsPerTick)
    const row8 = columns + (<usize>row << 3)
    store<f64>(row8, timeNs, C_TIME)
    store<f64>(row8, toFloat(arg0), C_ARG0)
    store<f64>(row8, toFloat(arg1), C_ARG1)
    store<f64>(row8, toFloat(arg2), C_ARG2)
    store<f64>(row8, toFloat(arg3), C_ARG3)
    store<u8>(columns + <usize>row, <u8>kind, C_KIND)
    row++
  }
  decodeNs = timeNs
  decodeAt = at
  if (row > 0 || at >= end) return <i32>row
  const kind = <u32>load<u8>(at)
  fail(load<u8>(argCounts + <usize>kind) == NO_EVENT ? FAIL_NO_EVENT : FAIL_ENDS, kind, at)
  return -1
}
