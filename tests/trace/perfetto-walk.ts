/**
 * Reads a Perfetto trace by what protobuf itself says, with no part of the export's own writer: fields by number, then
 * slices as trace_processor makes them: events sorted by time, stable; an end closes the innermost slice of its track.
 */

export type Field = { readonly field: number; readonly number: bigint; readonly bytes: Uint8Array }
export type WalkedSlice = {
  readonly track: string
  readonly category: string
  readonly name: string
  readonly startNs: number
  readonly ns: number
  readonly depth: number
  /** Names of the slices that it lies in, outermost first. */
  readonly within: readonly string[]
  readonly notes: Readonly<Record<string, string>>
  /** Outermost first: function:line. */
  readonly stack: readonly string[]
  readonly ends: readonly string[]
}
export type Walked = {
  readonly slices: readonly WalkedSlice[]
  readonly instants: readonly WalkedSlice[]
  /** Track → [time, value]. */
  readonly counters: ReadonlyMap<string, readonly (readonly [number, number])[]>
  /** Path of each track: names from the root. */
  readonly tracks: ReadonlyMap<string, string>
  readonly flows: ReadonlyMap<string, readonly string[]>
  readonly clocks: ReadonlyMap<number, bigint>
  readonly faults: readonly string[]
}

const text = new TextDecoder('utf-8', { fatal: true })

export function readFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('the message ends inside a number')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const type = tag & 7
    const none = new Uint8Array(0)
    if (type === 0) fields.push({ field: tag >> 3, number: varint(), bytes: none })
    else if (type === 1) {
      const number = new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0, true)
      at += 8
      fields.push({ field: tag >> 3, number, bytes: none })
    } else if (type === 2) {
      const length = Number(varint())
      if (at + length > bytes.length) throw new Error('a field ends after its message')
      fields.push({ field: tag >> 3, number: 0n, bytes: bytes.subarray(at, at + length) })
      at += length
    } else throw new Error(`wire type ${type}`)
  }
  return fields
}

const all = (fields: readonly Field[], field: number) => fields.filter((one) => one.field === field)
const numberOf = (fields: readonly Field[], field: number) => Number(all(fields, field)[0]?.number ?? 0n)
const textOf = (fields: readonly Field[], field: number) => text.decode(all(fields, field)[0]?.bytes)

type Event = {
  readonly timeNs: number
  readonly type: number
  readonly track: string
  readonly category: string
  readonly name: string
  readonly notes: Record<string, string>
  readonly stack: readonly string[]
  readonly starts: readonly string[]
  readonly ends: readonly string[]
  readonly value: number
}

export function walkPerfetto(bytes: Uint8Array): Walked {
  const tables = new Map<number, Map<number, string>>()
  const frames = new Map<number, string>()
  const stacks = new Map<number, readonly string[]>()
  const tracks = new Map<string, string>()
  const clocks = new Map<number, bigint>()
  const events: Event[] = []
  const faults: string[] = []
  const tableOf = (field: number) => tables.get(field) ?? tables.set(field, new Map()).get(field) ?? new Map()
  const find = (field: number, iid: number) => {
    const found = tableOf(field).get(iid)
    if (found === undefined) faults.push(`interned ${field}:${iid} is not there`)
    return found ?? ''
  }
  const intern = (data: readonly Field[]) => {
    for (const { field, bytes: row } of data) {
      const fields = readFields(row)
      const iid = numberOf(fields, 1)
      if (iid === 0) faults.push('an iid is 0')
      if (field === 6) frames.set(iid, `${find(5, numberOf(fields, 2))}:${numberOf(fields, 6)}`)
      else if (field === 7) {
        const at = all(fields, 2).map(({ number }) => frames.get(Number(number)) ?? 'no such frame')
        stacks.set(iid, at)
      } else {
        if (tableOf(field).has(iid)) faults.push(`interned ${field}:${iid} twice`)
        tableOf(field).set(iid, textOf(fields, 2))
      }
    }
  }
  const noteOf = (note: readonly Field[]): [string, string] => {
    const value = note.find(({ field }) => field !== 1)
    if (value?.field === 17) return [find(3, numberOf(note, 1)), find(29, Number(value.number))]
    return [find(3, numberOf(note, 1)), value?.field === 6 ? text.decode(value.bytes) : String(value?.number)]
  }
  const flowsOf = (event: readonly Field[], field: number) => all(event, field).map(({ number }) => String(number))
  const addEvent = (timeNs: number, event: readonly Field[]) => {
    const track = String(all(event, 11)[0]?.number)
    if (!tracks.has(track)) faults.push(`track ${track} is not described`)
    const nameIid = numberOf(event, 10)
    const callstack = numberOf(event, 56)
    if (callstack !== 0 && !stacks.has(callstack)) faults.push(`no callstack ${callstack}`)
    events.push({
      timeNs,
      type: numberOf(event, 9),
      track,
      category: all(event, 3).length === 0 ? '' : find(1, numberOf(event, 3)),
      name: nameIid === 0 ? textOf(event, 23) : find(2, nameIid),
      notes: Object.fromEntries(all(event, 4).map(({ bytes: note }) => noteOf(readFields(note)))),
      stack: stacks.get(callstack) ?? [],
      starts: flowsOf(event, 47),
      ends: flowsOf(event, 48),
      value: numberOf(event, 30),
    })
  }
  for (const { field, bytes: packet } of readFields(bytes)) {
    if (field !== 1) faults.push(`field ${field} in the trace`)
    const fields = readFields(packet)
    if (numberOf(fields, 10) !== 1) faults.push('a packet without its sequence')
    for (const one of all(fields, 6)) {
      for (const clock of all(readFields(one.bytes), 1)) {
        const reading = readFields(clock.bytes)
        clocks.set(numberOf(reading, 1), all(reading, 2)[0]?.number ?? 0n)
      }
    }
    for (const one of all(fields, 60)) {
      const track = readFields(one.bytes)
      const parent = all(track, 5)[0]?.number
      const path = parent === undefined ? '' : `${tracks.get(String(parent)) ?? 'no such track'} / `
      const uuid = String(all(track, 1)[0]?.number)
      if (tracks.has(uuid)) faults.push(`track ${uuid} twice`)
      tracks.set(uuid, path + textOf(track, 2))
    }
    for (const one of all(fields, 12)) intern(readFields(one.bytes))
    for (const one of all(fields, 11)) addEvent(numberOf(fields, 8), readFields(one.bytes))
  }
  return { ...nestEvents(events, faults), tracks, clocks, faults }
}

function nestEvents(
  events: readonly Event[],
  faults: string[],
): Pick<Walked, 'slices' | 'instants' | 'counters' | 'flows'> {
  const slices: WalkedSlice[] = []
  const instants: WalkedSlice[] = []
  const counters = new Map<string, (readonly [number, number])[]>()
  const flows = new Map<string, string[]>()
  const open = new Map<string, Event[]>()
  const describe = (event: Event, endNs: number, within: readonly Event[]): WalkedSlice => {
    const { track, category, name, notes, stack, ends, timeNs } = event
    const names = within.map((outer) => outer.name)
    return {
      track,
      category,
      name,
      startNs: timeNs,
      ns: endNs - timeNs,
      depth: within.length,
      within: names,
      notes,
      stack,
      ends,
    }
  }
  const noteFlow = (id: string, what: string) => {
    const known = flows.get(id) ?? []
    known.push(what)
    flows.set(id, known)
  }
  const sorted = events.map((event, order) => ({ event, order }))
  sorted.sort((a, b) => a.event.timeNs - b.event.timeNs || a.order - b.order)
  for (const { event } of sorted) {
    const stack = open.get(event.track) ?? []
    open.set(event.track, stack)
    for (const id of event.starts) noteFlow(id, 'start')
    for (const id of event.ends) noteFlow(id, 'end')
    if (event.type === 1) stack.push(event)
    else if (event.type === 2) {
      const begin = stack.pop()
      if (begin === undefined) faults.push('an end without a begin')
      else slices.push(describe(begin, event.timeNs, stack))
    } else if (event.type === 3) instants.push(describe(event, event.timeNs, stack))
    else if (event.type === 4) {
      const series = counters.get(event.track) ?? []
      series.push([event.timeNs, event.value])
      counters.set(event.track, series)
    } else faults.push(`event type ${event.type}`)
  }
  for (const [track, stack] of open) if (stack.length > 0) faults.push(`${stack.length} slices of ${track} do not end`)
  return { slices, instants, counters, flows }
}
