/**
 * Which OTLP signal a protobuf message holds: the requests look alike down to the records, and these do not.
 * A span begins with ids of 16 and 8 bytes; a log record with a fixed 64-bit time, its field 1 or 11.
 */
import { CursorFault } from '../../base/byte-cursor.ts'
import { BYTES, openWire, readTag, readVarint32, skipField, type Wire } from '../pprof/wire.ts'
import { detectFraming } from './proto-walk.ts'

const MAX_FIELDS = 1000

/** `head`: the beginning of the file, some kB. */
export function detectOtlpProto(head: Uint8Array): 'spans' | 'logs' | undefined {
  const framing = detectFraming(head.subarray(0, 16))
  if (framing === undefined) return undefined
  const skipped = framing === 'none' ? 0 : framing === 'four bytes' ? 4 : head.findIndex((byte) => byte < 0x80) + 1
  const wire = openWire(head, skipped)
  try {
    // ResourceX, in it the first ScopeX, in that the first record.
    for (const field of [1, 2, 2]) if (!enterField(wire, field)) return undefined
    return judgeRecord(wire)
  } catch (error) {
    if (error instanceof CursorFault) return undefined
    throw error
  }
}

/** To the contents of the next field `number`; the message around may be longer than the head. */
function enterField(wire: Wire, number: number): boolean {
  const end = wire.bytes.length
  for (let count = 0; count < MAX_FIELDS && wire.at < end; count++) {
    const tag = readTag(wire, end)
    if (tag >>> 3 !== number || (tag & 7) !== BYTES) {
      skipField(wire, tag, end)
      continue
    }
    readVarint32(wire, end)
    return true
  }
  return false
}

function judgeRecord(wire: Wire): 'spans' | 'logs' | undefined {
  const { bytes, at } = wire
  if (bytes[at] === 0x0a && bytes[at + 1] === 16 && bytes[at + 18] === 0x12 && bytes[at + 19] === 8) return 'spans'
  // Times from 2001 to 2106 end in a byte of 0x0d to 0x3b.
  const isTime = (from: number) => (bytes[from + 7] ?? 0) >= 0x0d && (bytes[from + 7] ?? 0) <= 0x3b
  return (bytes[at] === 0x09 || bytes[at] === 0x59) && isTime(at + 1) ? 'logs' : undefined
}
