/**
 * Events of a batch as they stand there, without the order over threads: kinds, times and arguments as columns.
 * Names are the ids that the generation has for them.
 */
import { FAIL_ENDS, FAIL_NO_EVENT, fail } from './notes'
import { argCounts, C_ARG0, C_ARG1, C_ARG2, C_ARG3, C_KIND, C_TIME, columns as chunk, NO_EVENT, ROWS } from './columns'
import { after, HIGH_BITS, pack, readLong, toFloat } from './varint'

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

/** Rows until the chunk is full or the batch ends; 0 when it has ended, below 0 when it is wrong from here on. */
export function decodeBatch(): i32 {
  const end = decodeEnd
  const columns = chunk
  const nsPerTick = tickNs
  let at = decodeAt
  let timeNs = decodeNs
  let row: u32 = 0
  while (at < end && row < ROWS) {
    const kind = <u32>load<u8>(at)
    const count = <u32>load<u8>(argCounts + <usize>kind)
    if (count == <u32>NO_EVENT) break
    let arg0: u64 = 0
    let arg1: u64 = 0
    let arg2: u64 = 0
    let arg3: u64 = 0
    let next = at + 1
    let delta = <u64>load<u8>(next)
    if (delta < 128) next++
    else {
      delta = readLong(next)
      next = after
    }
    if (count > 0) {
      arg0 = <u64>load<u8>(next)
      if (arg0 < 128) next++
      else {
        const bytes = load<u64>(next)
        const stops = ~bytes & HIGH_BITS
        if (stops != 0) {
          arg0 = pack(bytes & (stops ^ (stops - 1)))
          next += <usize>(ctz<u64>(stops) >> 3) + 1
        } else {
          arg0 = readLong(next)
          next = after
        }
      }
      if (count > 1) {
        arg1 = <u64>load<u8>(next)
        if (arg1 < 128) next++
        else {
          const bytes = load<u64>(next)
          const stops = ~bytes & HIGH_BITS
          if (stops != 0) {
            arg1 = pack(bytes & (stops ^ (stops - 1)))
            next += <usize>(ctz<u64>(stops) >> 3) + 1
          } else {
            arg1 = readLong(next)
            next = after
          }
        }
        if (count > 2) {
          arg2 = <u64>load<u8>(next)
          if (arg2 < 128) next++
          else {
            const bytes = load<u64>(next)
            const stops = ~bytes & HIGH_BITS
            if (stops != 0) {
              arg2 = pack(bytes & (stops ^ (stops - 1)))
              next += <usize>(ctz<u64>(stops) >> 3) + 1
            } else {
              arg2 = readLong(next)
              next = after
            }
          }
          if (count > 3) {
            arg3 = <u64>load<u8>(next)
            if (arg3 < 128) next++
            else {
              const bytes = load<u64>(next)
              const stops = ~bytes & HIGH_BITS
              if (stops != 0) {
                arg3 = pack(bytes & (stops ^ (stops - 1)))
                next += <usize>(ctz<u64>(stops) >> 3) + 1
              } else {
                arg3 = readLong(next)
                next = after
              }
            }
          }
        }
      }
    }
    if (next > end) break
    at = next
    timeNs += trunc(<f64>(<i64>delta) * nsPerTick)
    const row8 = columns + (<usize>row << 3)
    store<f64>(row8, timeNs, C_TIME)
    store<f64>(row8, <f64>(<i64>arg0), C_ARG0)
    store<f64>(row8, <f64>(<i64>arg1), C_ARG1)
    store<f64>(row8, <f64>(<i64>arg2), C_ARG2)
    store<f64>(row8, <f64>(<i64>arg3), C_ARG3)
    store<u8>(columns + <usize>row, <u8>kind, C_KIND)
    if (<i64>(delta | arg0 | arg1 | arg2 | arg3) < 0) {
      // Rare: 2^63 and above.
      timeNs += trunc(toFloat(delta) * nsPerTick) - trunc(<f64>(<i64>delta) * nsPerTick)
      store<f64>(row8, timeNs, C_TIME)
      store<f64>(row8, toFloat(arg0), C_ARG0)
      store<f64>(row8, toFloat(arg1), C_ARG1)
      store<f64>(row8, toFloat(arg2), C_ARG2)
      store<f64>(row8, toFloat(arg3), C_ARG3)
    }
    row++
  }
  decodeNs = timeNs
  decodeAt = at
  if (row > 0 || at >= end) return <i32>row
  const kind = <u32>load<u8>(at)
  fail(load<u8>(argCounts + <usize>kind) == NO_EVENT ? FAIL_NO_EVENT : FAIL_ENDS, kind, at)
  return -1
}
