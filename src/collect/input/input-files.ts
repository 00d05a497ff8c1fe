/**
 * Files as streams, for what reads more than fits into memory: plain, gzip or zstd, from disk, captures, stdin.
 * Enters: paths and patterns of paths. Leaves: places that can be opened one after another; a folder and an `.slc` give
 * what they hold (an `.slc` is unpacked whole, within the limits of capture-read.ts). Links out of a folder are not
 * followed. Each file says when its bytes were complete: at its last change, as its capture says, when a stream ended.
 */
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { parseTimeNs } from '../../decode/stream/text-times.ts'
import type { Capture, CaptureManifest } from '../../model/capture.ts'
import type { Inflater } from '../../model/ports.ts'
import type { InputFile, InputOpener, InputPlace, InputSet } from '../../model/trust/input-files.ts'
import { kindOfName, parseManifest } from '../capture-manifest.ts'
import { readCapture } from '../capture-read.ts'
import { readPieces, unread } from '../trace-stream.ts'
import { expandPath } from './expand-paths.ts'
import { chooseInflate, MAGIC_BYTES } from './inflate-pieces.ts'

export type InputOpenerOptions = { readonly inflater: Inflater; readonly stdin?: Readable }

const HEAD_BYTES = 64 * 1024
const MAX_FILES = 1_000
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024
/** File systems and machines differ by so much. */
const CLOCK_STEP_NS = 2_000_000_000n

export function openInputOpener(options: InputOpenerOptions): InputOpener {
  return {
    async listInputs(paths) {
      const places: InputPlace[] = []
      let manifest: InputSet['manifest']
      const seen = new Set<string>()
      for (const pattern of paths) {
        const expanded = await expandPath(pattern)
        if (!expanded.ok) return expanded
        for (const path of expanded.value) {
          // What is given twice is not there twice.
          if (seen.has(resolve(path))) continue
          seen.add(resolve(path))
          const found = await listPath(options, path)
          if (!found.ok) return found
          places.push(...found.value.places)
          manifest ??= found.value.manifest
        }
      }
      return ok({ places, ...(manifest === undefined ? {} : { manifest }) })
    },
  }
}

async function listPath(options: InputOpenerOptions, path: string): Promise<Result<InputSet>> {
  if (path === '-') {
    const open = () => openPieces(options.stdin ?? process.stdin, { name: 'stdin', origin: '-' })
    return ok({ places: [{ name: 'stdin', open }] })
  }
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error)
  if (found instanceof Error) return err(unread(path, found))
  if (found.isDirectory()) return listFolder(path)
  if (path.endsWith('.slc')) {
    const packed = await readCapture({ inflater: options.inflater }, [path])
    return packed.ok ? ok(listPacked(packed.value)) : packed
  }
  return ok({ places: [{ name: basename(path), open: () => openFile(path) }] })
}

function listPacked({ files, manifest }: Capture): InputSet {
  const places = files.map(({ name, kind, bytes }): InputPlace => {
    const about = { name, origin: name, sizeBytes: bytes.length, completed: takenAt(manifest, name) }
    return { name, kind, open: () => openPieces(Readable.from([bytes]), about) }
  })
  return { places, ...(manifest === undefined ? {} : { manifest }) }
}

/** With a manifest its kinds count; without one the content of each file. */
async function listFolder(folder: string): Promise<Result<InputSet>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => error)
  if (entries instanceof Error) return err(unread(folder, entries))
  const names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name)
  names.sort()
  if (names.length === 0) return err(fault('SL_COLLECT_CAPTURE_EMPTY', { target: folder }))
  if (names.length > MAX_FILES) {
    const message = `The folder holds more than ${MAX_FILES} files`
    return err(fault('SL_COLLECT_FILE_TOO_LARGE', { message, target: folder }))
  }
  const manifest = names.includes('manifest.json') ? await readManifest(folder) : undefined
  if (manifest !== undefined && !manifest.ok) return manifest
  const places = names
    .filter((name) => name !== 'manifest.json')
    .map((name): InputPlace => {
      const said = manifest?.value.requests.find(({ file }) => file === name)?.kind ?? kindOfName(name)
      const isKnown = manifest !== undefined && said !== undefined
      const taken = manifest === undefined ? undefined : takenAt(manifest.value, name)
      return {
        name,
        isFound: true,
        ...(isKnown ? { kind: said } : {}),
        open: () => openFile(join(folder, name), taken),
      }
    })
  return ok({ places, ...(manifest === undefined ? {} : { manifest: manifest.value }) })
}

async function readManifest(folder: string): Promise<ReturnType<typeof parseManifest>> {
  const path = join(folder, 'manifest.json')
  const opened = await openFile(path)
  if (!opened.ok) return opened
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of opened.value.bytes) {
    size += piece.length
    if (size > MAX_MANIFEST_BYTES) return err(fault('SL_COLLECT_FILE_TOO_LARGE', { target: path }))
    pieces.push(piece.slice())
  }
  return parseManifest(Buffer.concat(pieces), folder)
}

/** What a capture says of the moment in which a file of it was complete. */
function takenAt(manifest: CaptureManifest | undefined, name: string): Completed {
  const asked = manifest?.requests.find(({ file }) => file === name)?.endTime ?? manifest?.endTime
  return asked === undefined ? 'unknown' : (parseTimeNs(asked) ?? 'unknown')
}

async function openFile(path: string, taken?: Completed): Promise<Result<InputFile>> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => error)
  if (handle instanceof Error) return err(unread(path, handle))
  const { sizeBytes, changed } = await measureFile(handle)
  return openPieces(readPieces(handle), { name: basename(path), origin: path, sizeBytes, completed: taken ?? changed })
}

async function measureFile(handle: FileHandle): Promise<{ sizeBytes: number | undefined; changed: Completed }> {
  const about = await handle.stat({ bigint: true }).catch(() => undefined)
  if (about === undefined) return { sizeBytes: undefined, changed: 'unknown' }
  if (!about.isFile()) return { sizeBytes: undefined, changed: 'at its end' }
  const isPast = about.mtimeNs <= nowNs() + CLOCK_STEP_NS
  const sizeBytes = about.size > 0n ? Number(about.size) : undefined
  return { sizeBytes, changed: isPast ? about.mtimeNs : 'unknown' }
}

function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n
}

type Completed = bigint | 'at its end' | 'unknown'
type Origin = {
  readonly name: string
  readonly origin: string
  readonly sizeBytes?: number | undefined
  readonly completed?: Completed
}

/** Looks at the first bytes, inflates where they say so, and keeps the head. */
async function openPieces(
  source: AsyncIterable<Uint8Array>,
  { name, origin, sizeBytes, completed = 'at its end' }: Origin,
): Promise<Result<InputFile>> {
  const state: { failure: Fault | undefined; ended: bigint | undefined } = { failure: undefined, ended: undefined }
  const fail = (why: Fault) => {
    state.failure ??= why
  }
  try {
    const raw = await takeHead(source[Symbol.asyncIterator](), MAGIC_BYTES)
    const inflate = chooseInflate(raw.head)
    const plain =
      inflate === undefined ? await raw.widen(HEAD_BYTES) : await takeHead(inflate(raw.all(), fail), HEAD_BYTES)
    async function* read(): AsyncGenerator<Uint8Array, void> {
      yield* untilFailure(plain.all(), (error) => fail(unread(origin, error)))
      state.ended = nowNs()
    }
    return ok({
      name,
      ...(sizeBytes === undefined || inflate !== undefined ? {} : { sizeBytes }),
      head: plain.head.subarray(0, HEAD_BYTES),
      bytes: read(),
      completeUnixNs: () =>
        completed === 'unknown' ? undefined : completed === 'at its end' ? state.ended : completed,
      failure: () => state.failure,
      close: async () => {
        await plain.close()
        await raw.close()
      },
    })
  } catch (error) {
    return err(unread(origin, error))
  }
}

type Headed = {
  readonly head: Uint8Array
  widen(bytes: number): Promise<Headed>
  all(): AsyncGenerator<Uint8Array, void>
  close(): Promise<void>
}

async function takeHead(
  iterator: AsyncIterator<Uint8Array>,
  bytes: number,
  kept: readonly Uint8Array[] = [],
): Promise<Headed> {
  const pieces = [...kept]
  let size = pieces.reduce((sum, { length }) => sum + length, 0)
  while (size < bytes) {
    const next = await iterator.next()
    if (next.done === true) break
    // Its buffer may be used again for the next piece.
    pieces.push(Uint8Array.from(next.value))
    size += next.value.length
  }
  async function* all(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* pieces.splice(0)
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  return {
    head: Buffer.concat(pieces),
    widen: (more) => takeHead(iterator, more, pieces),
    all,
    close: async () => {
      await iterator.return?.()
    },
  }
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
