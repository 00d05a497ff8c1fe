/**
 * The tables of a trace on another thread than the one that reads it: what was added since the last time goes over, and
 * the other side has the same tables at the same moments. Strings and stacks only grow; the messages of logs are the
 * exception (their places are used again), so those that a chunk names go with it.
 */
import type { TraceChunk, TraceTables } from '../../model/trace.ts'
import { traceKinds } from '../../model/trace-kinds.ts'

/** What was added to each table; absent when nothing was. */
export type TableAddition = {
  readonly strings: readonly string[]
  readonly stackStart: readonly number[]
  readonly stackFrames: readonly number[]
  readonly frameFunctions: readonly number[]
  readonly frameFiles: readonly number[]
  readonly frameLines: readonly number[]
  readonly framePcs: readonly number[]
}

/** Places of the strings that changed, and what stands there now. */
export type ChangedStrings = { readonly places: readonly number[]; readonly strings: readonly string[] }

export type TableWatcher = {
  /** What was added since the last call. */
  addition(tables: TraceTables): TableAddition | undefined
  /** Messages of the logs in this chunk that the other side does not have. After `addition` of the same tables. */
  messages(chunk: TraceChunk, tables: TraceTables): ChangedStrings | undefined
}

const NUMBERS = ['stackStart', 'stackFrames', 'frameFunctions', 'frameFiles', 'frameLines', 'framePcs'] as const

export function openTableWatcher(): TableWatcher {
  const sent = { stackStart: 0, stackFrames: 0, frameFunctions: 0, frameFiles: 0, frameLines: 0, framePcs: 0 }
  const strings: string[] = []
  return {
    addition(tables) {
      const hasNew = tables.strings.length > strings.length || NUMBERS.some((name) => tables[name].length > sent[name])
      if (!hasNew) return undefined
      const added = tables.strings.slice(strings.length)
      for (const one of added) strings.push(one)
      const take = (name: (typeof NUMBERS)[number]): number[] => {
        const column = tables[name]
        const more: number[] = []
        for (let at = sent[name]; at < column.length; at++) more.push(column[at] as number)
        sent[name] = column.length
        return more
      }
      return {
        strings: added,
        stackStart: take('stackStart'),
        stackFrames: take('stackFrames'),
        frameFunctions: take('frameFunctions'),
        frameFiles: take('frameFiles'),
        frameLines: take('frameLines'),
        framePcs: take('framePcs'),
      }
    },
    messages(chunk, tables) {
      const { kinds, arg2, rowCount } = chunk
      const places: number[] = []
      const changed: string[] = []
      for (let row = kinds.indexOf(traceKinds.UserLog); row !== -1 && row < rowCount; ) {
        const place = arg2[row] as number
        const text = tables.strings[place]
        if (text !== undefined && text !== strings[place]) {
          strings[place] = text
          places.push(place)
          changed.push(text)
        }
        row = kinds.indexOf(traceKinds.UserLog, row + 1)
      }
      return places.length === 0 ? undefined : { places, strings: changed }
    },
  }
}

type Mirrored = {
  readonly [Name in keyof TraceTables]: (TraceTables[Name] extends readonly string[] ? string : number)[]
}

export type TableMirror = {
  readonly tables: TraceTables
  add(addition: TableAddition): void
  change(changed: ChangedStrings): void
}

export function openTableMirror(): TableMirror {
  const tables: Mirrored = {
    strings: [],
    stackStart: [],
    stackFrames: [],
    frameFunctions: [],
    frameFiles: [],
    frameLines: [],
    framePcs: [],
  }
  return {
    tables,
    add(addition) {
      for (const text of addition.strings) tables.strings.push(text)
      for (const name of NUMBERS) for (const value of addition[name]) tables[name].push(value)
    },
    change({ places, strings }) {
      for (const [at, place] of places.entries()) tables.strings[place] = strings[at] as string
    },
  }
}
