/**
 * From the text form of a trace (`Trace Go1.22`, one event per line), in which the Go toolchain keeps its golden
 * traces, to bytes. Follows internal/trace/raw/{textreader,writer}.go of Go 1.27.3; throws for text that is none.
 */
import { structural, timedEvents } from '../gotrace/events.ts'

const structuralEvents: Readonly<Record<string, number>> = {
  EventBatch: structural.eventBatch,
  Stacks: structural.stacks,
  Stack: structural.stack,
  Strings: structural.strings,
  String: structural.string,
  CPUSamples: structural.cpuSamples,
  CPUSample: structural.cpuSample,
  Frequency: structural.frequency,
  ExperimentalBatch: structural.experimentalBatch,
  Sync: structural.sync,
  ClockSnapshot: structural.clockSnapshot,
  EndOfGeneration: structural.endOfGeneration,
}
const ids = new Map<string, number>(Object.entries(structuralEvents))
for (const { id, name } of timedEvents) ids.set(name, id)
const withData = new Set(['String', 'ExperimentalBatch'])

export function writeTraceText(text: string): Uint8Array {
  const bytes: number[] = []
  let version: string | undefined
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    if (version === undefined) {
      version = /^Trace Go1\.(\d+)$/.exec(line)?.[1]
      if (version === undefined) throw new Error(`no header: ${line}`)
      bytes.push(...new TextEncoder().encode(`go 1.${version} trace\0\0\0`))
    } else if (line.startsWith('data=')) {
      const data = unquoteGo(line.slice('data='.length))
      bytes.push(...varint(BigInt(data.length)), ...data)
    } else {
      // A frame of a stack has no name: its line begins with pc=.
      const [name, ...args] = line.replace(/#.*$/, '').trim().split(/\s+/) as [string, ...string[]]
      const isFrame = name.startsWith('pc=')
      if (!isFrame) {
        const id = ids.get(name)
        if (id === undefined) throw new Error(`no event: ${line}`)
        bytes.push(id)
      }
      for (const arg of isFrame ? [name, ...args] : args) {
        bytes.push(...varint(BigInt(arg.slice(arg.indexOf('=') + 1))))
      }
      if (withData.has(name) && !raw.includes('=')) throw new Error(`no arguments: ${line}`)
    }
  }
  return Uint8Array.from(bytes)
}

/** A string of Go's syntax as bytes. */
export function unquoteGo(quoted: string): Uint8Array {
  const bytes: number[] = []
  const encoder = new TextEncoder()
  const part = /\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\U([0-9a-f]{8})|\\([0-7]{3})|\\(.)|([^\\]+)/gisu
  for (const [, hex, short, long, octal, letter, plain] of quoted.slice(1, -1).matchAll(part)) {
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16))
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8))
    else if (letter !== undefined) bytes.push(escapes[letter] ?? letter.charCodeAt(0))
    else {
      const code = short ?? long
      const string = code === undefined ? (plain as string) : String.fromCodePoint(Number.parseInt(code, 16))
      bytes.push(...encoder.encode(string))
    }
  }
  return Uint8Array.from(bytes)
}

const escapes: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }

function varint(value: bigint): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return bytes
}
