/**
 * Triples of integers → dense rows that stay, each row at a fixed size with its key in front (a, b, c at 0, 4, 8).
 * A table is a header of words: places (addresses of rows), mask, rows, their number, the most, bytes of a row, room.
 */
import { allocate, enlarge, release } from '../lib/arena'

const PLACES: usize = 0
const MASK: usize = 4
const ROWS: usize = 8
const COUNT: usize = 12
const MOST: usize = 16
const ROW_BYTES: usize = 20
const ROOM: usize = 24

/** Places are twice the rows. */
const FIRST_ROOM: u32 = 256

export function openKeys(most: i32, rowBytes: i32): usize {
  const table = allocate(32)
  store<u32>(table, <u32>most, MOST)
  store<u32>(table, <u32>rowBytes, ROW_BYTES)
  store<u32>(table, 0, COUNT)
  store<u32>(table, FIRST_ROOM, ROOM)
  store<u32>(table, <u32>enlarge(0, 0, <usize>(FIRST_ROOM * <u32>rowBytes)), ROWS)
  openPlaces(table, FIRST_ROOM << 1)
  return table
}

export function keyRows(table: usize): usize {
  return load<u32>(table, ROWS)
}

export function keyCount(table: usize): i32 {
  return load<i32>(table, COUNT)
}

// @ts-ignore: decorator
@inline
function hash(a: i32, b: i32, c: i32): u32 {
  const mixed = <u32>((a * 31 + b) ^ (c * 0x85ebca77)) * 0x9e3779b1
  return mixed ^ (mixed >> 15)
}

/** Address of the row of a triple; 0 where it has none. */
// @ts-ignore: decorator
@inline
export function findKey(table: usize, a: i32, b: i32, c: i32): usize {
  const places = <usize>load<u32>(table, PLACES)
  const mask = load<u32>(table, MASK)
  let at = hash(a, b, c) & mask
  while (true) {
    const row = <usize>load<u32>(places + ((<usize>at) << 2))
    if (row == 0 || (load<i32>(row) == a && load<i32>(row, 4) == b && load<i32>(row, 8) == c)) return row
    at = (at + 1) & mask
  }
}

/** A row for a triple that has none, zero but for its key; 0 when the table is full. */
export function addKey(table: usize, a: i32, b: i32, c: i32): usize {
  const count = load<u32>(table, COUNT)
  if (count >= load<u32>(table, MOST)) return 0
  if (count >= load<u32>(table, ROOM)) grow(table)
  const row = <usize>load<u32>(table, ROWS) + <usize>(count * load<u32>(table, ROW_BYTES))
  store<i32>(row, a)
  store<i32>(row, b, 4)
  store<i32>(row, c, 8)
  store<u32>(table, count + 1, COUNT)
  put(table, row)
  return row
}

function put(table: usize, row: usize): void {
  const places = <usize>load<u32>(table, PLACES)
  const mask = load<u32>(table, MASK)
  let at = hash(load<i32>(row), load<i32>(row, 4), load<i32>(row, 8)) & mask
  while (load<u32>(places + ((<usize>at) << 2)) != 0) at = (at + 1) & mask
  store<u32>(places + ((<usize>at) << 2), <u32>row)
}

/** Twice the rows, which move, and twice the places. */
function grow(table: usize): void {
  const room = load<u32>(table, ROOM)
  const rowBytes = load<u32>(table, ROW_BYTES)
  const bytes = <usize>(room * rowBytes)
  const rows = enlarge(load<u32>(table, ROWS), bytes, bytes * 2)
  store<u32>(table, <u32>rows, ROWS)
  store<u32>(table, room * 2, ROOM)
  release(load<u32>(table, PLACES), <usize>room << 3)
  openPlaces(table, room << 2)
  const count = load<u32>(table, COUNT)
  for (let row: u32 = 0; row < count; row++) put(table, rows + <usize>(row * rowBytes))
}

function openPlaces(table: usize, count: u32): void {
  const places = allocate(<usize>count << 2)
  memory.fill(places, 0, <usize>count << 2)
  store<u32>(table, <u32>places, PLACES)
  store<u32>(table, count - 1, MASK)
}
