/**
 * Packets of a Perfetto trace, one sequence: track descriptors, events, and what they refer to, each text, frame and
 * callstack once, in the packet that first needs it. Leaves blocks of bytes as they fill; memory is one block and which
 * texts and stacks were written. Times are ns since the trace's first event, on a clock of the sequence's own that the
 * clock snapshot ties to the monotonic and the wall clock.
 */
import type { TraceTables } from '../../model/trace.ts'
import {
  annotationFields,
  callstackFields,
  clockFields,
  clockIds,
  clockSnapshotFields,
  counterFields,
  defaultsFields,
  descriptorFields,
  eventFields,
  eventTypes,
  frameFields,
  internedFields,
  internedRowFields,
  mergeBehaviors,
  packetFields,
  sequenceFlags,
  traceFields,
} from './fields.ts'
import { openSink, type ProtoSink, putBig, putFixed64, putMessage, putNumber, putText } from './proto-sink.ts'

const BLOCK_BYTES = 1 << 18
const SEQUENCE = 1
/** Further distinct names are written out each time. */
const MAX_NAMES = 1 << 16

export type TrackDescription = {
  readonly uuid: number
  readonly name: string
  readonly parent?: number
  readonly rank?: number
  /** One of childOrderings. */
  readonly ordering?: number
  /** Shown as one track with others of its name below the same parent, in as many lanes as needed. */
  readonly mergesByName?: boolean
  /** One of counterUnits. */
  readonly counterUnit?: number
  readonly description?: string
}

export type Snapshot = { readonly traceNs: number; readonly unixNs: bigint; readonly monotonicNs: number }

export type PacketWriter = {
  /** False: no more is wanted; what follows is thrown away. */
  readonly isWanted: boolean
  readonly sizeBytes: number
  readonly packets: number
  begin(snapshot: Snapshot | undefined): void
  describe(track: TrackDescription): void
  /** Starts an event; what the calls up to `send` put belongs to it. */
  open(type: number, track: number): void
  category(name: string): void
  name(text: string): void
  /** For names that hardly come twice. */
  nameOnce(text: string): void
  stack(stack: number, tables: TraceTables): void
  flow(id: number, isEnd: boolean): void
  note(key: string, value: string | number | boolean): void
  /** For texts that hardly come twice. */
  noteOnce(key: string, value: string): void
  counter(value: number): void
  send(timeNs: number): void
  end(track: number, timeNs: number): void
  close(): void
}

export function openPacketWriter(write: (bytes: Uint8Array) => boolean): PacketWriter {
  const out = openSink(BLOCK_BYTES + 4096)
  const packet = openSink(4096)
  const event = openSink(4096)
  const interned = openSink(4096)
  const row = openSink(1024)
  const part = openSink(256)
  const names = openNames()
  const state = { isWanted: true, sizeBytes: 0, packets: 0 }

  function flush(): void {
    if (out.at === 0) return
    if (state.isWanted) state.isWanted = write(out.bytes.subarray(0, out.at))
    out.at = 0
  }

  function sendPacket(): void {
    state.packets++
    const before = out.at
    putMessage(out, traceFields.packet, packet)
    state.sizeBytes += out.at - before
    packet.at = 0
    if (out.at >= BLOCK_BYTES) flush()
  }

  function internText(field: number, iid: number, text: string): void {
    row.at = 0
    putNumber(row, internedRowFields.iid, iid)
    putText(row, internedRowFields.text, text)
    putMessage(interned, field, row)
  }

  /** Iid of the text; 0 where there are too many to keep. */
  function idOf(field: number, text: string): number {
    const known = names.find(field, text)
    if (known !== 0) return known
    const iid = names.add(field, text)
    if (iid !== 0) internText(field, iid, text)
    return iid
  }

  function internStack(stack: number, tables: TraceTables): void {
    const start = tables.stackStart[stack] ?? 0
    const end = tables.stackStart[stack + 1] ?? start
    for (let at = start; at < end; at++) internFrame(tables.stackFrames[at] as number, tables)
    row.at = 0
    putNumber(row, callstackFields.iid, stack)
    // Outermost first.
    for (let at = end - 1; at >= start; at--)
      putNumber(row, callstackFields.frame, (tables.stackFrames[at] as number) + 1)
    putMessage(interned, internedFields.callstack, row)
  }

  function internFrame(frame: number, tables: TraceTables): void {
    if (!names.isNewRow(internedFields.frame, frame)) return
    const name = tables.frameFunctions[frame] ?? 0
    const file = tables.frameFiles[frame] ?? 0
    if (names.isNewRow(internedFields.functionName, name))
      internText(internedFields.functionName, name + 1, tables.strings[name] ?? '')
    if (file !== 0 && names.isNewRow(internedFields.sourcePath, file))
      internText(internedFields.sourcePath, file + 1, tables.strings[file] ?? '')
    row.at = 0
    putNumber(row, frameFields.iid, frame + 1)
    putNumber(row, frameFields.functionName, name + 1)
    if (file !== 0) putNumber(row, frameFields.sourcePath, file + 1)
    const line = tables.frameLines[frame] ?? 0
    if (line > 0) putNumber(row, frameFields.line, line)
    putMessage(interned, internedFields.frame, row)
  }

  function finishEvent(timeNs: number): void {
    putNumber(packet, packetFields.timestamp, Math.max(0, Math.round(timeNs)))
    putNumber(packet, packetFields.sequenceId, SEQUENCE)
    putNumber(packet, packetFields.sequenceFlags, sequenceFlags.needsState)
    if (interned.at > 0) putMessage(packet, packetFields.internedData, interned)
    interned.at = 0
    putMessage(packet, packetFields.trackEvent, event)
    sendPacket()
  }

  function putClock(snapshot: ProtoSink, id: number, timestamp: number | bigint): void {
    row.at = 0
    putNumber(row, clockFields.clockId, id)
    // Wall time is above 2^53.
    if (typeof timestamp === 'bigint') putBig(row, clockFields.timestamp, timestamp)
    else putNumber(row, clockFields.timestamp, Math.max(0, Math.round(timestamp)))
    putMessage(snapshot, clockSnapshotFields.clock, row)
  }

  return {
    get isWanted() {
      return state.isWanted
    },
    get sizeBytes() {
      return state.sizeBytes
    },
    get packets() {
      return state.packets
    },
    begin(snapshot) {
      part.at = 0
      const isWall = snapshot !== undefined
      // Counted from the trace's first event, which a trace may place a little after the snapshot.
      const startNs = Math.max(0, snapshot?.traceNs ?? 0)
      const shift = startNs - (snapshot?.traceNs ?? 0)
      putClock(part, clockIds.ours, startNs)
      if (isWall) {
        putClock(part, clockIds.monotonic, snapshot.monotonicNs + shift)
        putClock(part, clockIds.realtime, snapshot.unixNs + BigInt(Math.round(shift)))
      } else putClock(part, clockIds.boottime, startNs)
      putNumber(part, clockSnapshotFields.primaryTraceClock, isWall ? clockIds.monotonic : clockIds.boottime)
      putNumber(packet, packetFields.sequenceId, SEQUENCE)
      putMessage(packet, packetFields.clockSnapshot, part)
      sendPacket()
      part.at = 0
      putNumber(part, defaultsFields.timestampClockId, clockIds.ours)
      putNumber(packet, packetFields.sequenceId, SEQUENCE)
      putNumber(packet, packetFields.sequenceFlags, sequenceFlags.cleared)
      putMessage(packet, packetFields.defaults, part)
      sendPacket()
    },
    describe(track) {
      part.at = 0
      encodeTrack(part, row, track)
      putNumber(packet, packetFields.sequenceId, SEQUENCE)
      putMessage(packet, packetFields.trackDescriptor, part)
      sendPacket()
    },
    open(type, track) {
      event.at = 0
      putNumber(event, eventFields.type, type)
      putNumber(event, eventFields.trackUuid, track)
    },
    category(name) {
      putNumber(event, eventFields.categoryIid, idOf(internedFields.category, name))
    },
    name(text) {
      const iid = idOf(internedFields.eventName, text)
      if (iid === 0) putText(event, eventFields.name, text)
      else putNumber(event, eventFields.nameIid, iid)
    },
    nameOnce: (text) => putText(event, eventFields.name, text),
    stack(stack, tables) {
      if (stack === 0 || (tables.stackStart[stack + 1] ?? 0) <= (tables.stackStart[stack] ?? 0)) return
      if (names.isNewRow(internedFields.callstack, stack)) internStack(stack, tables)
      putNumber(event, eventFields.callstackIid, stack)
    },
    flow(id, isEnd) {
      putFixed64(event, isEnd ? eventFields.terminatingFlowId : eventFields.flowId, id)
    },
    note(key, value) {
      part.at = 0
      putNumber(part, annotationFields.nameIid, idOf(internedFields.annotationName, key))
      if (typeof value === 'number' && value >= 0 && Number.isInteger(value))
        putNumber(part, annotationFields.uintValue, value)
      else if (typeof value === 'number') putText(part, annotationFields.stringValue, String(value))
      else if (typeof value === 'boolean') putNumber(part, annotationFields.boolValue, value ? 1 : 0)
      else {
        const iid = idOf(internedFields.annotationString, value)
        if (iid === 0) putText(part, annotationFields.stringValue, value)
        else putNumber(part, annotationFields.stringValueIid, iid)
      }
      putMessage(event, eventFields.debugAnnotation, part)
    },
    noteOnce(key, value) {
      part.at = 0
      putNumber(part, annotationFields.nameIid, idOf(internedFields.annotationName, key))
      putText(part, annotationFields.stringValue, value)
      putMessage(event, eventFields.debugAnnotation, part)
    },
    counter(value) {
      putNumber(event, eventFields.counterValue, value)
    },
    send: finishEvent,
    end(track, timeNs) {
      event.at = 0
      putNumber(event, eventFields.type, eventTypes.sliceEnd)
      putNumber(event, eventFields.trackUuid, track)
      finishEvent(timeNs)
    },
    close: flush,
  }
}

function encodeTrack(sink: ProtoSink, row: ProtoSink, track: TrackDescription): void {
  putNumber(sink, descriptorFields.uuid, track.uuid)
  if (track.parent !== undefined) putNumber(sink, descriptorFields.parentUuid, track.parent)
  putText(sink, descriptorFields.name, track.name)
  if (track.ordering !== undefined) putNumber(sink, descriptorFields.childOrdering, track.ordering)
  if (track.rank !== undefined) putNumber(sink, descriptorFields.siblingOrderRank, track.rank)
  if (track.description !== undefined) putText(sink, descriptorFields.description, track.description)
  const merge = track.mergesByName === true ? mergeBehaviors.byName : mergeBehaviors.none
  putNumber(sink, descriptorFields.siblingMergeBehavior, merge)
  if (track.counterUnit === undefined) return
  row.at = 0
  putNumber(row, counterFields.unit, track.counterUnit)
  putMessage(sink, descriptorFields.counter, row)
}

type Names = {
  find(field: number, text: string): number
  /** The next iid, from 1; 0 where there are too many. */
  add(field: number, text: string): number
  /** True once for each row of a table of the trace. */
  isNewRow(field: number, index: number): boolean
}

function openNames(): Names {
  const texts = new Map<number, Map<string, number>>()
  const rows = new Map<number, Uint8Array>()
  return {
    find: (field, text) => texts.get(field)?.get(text) ?? 0,
    add(field, text) {
      const known = texts.get(field) ?? new Map<string, number>()
      texts.set(field, known)
      if (known.size >= MAX_NAMES) return 0
      known.set(text, known.size + 1)
      return known.size
    },
    isNewRow(field, index) {
      let marks = rows.get(field) ?? new Uint8Array(1024)
      if (index >= marks.length) {
        const larger = new Uint8Array(Math.max(marks.length * 2, index + 1))
        larger.set(marks)
        marks = larger
      }
      rows.set(field, marks)
      if (marks[index] === 1) return false
      marks[index] = 1
      return true
    },
  }
}
