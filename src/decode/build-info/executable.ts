/**
 * Where in an executable its data stands: the segments of ELF, PE and Mach-O (fat too), as far as build info needs them.
 * Enters: the bytes of a file, whole or its beginning. Leaves: address ranges with their offsets, the likely place of the
 * build info first. Every offset is checked against the bytes; a broken header ends in an empty list, never in a throw.
 * Follows debug/buildinfo of the Go tree. XCOFF and Plan 9 executables are not read.
 */

/** `size` bytes at address `address`, standing at `offset` in the file. */
export type Segment = { readonly address: bigint; readonly offset: number; readonly size: number }

export type Executable = {
  readonly format: 'ELF' | 'PE' | 'Mach-O'
  /** Everything that is loaded from the file. */
  readonly segments: readonly Segment[]
  /** Where the linker puts the build info. */
  readonly data?: Segment
}

/** Headers of a format count their parts in 16 or 32 bits; real executables have a few dozen. */
const MAX_PARTS = 4096

export function detectExecutable(head: Uint8Array): Executable['format'] | undefined {
  const [a, b, c, d] = head
  if (a === 0x7f && b === 0x45 && c === 0x4c && d === 0x46) return 'ELF'
  if (a === 0x4d && b === 0x5a && head.length >= 64) return 'PE'
  if (a === 0xfe && b === 0xed && c === 0xfa && (d === 0xce || d === 0xcf)) return 'Mach-O'
  if ((a === 0xce || a === 0xcf) && b === 0xfa && c === 0xed && d === 0xfe) return 'Mach-O'
  // 0xcafebabe is also a Java class file: there the next four bytes are a version, above 40.
  if (a === 0xca && b === 0xfe && c === 0xba && (d === 0xbe || d === 0xbf)) {
    const count = head[4] === 0 && head[5] === 0 && head[6] === 0 ? (head[7] ?? 0) : 0
    return count > 0 && count < 40 ? 'Mach-O' : undefined
  }
  return undefined
}

/** Reads the headers. Undefined when they are of none of the formats, or broken. */
export function readExecutable(bytes: Uint8Array): Executable | undefined {
  const format = detectExecutable(bytes)
  try {
    if (format === 'ELF') return readElf(bytes)
    if (format === 'PE') return readPe(bytes)
    if (format === 'Mach-O') return readMachO(bytes, 0)
  } catch (error) {
    // A DataView refuses what is out of its bounds: the headers point outside of the file.
    if (!(error instanceof RangeError)) throw error
  }
  return undefined
}

/** The bytes at `address` to the end of its segment, at most `length`; undefined when nothing is loaded there. */
export function readAt(
  bytes: Uint8Array,
  executable: Executable,
  address: bigint,
  length: number,
): Uint8Array | undefined {
  for (const segment of executable.segments) {
    const into = address - segment.address
    if (into < 0n || into >= BigInt(segment.size)) continue
    const from = segment.offset + Number(into)
    return bytes.subarray(from, Math.min(from + length, segment.offset + segment.size))
  }
  return undefined
}

function readElf(bytes: Uint8Array): Executable {
  const view = viewOf(bytes)
  const is64 = view.getUint8(4) === 2
  const little = view.getUint8(5) === 1
  const word = (at: number): bigint => (is64 ? view.getBigUint64(at, little) : BigInt(view.getUint32(at, little)))
  const programs = Number(word(is64 ? 32 : 28))
  const programSize = view.getUint16(is64 ? 54 : 42, little)
  const programCount = Math.min(view.getUint16(is64 ? 56 : 44, little), MAX_PARTS)
  const segments: Segment[] = []
  let data: Segment | undefined
  for (let index = 0; index < programCount; index++) {
    const at = programs + index * programSize
    if (view.getUint32(at, little) !== 1) continue // PT_LOAD
    const flags = view.getUint32(at + (is64 ? 4 : 24), little)
    const segment = fitSegment(
      bytes,
      word(at + (is64 ? 16 : 8)),
      word(at + (is64 ? 8 : 4)),
      word(at + (is64 ? 32 : 16)),
    )
    segments.push(segment)
    if (data === undefined && (flags & 3) === 2 && segment.size > 0) data = segment
  }
  const named = findElfSection(bytes, view, is64, little, word)
  const place = named ?? data
  return { format: 'ELF', segments, ...(place === undefined ? {} : { data: place }) }
}

function findElfSection(
  bytes: Uint8Array,
  view: DataView,
  is64: boolean,
  little: boolean,
  word: (at: number) => bigint,
): Segment | undefined {
  const sections = Number(word(is64 ? 40 : 32))
  const sectionSize = view.getUint16(is64 ? 58 : 46, little)
  const sectionCount = Math.min(view.getUint16(is64 ? 60 : 48, little), MAX_PARTS)
  const namesIndex = view.getUint16(is64 ? 62 : 50, little)
  // The section table stands at the end of the file: with only the beginning at hand it is not there.
  if (sections === 0 || namesIndex >= sectionCount || sections + sectionCount * sectionSize > bytes.length)
    return undefined
  const namesAt = Number(word(sections + namesIndex * sectionSize + (is64 ? 24 : 16)))
  for (let index = 0; index < sectionCount; index++) {
    const at = sections + index * sectionSize
    if (!hasText(bytes, namesAt + view.getUint32(at, little), '.go.buildinfo\0')) continue
    return fitSegment(bytes, word(at + (is64 ? 16 : 12)), word(at + (is64 ? 24 : 16)), word(at + (is64 ? 32 : 20)))
  }
  return undefined
}

function readPe(bytes: Uint8Array): Executable | undefined {
  const view = viewOf(bytes)
  const header = view.getUint32(0x3c, true)
  if (!hasText(bytes, header, 'PE\0\0')) return undefined
  const count = Math.min(view.getUint16(header + 6, true), MAX_PARTS)
  const optional = header + 24
  const optionalSize = view.getUint16(header + 20, true)
  const is64 = view.getUint16(optional, true) === 0x20b
  const base = is64 ? view.getBigUint64(optional + 24, true) : BigInt(view.getUint32(optional + 28, true))
  const segments: Segment[] = []
  let data: Segment | undefined
  for (let index = 0; index < count; index++) {
    const at = optional + optionalSize + index * 40
    const address = base + BigInt(view.getUint32(at + 12, true))
    const segment = fitSegment(
      bytes,
      address,
      BigInt(view.getUint32(at + 20, true)),
      BigInt(view.getUint32(at + 16, true)),
    )
    segments.push(segment)
    // Initialized data, readable, writable, not discardable or executable.
    const flags = view.getUint32(at + 36, true)
    if (data === undefined && segment.size > 0 && (flags & 0xe0000040) >>> 0 === 0xc0000040) data = segment
  }
  return { format: 'PE', segments, ...(data === undefined ? {} : { data }) }
}

function readMachO(bytes: Uint8Array, start: number): Executable | undefined {
  const view = viewOf(bytes)
  const magic = view.getUint32(start, false)
  if (magic === 0xcafebabe || magic === 0xcafebabf) {
    if (start !== 0) return undefined
    const at = magic === 0xcafebabe ? view.getUint32(16, false) : Number(view.getBigUint64(16, false))
    return readMachO(bytes, at)
  }
  const little = magic === 0xcefaedfe || magic === 0xcffaedfe
  const is64 = magic === 0xcffaedfe || magic === 0xfeedfacf
  const word = (at: number): bigint => (is64 ? view.getBigUint64(at, little) : BigInt(view.getUint32(at, little)))
  const count = Math.min(view.getUint32(start + 16, little), MAX_PARTS)
  const size = is64 ? 8 : 4
  const segments: Segment[] = []
  let named: Segment | undefined
  let data: Segment | undefined
  let at = start + (is64 ? 32 : 28)
  for (let index = 0; index < count; index++) {
    const command = view.getUint32(at, little)
    const length = view.getUint32(at + 4, little)
    if (length < 8) break
    if (command === (is64 ? 0x19 : 1)) {
      const body = at + 24
      const address = word(body)
      const segment = fitSegment(bytes, address, word(body + size * 2) + BigInt(start), word(body + size * 3))
      segments.push(segment)
      const maxProtection = view.getUint32(body + size * 4, little)
      const protection = view.getUint32(body + size * 4 + 4, little)
      if (data === undefined && address !== 0n && segment.size > 0 && protection === 3 && maxProtection === 3)
        data = segment
      const sections = Math.min(view.getUint32(body + size * 4 + 8, little), MAX_PARTS)
      for (let section = 0; section < sections && named === undefined; section++) {
        const from = body + size * 4 + 16 + section * (is64 ? 80 : 68)
        if (!hasText(bytes, from, '__go_buildinfo\0')) continue
        const offset = BigInt(view.getUint32(from + 32 + size * 2, little) + start)
        named = fitSegment(bytes, word(from + 32), offset, word(from + 32 + size))
      }
    }
    at += length
  }
  const place = named ?? data
  return { format: 'Mach-O', segments, ...(place === undefined ? {} : { data: place }) }
}

/** A segment cut to what of the file is there. */
function fitSegment(bytes: Uint8Array, address: bigint, offset: bigint, size: bigint): Segment {
  const from = offset > BigInt(bytes.length) ? bytes.length : Number(offset)
  const length = size > BigInt(bytes.length - from) ? bytes.length - from : Number(size)
  return { address, offset: from, size: length }
}

function hasText(bytes: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false
  }
  return true
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
