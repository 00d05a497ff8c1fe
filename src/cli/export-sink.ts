/**
 * Where an export goes: into a file, under another name until it is whole, or to stdout. Bytes are written before `write`
 * returns, so that memory does not grow with the export; a name that ends in .gz gets gzip, in members of a few MB, which
 * readers of gzip join. Binary output never goes to a terminal.
 */
import { closeSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Fault, fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { ExportSink } from '../model/trace-export/trace-export.ts'
import type { OutStream } from './streams.ts'
import { type WriteOutcome, writeBytesNow } from './write-now.ts'

/** Of input, in a member. */
const MEMBER_BYTES = 4 << 20

export type OpenExportSink = ExportSink & {
  /** Gives up: nothing is left behind. */
  discard(): void
}

export function openExportSink(
  io: { readonly cwd: string; readonly stdout: OutStream },
  path: string | undefined,
  options: { readonly isGzipped: boolean },
): Result<OpenExportSink> {
  if (path === undefined || path === '-') return openStdoutSink(io.stdout)
  const target = resolve(io.cwd, path)
  const fresh = `${target}.${process.pid}.part`
  const refuse = (error: unknown): Fault => {
    const why = error instanceof Error ? error.message : String(error)
    return fault('SL_CLI_CANNOT_WRITE', { message: `Cannot write ${path}: ${why}`, target: path })
  }
  let fd: number
  try {
    mkdirSync(dirname(target), { recursive: true })
    fd = openSync(fresh, 'w')
  } catch (error) {
    return err(refuse(error))
  }
  const pack = !options.isGzipped && path.endsWith('.gz') ? openPacker() : undefined
  const state = { outcome: 'written' as WriteOutcome, sizeBytes: 0, isClosed: false }
  function put(bytes: Uint8Array): boolean {
    if (state.outcome === 'written' && bytes.length > 0) {
      state.sizeBytes += bytes.length
      state.outcome = writeBytesNow(fd, bytes)
    }
    return state.outcome === 'written'
  }
  function discard(): void {
    if (state.isClosed) return
    state.isClosed = true
    closeSync(fd)
    rmSync(fresh, { force: true })
  }
  return ok({
    path,
    write: (bytes) => (pack === undefined ? put(bytes) : put(pack.add(bytes))),
    close() {
      if (pack !== undefined) put(pack.finish())
      if (state.outcome !== 'written') {
        discard()
        return refuse('the disk is full, or the file system refuses')
      }
      state.isClosed = true
      try {
        closeSync(fd)
        renameSync(fresh, target)
        return undefined
      } catch (error) {
        rmSync(fresh, { force: true })
        return refuse(error)
      }
    },
    sizeBytes: () => state.sizeBytes,
    discard,
  })
}

function openStdoutSink(stdout: OutStream): Result<OpenExportSink> {
  const { fd } = stdout
  if (stdout.isTTY === true || fd === undefined) return err(fault('SL_CLI_BINARY_TO_TERMINAL'))
  const state = { outcome: 'written' as WriteOutcome }
  return ok({
    write(bytes) {
      if (state.outcome === 'written') state.outcome = writeBytesNow(fd, bytes)
      return state.outcome === 'written'
    },
    close: () =>
      state.outcome === 'failed' ? fault('SL_CLI_CANNOT_WRITE', { message: 'Cannot write to stdout' }) : undefined,
    discard() {},
  })
}

type Packer = { add(bytes: Uint8Array): Uint8Array; finish(): Uint8Array }

function openPacker(): Packer {
  const held = new Uint8Array(MEMBER_BYTES)
  let at = 0
  const nothing = new Uint8Array(0)
  function pack(bytes: Uint8Array): Uint8Array {
    return bytes.length === 0 ? nothing : gzipSync(bytes, { level: 4 })
  }
  return {
    add(bytes) {
      if (at + bytes.length <= held.length) {
        held.set(bytes, at)
        at += bytes.length
        return nothing
      }
      const joined = new Uint8Array(at + bytes.length)
      joined.set(held.subarray(0, at))
      joined.set(bytes, at)
      at = 0
      return pack(joined)
    },
    finish() {
      const last = pack(held.subarray(0, at))
      at = 0
      return last
    },
  }
}
