/**
 * Files that a flag or a setting names: certificates, secrets, configurations. A page of text each, so that a device, a
 * log or a core dump named by mistake is refused and not read to its end.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { err, ok, type Result } from '../base/result.ts'

export type UnreadFile = { readonly code?: string; readonly why: string }

const MAX_SMALL_BYTES = 64 * 1024
/** Bundles of many authorities: those of a Linux distribution take a quarter of it. */
export const MAX_PEM_BYTES = 1024 * 1024

export function readSmallFile(path: string, maxBytes = MAX_SMALL_BYTES): Result<Uint8Array, UnreadFile> {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const bytes = new Uint8Array(maxBytes + 1)
    let length = 0
    while (length < bytes.length) {
      const read = readSync(file, bytes, length, bytes.length - length, null)
      if (read === 0) break
      length += read
    }
    if (length > maxBytes) return err({ why: `it is larger than ${maxBytes / 1024} KiB` })
    return ok(bytes.subarray(0, length))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
    const why = error instanceof Error ? error.message : String(error)
    return err({ why, ...(code === undefined ? {} : { code }) })
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** As text; what is no UTF-8 in it is replaced. */
export function readSmallText(path: string, maxBytes?: number): Result<string, UnreadFile> {
  const bytes = readSmallFile(path, maxBytes)
  return bytes.ok ? ok(new TextDecoder().decode(bytes.value)) : bytes
}
