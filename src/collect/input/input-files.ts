/**
 * Files as streams, for what reads more than fits into memory: plain or gzip, from disk, from captures, from stdin.
 * Enters: paths. Leaves: places that can be opened one after another; a folder and an `.slc` give what they hold (an
 * `.slc` is unpacked whole, within the limits of capture-read.ts). Links out of a folder are not followed.
 */
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { Capture } from '../../model/capture.ts'
import type { Inflater } from '../../model/ports.ts'
import type { InputFile, InputOpener, InputPlace, InputSet } from '../../model/trust/input-files.ts'
import { kindOfName, parseManifest } from '../capture-manifest.ts'
import { readCapture } from '../capture-read.ts'
import { detectCompression } from '../inflate.ts'
import { inflateStream, readPieces, unread } from '../trace-stream.ts'

export type InputOpenerOptions = { readonly inflater: Inflater; readonly stdin?: Readable }

const HEAD_BYTES = 64 * 1024
const MAGIC_BYTES = 4
const MAX_FILES = 1_000
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024

export function openInputOpener(options: InputOpenerOptions): InputOpener {
  return {
    async listInputs(paths) {
      const places: InputPlace[] = []
      let manifest: InputSet['manifest']
      for (const path of paths) {
        const found = await listPath(options, path)
        if (!found.ok) return found
        places.push(...found.value.places)
        manifest ??= found.value.manifest
      }
      return ok({ places, ...(manifest === undefined ? {} : { manifest }) })
    },
  }
}

async function listPath(options: InputOpenerOptions, path: string): Promise<Result<InputSet>> {
  if (path === '-') {
    return ok({ places: [{ name: 'stdin', open: () => openPieces(options.stdin ?? process.stdin, 'stdin', '-') }] })
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
  const places = files.map(
    ({ name, kind, bytes }): InputPlace => ({
      name,
      kind,
      open: () => openPieces(Readable.from([bytes]), name, name, bytes.length),
    }),
  )
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
      return { name, ...(isKnown ? { kind: said } : {}), open: () => openFile(join(folder, name)) }
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

async function openFile(path: string): Promise<Result<InputFile>> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => error)
  if (handle instanceof Error) return err(unread(path, handle))
  const size = await sizeOf(handle)
  return openPieces(readPieces(handle), basename(path), path, size)
}

async function sizeOf(handle: FileHandle): Promise<number | undefined> {
  const about = await handle.stat().catch(() => undefined)
  return about?.isFile() === true && about.size > 0 ? about.size : undefined
}

/** Looks at the first bytes, inflates where they say so, and keeps the head. */
async function openPieces(
  source: AsyncIterable<Uint8Array>,
  name: string,
  origin: string,
  sizeBytes?: number,
): Promise<Result<InputFile>> {
  const state: { failure: Fault | undefined } = { failure: undefined }
  const fail = (why: Fault) => {
    state.failure ??= why
  }
  try {
    const raw = await takeHead(source[Symbol.asyncIterator](), MAGIC_BYTES)
    const isGzip = detectCompression(raw.head.subarray(0, 16)) === 'gzip'
    const plain = isGzip ? await takeHead(inflateStream(raw.all(), fail), HEAD_BYTES) : await raw.widen(HEAD_BYTES)
    return ok({
      name,
      ...(sizeBytes === undefined || isGzip ? {} : { sizeBytes }),
      head: plain.head.subarray(0, HEAD_BYTES),
      bytes: untilFailure(plain.all(), (error) => fail(unread(origin, error))),
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
