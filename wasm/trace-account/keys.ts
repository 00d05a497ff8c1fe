/**
 * Triples of integers → dense rows that stay, each row at a fixed size with its key in front (a, b, c at 0, 4, 8).
 * A table is a header of six words: places, mask, rows, row count, most rows, bytes of a row.
 */
import { allocate, enlarge, release } from '../lib/arena'

const PLACES: usize = 0
const MASK: usize = 4
const ROWS: usize = 8
const COUNT: usize = 12
const MOST: usize = 16
const ROW_BYTES: usize = 20
const ROOM: usize = 24

const FIRST_PLACES = 512

export function openKeys(most: i32, rowBytes: i32): usize {
  const table = allocate(32)
  store<u32>(table, <u32>most, MOST)
  store<u32>(table, <u32>rowBytes, ROW_BYTES)
  store<u32>(table, 0, COUNT)
  store<u32>(table, FIRST_PLACES - 1, MASK)
  const places = allocate(FIRST_PLACES * 4)
  memory.fill(places, 0xff, FIRST_PLACES * 4)
  store<u32>(table, <u32>places, PLACES)
  const room = FIRST_PLACES / 2
  store<u32>(table, <u32>enlarge(0, 0, <usize>(room * rowBytes)), ROWS)
  store<u32>(table, room, ROOM)
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
  const rows = <usize>load<u32>(table, ROWS)
  const rowBytes = load<u32>(table, ROW_BYTES)
  let at = hash(a, b, c) & mask
  while (true) {
    const row = load<i32>(places + ((<usize>at) << 2))
    if (row < 0) return 0
    const place = rows + <usize>(<u32>row * rowBytes)
    if (load<i32>(place) == a && load<i32>(place, 4) == b && load<i32>(place, 8) == c) return place
    at = (at + 1) & mask
  }
}

/** A row for a triple that has none, zero but for its key; 0 when the table is full. */
export function addKey(table: usize, a: i32, b: i32, c: i32): usize {
  const row = load<u32>(table, COUNT)
  if (row >= load<u32>(table, MOST)) return 0
  const rowBytes = load<u32>(table, ROW_BYTES)
  const room = load<u32>(table, ROOM)
  if (row >= room) {
    const bytes = <usize>(room * rowBytes)
    store<u32>(table, <u32>enlarge(load<u32>(table, ROWS), bytes, bytes * 2), ROWS)
    store<u32>(table, room * 2, ROOM)
  }
  const place = <usize>load<u32>(table, ROWS) + <usize>(row * rowBytes)
  store<i32>(place, a)
  store<i32>(place, b, 4)
  store<i32>(place, c, 8)
  store<u32>(table, row + 1, COUNT)
  if ((row + 1) * 2 > load<u32>(table, MASK)) growPlaces(table)
  else put(table, row)
  return place
}

export function clearKeys(table: usize): void {
  const count = load<u32>(table, COUNT)
  memory.fill(load<u32>(table, ROWS), 0, <usize>(count * load<u32>(table, ROW_BYTES)))
  memory.fill(load<u32>(table, PLACES), 0xff, (<usize>load<u32>(table, MASK) + 1) << 2)
  store<u32>(table, 0, COUNT)
}

function put(table: usize, row: u32): void {
  const places = <usize>load<u32>(table, PLACES)
  const mask = load<u32>(table, MASK)
  const place = <usize>load<u32>(table, ROWS) + <usize>(row * load<u32>(table, ROW_BYTES))
  let at = hash(load<i32>(place), load<i32>(place, 4), load<i32>(place, 8)) & mask
  while (load<i32>(places + ((<usize>at) << 2)) >= 0) at = (at + 1) & mask
  store<u32>(places + ((<usize>at) << 2), row)
}

function growPlaces(table: usize): void {
  const before = (<usize>load<u32>(table, MASK) + 1) << 2
  release(load<u32>(table, PLACES), before)
  const places = allocate(before * 2)
  memory.fill(places, 0xff, before * 2)
  store<u32>(table, <u32>places, PLACES)
  store<u32>(table, <u32>(before >> 1) - 1, MASK)
  const count = load<u32>(table, COUNT)
  for (let row: u32 = 0; row < count; row++) put(table, row)
}
