/**
 * What the same bytes said before: a resource or scope that stands again and again in a file is read once.
 * Bounded; beyond that each is read anew.
 */
import { ByteInterner } from '../goroutine-dump/intern.ts'
import type { JsonReader } from '../stream/json-reader.ts'

const MAX_BYTES = 32 * 1024 * 1024

export class ValueCache {
  private readonly raw = new ByteInterner()
  private readonly known: number[] = []

  /** The index for the JSON value that comes next; `make` reads it where these bytes are new. */
  read(reader: JsonReader, make: (value: unknown) => number): number {
    reader.peek()
    const start = reader.at
    reader.skipValue()
    const end = reader.at
    return this.readBytes(reader.bytes, start, end, () => {
      reader.at = start
      return make(reader.parseValue())
    })
  }

  /** The same for bytes of any form. */
  readBytes(bytes: Uint8Array, from: number, to: number, make: () => number): number {
    if (this.raw.arenaUsed + (to - from) > MAX_BYTES) return make()
    const place = this.raw.intern(bytes, from, to)
    const known = this.known[place]
    if (known !== undefined) return known
    const made = make()
    this.known[place] = made
    return made
  }
}
