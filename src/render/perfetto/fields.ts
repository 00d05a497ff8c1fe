/**
 * Field numbers and enum values of Perfetto's trace format that the export writes, by message.
 * Source: protos/perfetto/trace in google/perfetto (trace_packet, track_event/*, interned_data, profiling/profile_common,
 * clock_snapshot, trace_packet_defaults). `callstackIid` since v53; readers that are older skip it.
 */

export const traceFields = { packet: 1 } as const

export const packetFields = {
  clockSnapshot: 6,
  timestamp: 8,
  sequenceId: 10,
  trackEvent: 11,
  internedData: 12,
  sequenceFlags: 13,
  defaults: 59,
  trackDescriptor: 60,
} as const

export const sequenceFlags = { cleared: 1, needsState: 2 } as const

export const defaultsFields = { timestampClockId: 58 } as const

export const clockSnapshotFields = { clock: 1, primaryTraceClock: 2 } as const
export const clockFields = { clockId: 1, timestamp: 2 } as const
/** 64: the first id of clocks that are a sequence's own. */
export const clockIds = { realtime: 1, monotonic: 3, boottime: 6, ours: 64 } as const

export const eventFields = {
  categoryIid: 3,
  debugAnnotation: 4,
  type: 9,
  nameIid: 10,
  trackUuid: 11,
  name: 23,
  counterValue: 30,
  flowId: 47,
  terminatingFlowId: 48,
  callstackIid: 56,
} as const

export const eventTypes = { sliceBegin: 1, sliceEnd: 2, instant: 3, counter: 4 } as const

export const annotationFields = {
  nameIid: 1,
  boolValue: 2,
  uintValue: 3,
  intValue: 4,
  stringValue: 6,
  stringValueIid: 17,
} as const

export const descriptorFields = {
  uuid: 1,
  name: 2,
  parentUuid: 5,
  counter: 8,
  childOrdering: 11,
  siblingOrderRank: 12,
  description: 14,
  siblingMergeBehavior: 15,
} as const

export const childOrderings = { lexicographic: 1, chronological: 2, explicit: 3 } as const
export const mergeBehaviors = { byName: 1, none: 2 } as const
export const counterFields = { unit: 3 } as const
export const counterUnits = { count: 2, sizeBytes: 3 } as const

/** Rows of InternedData, by what they hold. */
export const internedFields = {
  category: 1,
  eventName: 2,
  annotationName: 3,
  functionName: 5,
  frame: 6,
  callstack: 7,
  sourcePath: 18,
  annotationString: 29,
} as const

/** EventCategory, EventName, DebugAnnotationName, InternedString: all alike. */
export const internedRowFields = { iid: 1, text: 2 } as const
export const frameFields = { iid: 1, functionName: 2, sourcePath: 5, line: 6 } as const
export const callstackFields = { iid: 1, frame: 2 } as const
