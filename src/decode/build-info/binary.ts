/**
 * Build info out of a Go executable: version, modules and settings, as `go version -m` shows them.
 * Enters: the bytes of an ELF, PE or Mach-O file; its data segment is enough. Leaves: BuildInfo.
 * Both layouts after the magic `\xff Go buildinf:`: strings in line (Go 1.18 on) and pointers to them (1.13 to 1.17).
 * Source: src/debug/buildinfo/buildinfo.go of the Go tree.
 */
import { fault } from '../../base/errors.ts'
import { err, type Result } from '../../base/result.ts'
import type { Decoded } from '../../model/issue.ts'
import type { BuildInfo } from '../../model/metrics.ts'
import { type Executable, readAt, readExecutable, type Segment } from './executable.ts'
import { decodeBuildInfoText } from './text.ts'

const MAGIC = [0xff, 0x20, 0x47, 0x6f, 0x20, 0x62, 0x75, 0x69, 0x6c, 0x64, 0x69, 0x6e, 0x66, 0x3a] // "\xff Go buildinf:"
const ALIGN_BYTES = 16
const HEADER_BYTES = 32
/** A go.sum of ten thousand modules is about 1 MB. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024
/** infoStart and infoEnd of cmd/go/internal/modload frame the module text. */
const FRAME_BYTES = 16

export function decodeBuildInfoBinary(bytes: Uint8Array): Result<Decoded<BuildInfo>> {
  if (bytes.length === 0) return err(fault('SL_DECODE_EMPTY'))
  const executable = readExecutable(bytes)
  if (executable === undefined) {
    return err(fault('SL_DECODE_NO_BUILD_INFO', { message: 'The input is no ELF, PE or Mach-O executable' }))
  }
  const at = executable.data === undefined ? undefined : findMagic(bytes, executable.data)
  if (at === undefined) {
    return err(fault('SL_DECODE_NO_BUILD_INFO', { message: `The ${executable.format} file holds no Go build info` }))
  }
  const texts =
    (bytes[at + 15] as number) & 2 ? readInline(bytes, at + HEADER_BYTES) : readPointed(bytes, executable, at)
  if (texts === undefined || texts.version === '') {
    const message = 'The Go build info of the executable is damaged or cut'
    return err(fault('SL_DECODE_NO_BUILD_INFO', { message, detail: { offset: at } }))
  }
  return decodeBuildInfoText(`go\t${texts.version}\n${texts.modules}`)
}

type Texts = { readonly version: string; readonly modules: string }

/** Aligned to the address, as the linker puts it; segments are loaded at aligned offsets. */
function findMagic(bytes: Uint8Array, data: Segment): number | undefined {
  const skew = Number(data.address % BigInt(ALIGN_BYTES))
  const end = data.offset + data.size - HEADER_BYTES
  for (let at = data.offset + ((ALIGN_BYTES - skew) % ALIGN_BYTES); at <= end; at += ALIGN_BYTES) {
    if (bytes[at] === 0xff && MAGIC.every((byte, index) => bytes[at + index] === byte)) return at
  }
  return undefined
}

function readInline(bytes: Uint8Array, from: number): Texts | undefined {
  const version = readPrefixed(bytes, from)
  if (version === undefined) return undefined
  const modules = readPrefixed(bytes, version.end)
  if (modules === undefined) return undefined
  return { version: decodeUtf8(version.body), modules: unframe(modules.body) }
}

function readPrefixed(
  bytes: Uint8Array,
  from: number,
): { readonly body: Uint8Array; readonly end: number } | undefined {
  let length = 0
  let at = from
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++]
    if (byte === undefined || factor > 2 ** 35) return undefined
    length += (byte & 0x7f) * factor
    if (byte < 0x80) break
  }
  if (length > MAX_TEXT_BYTES || at + length > bytes.length) return undefined
  return { body: bytes.subarray(at, at + length), end: at + length }
}

function readPointed(bytes: Uint8Array, executable: Executable, at: number): Texts | undefined {
  const size = bytes[at + 14] as number
  if (size !== 4 && size !== 8) return undefined
  const isLittle = ((bytes[at + 15] as number) & 1) === 0
  const version = readGoString(bytes, executable, readPointer(bytes, at + 16, size, isLittle), size, isLittle)
  const modules = readGoString(bytes, executable, readPointer(bytes, at + 16 + size, size, isLittle), size, isLittle)
  if (version === undefined) return undefined
  return { version: decodeUtf8(version), modules: modules === undefined ? '' : unframe(modules) }
}

function readGoString(
  bytes: Uint8Array,
  executable: Executable,
  address: bigint,
  size: number,
  isLittle: boolean,
): Uint8Array | undefined {
  const header = readAt(bytes, executable, address, size * 2)
  if (header === undefined || header.length < size * 2) return undefined
  const length = readPointer(header, size, size, isLittle)
  if (length > BigInt(MAX_TEXT_BYTES)) return undefined
  const body = readAt(bytes, executable, readPointer(header, 0, size, isLittle), Number(length))
  return body?.length === Number(length) ? body : undefined
}

function readPointer(bytes: Uint8Array, at: number, size: number, isLittle: boolean): bigint {
  let value = 0n
  for (let index = 0; index < size; index++) {
    const byte = bytes[isLittle ? at + size - 1 - index : at + index] ?? 0
    value = (value << 8n) | BigInt(byte)
  }
  return value
}

function unframe(body: Uint8Array): string {
  const isFramed = body.length >= FRAME_BYTES * 2 + 1 && body[body.length - FRAME_BYTES - 1] === 0x0a
  return isFramed ? decodeUtf8(body.subarray(FRAME_BYTES, body.length - FRAME_BYTES)) : ''
}

function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
