/**
 * A tar archive of plain files, written and read: the inside of an `.slc`.
 * Writes ustar (POSIX 1003.1-1988) with fixed mode, owner and time, so that equal files give equal bytes.
 * Reads ustar and what GNU tar and bsdtar write around it (pax and long-name headers are skipped over). Hostile input:
 * links, devices, absolute paths, `..`, sizes past the end and bad checksums are refused, each with its reason.
 */
import { fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'

export type TarEntry = { readonly name: string; readonly bytes: Uint8Array }

const BLOCK = 512
const MAX_ENTRIES = 10_000
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Names must be plain file names of at most 100 bytes, as a capture's are. */
export function writeTar(entries: readonly TarEntry[]): Uint8Array {
  const size = entries.reduce((sum, entry) => sum + BLOCK + padToBlock(entry.bytes.length), 2 * BLOCK)
  const out = new Uint8Array(size)
  let at = 0
  for (const entry of entries) {
    out.set(makeHeader(entry), at)
    out.set(entry.bytes, at + BLOCK)
    at += BLOCK + padToBlock(entry.bytes.length)
  }
  return out
}

/** The plain files, names as they stand without a leading `./`; views into `bytes`. Codes: SL_COLLECT_ARCHIVE_DAMAGED. */
export function readTar(bytes: Uint8Array): Result<readonly TarEntry[]> {
  const entries: TarEntry[] = []
  let at = 0
  while (at + BLOCK <= bytes.length) {
    const header = bytes.subarray(at, at + BLOCK)
    if (header.every((byte) => byte === 0)) return ok(entries)
    if (entries.length >= MAX_ENTRIES) return refuse(`it holds more than ${MAX_ENTRIES} files`, at)
    if (readOctal(header, 148, 8) !== sumHeader(header)) return refuse('a header does not match its checksum', at)
    const size = readOctal(header, 124, 12)
    if (size === undefined || size > bytes.length - at - BLOCK) return refuse('a file ends after the archive', at)
    const type = String.fromCharCode(header[156] as number)
    const name = readName(header)
    if (type === '0' || type === '\0') {
      const plain = name.replace(/^(\.\/)+/, '')
      const unsafe = explainName(plain)
      if (unsafe !== undefined) return refuse(unsafe, at)
      entries.push({ name: plain, bytes: bytes.subarray(at + BLOCK, at + BLOCK + size) })
    } else if (!SKIPPED_TYPES.has(type)) {
      return refuse('it holds a link or a device', at)
    }
    at += BLOCK + padToBlock(size)
  }
  return refuse('it has no end', at)
}

/** Whether the first block is a header by its checksum (or the archive is empty: zeros). */
export function looksLikeTar(bytes: Uint8Array): boolean {
  const header = bytes.subarray(0, BLOCK)
  if (header.length < BLOCK) return false
  return readOctal(header, 148, 8) === sumHeader(header) || header.every((byte) => byte === 0)
}

/** Folders, pax headers (local, global), GNU long name: nothing of theirs is needed for names of a capture. */
const SKIPPED_TYPES: ReadonlySet<string> = new Set(['5', 'x', 'g', 'L'])

function explainName(name: string): string | undefined {
  if (name === '' || name.includes('\0') || name.includes('\\')) return 'a file has no usable name'
  if (name.startsWith('/') || /^[a-z]:/i.test(name)) return 'a file has an absolute path'
  return name.split('/').includes('..') ? 'a file lies outside the archive' : undefined
}

function makeHeader(entry: TarEntry): Uint8Array {
  const header = new Uint8Array(BLOCK)
  const put = (text: string, offset: number): void => header.set(encoder.encode(text), offset)
  put(entry.name, 0)
  put('0000644\0', 100)
  put('0000000\0', 108)
  put('0000000\0', 116)
  put(`${entry.bytes.length.toString(8).padStart(11, '0')}\0`, 124)
  put('00000000000\0', 136)
  put('0', 156)
  put('ustar\x0000', 257)
  put(`${sumHeader(header).toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** All bytes of the header, the checksum's own taken as spaces. */
function sumHeader(header: Uint8Array): number {
  let sum = 0
  for (let index = 0; index < BLOCK; index += 1) sum += index >= 148 && index < 156 ? 32 : (header[index] as number)
  return sum
}

function readOctal(header: Uint8Array, offset: number, length: number): number | undefined {
  const text = readText(header, offset, length).trim()
  return /^[0-7]{1,12}$/.test(text) ? Number.parseInt(text, 8) : undefined
}

function readName(header: Uint8Array): string {
  const name = readText(header, 0, 100)
  const prefix = readText(header, 257, 5) === 'ustar' ? readText(header, 345, 155) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

function readText(header: Uint8Array, offset: number, length: number): string {
  const field = header.subarray(offset, offset + length)
  const end = field.indexOf(0)
  return decoder.decode(end < 0 ? field : field.subarray(0, end))
}

function padToBlock(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK
}

function refuse(why: string, offset: number): Result<never> {
  return err(
    fault('SL_COLLECT_ARCHIVE_DAMAGED', {
      message: `The .slc file is no archive that a capture can come from: ${why}`,
      detail: { offset },
    }),
  )
}
