/**
 * An execution trace as a stream of bytes, from a file, a capture folder, an `.slc`, or stdin (`-`).
 * Files and pipes are read piece by piece, gzip is inflated on the way: memory does not grow with the trace. What is
 * packed by zstd (an `.slc`) is unpacked whole, within the limits of capture-read.ts.
 * Codes: SL_COLLECT_NO_INPUT, SL_COLLECT_NO_TRACE, and those of reading captures; the stream itself ends where reading
 * fails, and `failure` says why.
 */
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { type Fault, fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Capture, CaptureFile, CaptureManifest } from '../model/capture.ts'
import type { Issue } from '../model/issue.ts'
import type { Inflater, TraceCapture, TraceOpener, TracePlace, TraceStream } from '../model/ports.ts'
import { parseManifest } from './capture-manifest.ts'
import { readCapture } from './capture-read.ts'
import { detectCompression, MAX_INFLATE_RATIO, RATIO_FREE_BYTES } from './inflate.ts'

export type TraceOpenerOptions = { readonly inflater: Inflater; readonly stdin?: Readable }

const PIECE_BYTES = 1 << 20
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024
/** The runtime cuts a dump at 64 MiB. */
const MAX_DUMP_BYTES = 65 * 1024 * 1024
/** The last ones, which stand nearest to the trace. */
const MAX_DUMPS = 3
const dumpName = /^goroutine\.\d+\.txt$/
/** Magic numbers are no longer. */
const HEAD_BYTES = 16

export function openTraceOpener(options: TraceOpenerOptions): TraceOpener {
  return { openTrace: (path) => openTrace(options, path) }
}

async function openTrace(options: TraceOpenerOptions, path: string): Promise<Result<TraceStream>> {
  if (path === '-') return openPieces(options, options.stdin ?? process.stdin, { name: 'stdin', origin: '-' })
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error)
  if (found instanceof Error) return err(unread(path, found))
  if (found.isDirectory()) return openFolder(options, path)
  if (path.endsWith('.slc')) return openPacked(await readCapture({ inflater: options.inflater }, [path]), path)
  return openFile(options, path, {})
}

type Known = {
  readonly goVersion?: string
  readonly issues?: readonly Issue[]
  readonly capture?: TraceCapture
}

async function openFile(options: TraceOpenerOptions, path: string, known: Known): Promise<Result<TraceStream>> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => error)
  if (handle instanceof Error) return err(unread(path, handle))
  const about = await handle.stat()
  const { size } = about
  return openPieces(options, readPieces(handle), {
    name: basename(path),
    origin: path,
    ...(size > 0 ? { sizeBytes: size } : {}),
    ...(size > 0 && about.isFile() ? { place: { path, sizeBytes: size } } : {}),
    ...known,
  })
}

type Origin = Known & {
  readonly name: string
  readonly origin: string
  readonly sizeBytes?: number
  readonly place?: TracePlace
}

/** Looks at the first bytes, for what packed the rest. */
async function openPieces(
  options: TraceOpenerOptions,
  source: AsyncIterable<Uint8Array>,
  { origin, issues, sizeBytes, place, ...about }: Origin,
): Promise<Result<TraceStream>> {
  let failure: Fault | undefined
  const fail = (error: unknown) => {
    failure ??= unread(origin, error)
  }
  const iterator = source[Symbol.asyncIterator]()
  const head: Uint8Array[] = []
  let headBytes = 0
  try {
    while (headBytes < HEAD_BYTES) {
      const next = await iterator.next()
      if (next.done === true) break
      head.push(Uint8Array.from(next.value))
      headBytes += next.value.length
    }
  } catch (error) {
    return err(unread(origin, error))
  }
  async function* replay(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* head.splice(0)
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  const compression = detectCompression(Buffer.concat(head).subarray(0, HEAD_BYTES))
  if (compression === 'zstd') {
    const stdin = Readable.from(copyPieces(replay()), { objectMode: false })
    const packed = await readCapture({ inflater: options.inflater, stdin }, ['-'])
    return openPacked(packed, origin, about.name)
  }
  const isGzip = compression === 'gzip'
  const plain = isGzip ? inflateStream(replay(), (why) => (failure ??= why)) : replay()
  return ok({
    ...about,
    ...(sizeBytes === undefined || isGzip ? {} : { sizeBytes }),
    ...(place === undefined || isGzip ? {} : { place }),
    issues: issues ?? [],
    bytes: untilFailure(plain, fail),
    failure: () => failure,
  })
}

/** The same buffer again and again: a piece holds until the next is asked for. */
export async function* readPieces(handle: FileHandle): AsyncGenerator<Uint8Array, void> {
  const buffer = new Uint8Array(PIECE_BYTES)
  try {
    while (true) {
      const { bytesRead } = await handle.read(buffer, 0, PIECE_BYTES, null)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

async function* copyPieces(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const piece of pieces) yield piece.slice()
}

async function* untilFailure(
  pieces: AsyncIterable<Uint8Array>,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* pieces
  } catch (error) {
    onFailure(error)
  }
}

/** Gives what can be inflated before damage; stops where the output is out of all proportion. */
export async function* inflateStream(
  pieces: AsyncIterable<Uint8Array>,
  fail: (why: Fault) => void,
): AsyncGenerator<Uint8Array, void> {
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES })
  pipeline(Readable.from(copyPieces(pieces), { objectMode: false }), gunzip, () => {})
  let size = 0
  try {
    for await (const piece of gunzip) {
      size += (piece as Uint8Array).length
      if (size > RATIO_FREE_BYTES && size > gunzip.bytesWritten * MAX_INFLATE_RATIO) {
        fail(fault('SL_DECODE_BOMB', { detail: { inflatedBytes: size, compressedBytes: gunzip.bytesWritten } }))
        return
      }
      yield piece as Uint8Array
    }
  } catch (error) {
    const isCut = error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR'
    fail(fault(isCut ? 'SL_DECODE_TRUNCATED_GZIP' : 'SL_DECODE_BAD_GZIP', { detail: { inflatedBytes: size } }))
  }
}

/** The trace of a capture in memory: by its kind, as the manifest or the content says it. */
function openPacked(capture: Result<Capture>, origin: string, name?: string): Result<TraceStream> {
  if (!capture.ok) return err({ ...capture.error, target: origin })
  const { files, manifest, issues } = capture.value
  const file = files.find(({ kind }) => kind === 'execution-trace')
  if (file === undefined) return err(noTrace(origin, manifest))
  return ok({
    name: manifest === undefined && name !== undefined ? name : file.name,
    sizeBytes: file.bytes.length,
    ...versionOf(manifest),
    capture: {
      ...(manifest === undefined ? {} : { manifest }),
      readDumps: async () => files.filter(({ kind }) => kind === 'goroutine-dump'),
    },
    issues: (issues ?? []).filter(({ at }) => at?.file === undefined || at.file === file.name),
    bytes: Readable.from([file.bytes]),
    failure: () => undefined,
  })
}

/** Of a folder only the manifest and the trace are opened. */
async function openFolder(options: TraceOpenerOptions, folder: string): Promise<Result<TraceStream>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => error)
  if (entries instanceof Error) return err(unread(folder, entries))
  const names = new Set(entries.filter((entry) => entry.isFile()).map((entry) => entry.name))
  const manifest = names.has('manifest.json') ? await readManifest(folder) : undefined
  if (manifest !== undefined && !manifest.ok) return manifest
  const said = manifest?.value.requests.find(({ kind, file }) => kind === 'execution-trace' && file !== undefined)?.file
  const name = [said, 'trace.bin'].find((one) => one !== undefined && names.has(one))
  if (name === undefined) return err(noTrace(folder, manifest?.value))
  return openFile(options, join(folder, name), {
    ...versionOf(manifest?.value),
    capture: captureOf(folder, names, manifest?.value),
  })
}

/** The dumps of a folder are those that its manifest names, else those under the names that captures give them. */
function captureOf(folder: string, names: ReadonlySet<string>, manifest: CaptureManifest | undefined): TraceCapture {
  const said = manifest?.requests.flatMap(({ kind, file }) => (kind === 'goroutine-dump' ? (file ?? []) : []))
  const dumps = [...(said ?? names)].filter((name) => names.has(name) && (said !== undefined || dumpName.test(name)))
  return {
    ...(manifest === undefined ? {} : { manifest }),
    readDumps: async () => {
      const files: CaptureFile[] = []
      for (const name of dumps.sort().slice(-MAX_DUMPS)) {
        const bytes = await readDump(join(folder, name))
        if (bytes !== undefined) files.push({ name, kind: 'goroutine-dump', bytes })
      }
      return files
    },
  }
}

async function readDump(path: string): Promise<Uint8Array | undefined> {
  const handle = await open(path, 'r').catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const { size } = await handle.stat()
    return size > MAX_DUMP_BYTES ? undefined : new Uint8Array(await handle.readFile())
  } catch {
    return undefined
  } finally {
    await handle.close()
  }
}

async function readManifest(folder: string): Promise<Result<CaptureManifest>> {
  const path = join(folder, 'manifest.json')
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => error)
  if (handle instanceof Error) return err(unread(path, handle))
  try {
    const { size } = await handle.stat()
    if (size > MAX_MANIFEST_BYTES) return err(fault('SL_COLLECT_FILE_TOO_LARGE', { target: path }))
    return parseManifest(await handle.readFile(), folder)
  } catch (error) {
    return err(unread(path, error))
  } finally {
    await handle.close()
  }
}

function versionOf(manifest: CaptureManifest | undefined): { readonly goVersion?: string } {
  const version = manifest?.target.goVersion
  return version === undefined ? {} : { goVersion: version }
}

/** With why the capture did not get one, where it says so. */
function noTrace(origin: string, manifest: CaptureManifest | undefined): Fault {
  const asked = manifest?.requests.find(({ kind }) => kind === 'execution-trace')
  const why = asked === undefined ? '' : `: ${asked.why ?? asked.status}`
  return fault('SL_COLLECT_NO_TRACE', { message: `The capture holds no execution trace${why}`, target: origin })
}

export function unread(target: string, error: unknown): Fault {
  const cause = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  return fault('SL_COLLECT_NO_INPUT', { target: target === '-' ? 'stdin' : target, detail: { cause } })
}
