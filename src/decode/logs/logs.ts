/**
 * The door for logs: files of OTLP JSON, OTLP protobuf, JSON lines, logfmt or dated text → one LogTable.
 * Enters: names and bytes, whole or in pieces; gzip is inflated by the port where whole bytes are given.
 * Leaves: the table with what was doubtful, or a fault where no file gave a record.
 */
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { Decoded } from '../../model/issue.ts'
import type { Inflater } from '../../model/ports.ts'
import type { LogTable } from '../../model/spans.ts'
import type { SpanLimits } from '../stream/limits.ts'
import { detectFraming } from '../stream/proto-walk.ts'
import { LogBuilder } from './log-builder.ts'
import { LogLines } from './log-lines.ts'
import { openLogJson, openLogProto } from './otlp-logs.ts'

export type LogInput = {
  readonly name: string
  /** Pieces are not kept: each may be overwritten when the next is asked for. */
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>
}

export type DecodeLogsOptions = {
  readonly limits?: SpanLimits
  readonly inflater?: Inflater
  readonly maxInflatedBytes?: number
}

const MAX_INFLATED_BYTES = 2 * 1024 ** 3
const HEAD_BYTES = 4096

type Walk = { feed(piece: Uint8Array): void; finish(): void }

/** Faults: those of inflating the only file, or SL_DECODE_NO_LOGS. */
export async function decodeLogs(
  inputs: readonly LogInput[],
  options: DecodeLogsOptions = {},
): Promise<Result<Decoded<LogTable>>> {
  const builder = new LogBuilder(options.limits)
  for (const input of inputs) {
    builder.beginSource(input.name, 'text')
    const feeder = openFeeder(builder)
    if (!(input.bytes instanceof Uint8Array)) for await (const piece of input.bytes) feeder.feed(piece)
    else if (input.bytes[0] !== 0x1f || input.bytes[1] !== 0x8b) feeder.feed(input.bytes)
    else {
      const maxBytes = options.maxInflatedBytes ?? MAX_INFLATED_BYTES
      const plain = (await options.inflater?.inflate(input.bytes, { maxBytes })) ?? err(fault('SL_DECODE_COMPRESSED'))
      if (plain.ok) feeder.feed(plain.value)
      else if (inputs.length === 1) return err({ ...plain.error, target: input.name })
      else builder.issues.add(plain.error.code, plain.error.message, { at: { file: input.name } })
    }
    feeder.finish()
  }
  const decoded = builder.finish()
  return decoded.value.count > 0 ? ok(decoded) : err(fault('SL_DECODE_NO_LOGS'))
}

/** Waits for the beginning, then chooses. */
function openFeeder(builder: LogBuilder): Walk {
  const state: { head: Uint8Array; walk: Walk | undefined } = { head: new Uint8Array(0), walk: undefined }
  function begin(): Walk {
    const walk = chooseWalk(state.head, builder)
    state.walk = walk
    walk.feed(state.head)
    return walk
  }
  return {
    feed(piece) {
      if (state.walk !== undefined) {
        state.walk.feed(piece)
        return
      }
      const joined = new Uint8Array(state.head.length + piece.length)
      joined.set(state.head)
      joined.set(piece, state.head.length)
      state.head = joined
      if (joined.length >= HEAD_BYTES) begin()
    },
    finish() {
      const walk = state.walk ?? begin()
      walk.finish()
    },
  }
}

function chooseWalk(head: Uint8Array, builder: LogBuilder): Walk {
  const start = head.subarray(0, HEAD_BYTES)
  const text = new TextDecoder().decode(start)
  if (/^\ufeff?\s*[[{]/.test(text) && /"resource_?[lL]ogs"\s*:/.test(text)) {
    builder.nameFormat('otlp-json')
    return openLogJson(builder)
  }
  const isBinary = start.some((byte) => byte === 0 || (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13))
  if (isBinary && detectFraming(start) !== undefined) {
    builder.nameFormat('otlp-protobuf')
    return openLogProto(builder)
  }
  return new LogLines(builder)
}
