/**
 * The chunk's columns in memory, and how many of its rows are written.
 */

/** Rows of a chunk, and where its columns begin: see TraceChunk and chunkColumnOffsets of src/model/trace.ts. */
export const ROWS: u32 = 8192
export const C_TIME: usize = 0
export const C_THREAD: usize = 65536
export const C_GOROUTINE: usize = 131072
export const C_ARG0: usize = 196608
export const C_ARG1: usize = 262144
export const C_ARG2: usize = 327680
export const C_ARG3: usize = 393216
export const C_PROCESSOR: usize = 458752
export const C_SLOT: usize = 491520
export const C_TARGET: usize = 524288
export const C_KIND: usize = 589824
export const CHUNK_BYTES: usize = 598016

/** Per event id: how many arguments after the time delta; NO_EVENT where the id is none. */
export const argCounts = memory.data(256)
export const NO_EVENT: u8 = 255

/** Where the chunk lies. */
export let columns: usize = 0
export let rowCount: u32 = 0
/** Of all rows so far. */
export let latestNs: f64 = 0

export function setColumns(address: usize): void {
  columns = address
}

/** The chunk has so many rows, the latest of all at this time. */
export function setRows(count: u32, latest: f64): void {
  rowCount = count
  latestNs = latest
}

/** The caller has taken the rows. */
export function takeRows(): void {
  rowCount = 0
}

/** Arguments of 2^63 and above; a status event's thread is none then. */
export function writeLarge(row8: usize, kind: u32, arg0: u64, arg1: u64, arg2: u64, arg3: u64): void {
  store<f64>(row8, <f64>arg0, C_ARG0)
  store<f64>(row8, <f64>arg1, C_ARG1)
  store<f64>(row8, <f64>arg2, C_ARG2)
  store<f64>(row8, <f64>arg3, C_ARG3)
  if ((kind == 25 || kind == 48) && <i64>arg1 < 0) store<f64>(row8, NaN, C_ARG1)
}
