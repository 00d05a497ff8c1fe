/**
 * Reads captures: a folder, an `.slc`, loose files, stdin (`-`). What a file is comes from the manifest inside a
 * capture, and from the content everywhere else.
 * Leaves: a Capture with the doubts of reading it in `issues`; codes SL_COLLECT_NO_INPUT, _CAPTURE_EMPTY,
 * _CAPTURE_NEWER, _MANIFEST_DAMAGED, _ARCHIVE_DAMAGED, _ARCHIVE_BOMB, _FILE_TOO_LARGE. Never follows links out of
 * a folder, never reads more than its limits.
 */
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Readable } from 'node:stream'
import { fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import { formatSize } from '../base/units.ts'
import { detectKind } from '../decode/detect.ts'
import type { Capture, CaptureFile, CaptureManifest } from '../model/capture.ts'
import { type Issue, openIssueLog } from '../model/issue.ts'
import type { CaptureReader, Inflater } from '../model/ports.ts'
import { kindOfName, parseManifest } from './capture-manifest.ts'
import { detectCompression } from './inflate.ts'
import { looksLikeTar, readTar } from './tar.ts'

export type CaptureReaderOptions = {
  readonly inflater: Inflater
  readonly stdin?: Readable
  readonly maxFileBytes?: number
  readonly maxTotalBytes?: number
}

const MAX_FILE_BYTES = 1024 * 1024 * 1024
const MAX_TOTAL_BYTES = 2 * 1024 * 1024 * 1024
const MAX_FILES = 1_000
const READ_BYTES = 1 << 20

export function openCaptureReader(options: CaptureReaderOptions): CaptureReader {
  return { readCapture: (paths) => readCapture(options, paths) }
}

/** One folder or `.slc` is that capture; everything else together is one capture of loose files. */
export async function readCapture(options: CaptureReaderOptions, paths: readonly string[]): Promise<Result<Capture>> {
  const [only] = paths
  if (only === undefined) return err(fault('SL_COLLECT_NO_INPUT', { message: 'No file or folder was given' }))
  const origin = paths.map((path) => (path === '-' ? 'stdin' : path)).join(', ')
  if (paths.length === 1 && only !== '-') {
    const found = await stat(only).catch(() => undefined)
    if (found?.isDirectory()) {
      const files = await readFolder(options, only)
      return files.ok ? openCapture(options, files.value, only, 'folder') : files
    }
  }
  const files = await readLoose(options, paths)
  if (!files.ok) return files
  const [first] = files.value
  if (
    files.value.length === 1 &&
    first !== undefined &&
    (detectCompression(first.bytes) === 'zstd' || only.endsWith('.slc'))
  ) {
    const packed = await unpack(options, first, only)
    if (packed !== undefined) return packed
  }
  return makeLoose(options, files.value, origin, [])
}

type NamedBytes = { readonly name: string; readonly bytes: Uint8Array }

async function readFolder(options: CaptureReaderOptions, folder: string): Promise<Result<readonly NamedBytes[]>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) return err(fault('SL_COLLECT_NO_INPUT', { target: folder }))
  const names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map((entry) => entry.name)
  if (names.length === 0) return err(fault('SL_COLLECT_CAPTURE_EMPTY', { target: folder }))
  if (names.length > MAX_FILES) return err(tooLarge(folder, `the folder holds more than ${MAX_FILES} files`))
  names.sort()
  return readAll(
    options,
    names.map((name) => ({ name, path: join(folder, name) })),
  )
}

function readLoose(options: CaptureReaderOptions, paths: readonly string[]): Promise<Result<readonly NamedBytes[]>> {
  const seen = new Set<string>()
  const named = paths.map((path) => {
    const name = path === '-' ? 'stdin' : basename(path)
    const unique = seen.has(name) ? path : name
    seen.add(unique)
    return { name: unique, path }
  })
  return readAll(options, named)
}

async function readAll(
  options: CaptureReaderOptions,
  wanted: readonly { readonly name: string; readonly path: string }[],
): Promise<Result<readonly NamedBytes[]>> {
  const files: NamedBytes[] = []
  let left = options.maxTotalBytes ?? MAX_TOTAL_BYTES
  for (const { name, path } of wanted) {
    const maxBytes = Math.min(left, options.maxFileBytes ?? MAX_FILE_BYTES)
    const bytes = path === '-' ? await readStdin(options, maxBytes) : await readOne(path, maxBytes)
    if (!bytes.ok) return bytes
    left -= bytes.value.length
    files.push({ name, bytes: bytes.value })
  }
  return ok(files)
}

async function readOne(path: string, maxBytes: number): Promise<Result<Uint8Array>> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => error)
  if (handle instanceof Error)
    return err(fault('SL_COLLECT_NO_INPUT', { target: path, detail: { cause: handle.code } }))
  try {
    const found = await handle.stat()
    if (found.isDirectory()) {
      const message = 'A folder was given together with other inputs: give it alone'
      return err(fault('SL_COLLECT_NO_INPUT', { message, target: path }))
    }
    if (found.size > maxBytes) return err(tooLarge(path, `it takes ${formatSize(found.size)}`))
    // A regular file is taken as long as it was when opened, in one piece: no second copy of 64 MiB, and a log that
    // grows meanwhile has an end. What has no size beforehand (a pipe, /proc) is read until it ends.
    return found.isFile() && found.size > 0
      ? ok(await readSized(handle, found.size))
      : await readUnsized(handle, path, maxBytes)
  } catch (error) {
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return err(fault('SL_COLLECT_NO_INPUT', { target: path, detail: { cause } }))
  } finally {
    await handle.close()
  }
}

async function readSized(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size)
  let at = 0
  while (at < size) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(READ_BYTES, size - at), at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return bytes.subarray(0, at)
}

async function readUnsized(handle: FileHandle, path: string, maxBytes: number): Promise<Result<Uint8Array>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: READ_BYTES })) {
    size += (chunk as Uint8Array).length
    if (size > maxBytes) return err(tooLarge(path, 'it does not end'))
    chunks.push(chunk as Uint8Array)
  }
  return ok(Buffer.concat(chunks, size))
}

async function readStdin(options: CaptureReaderOptions, maxBytes: number): Promise<Result<Uint8Array>> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of options.stdin ?? process.stdin) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array)
      size += bytes.length
      if (size > maxBytes) return err(tooLarge('stdin', 'it does not end'))
      chunks.push(bytes)
    }
  } catch {
    return err(fault('SL_COLLECT_NO_INPUT', { target: 'stdin' }))
  }
  return ok(Buffer.concat(chunks, size))
}

/** Undefined when it is zstd, but no archive: something else compressed a loose file. */
async function unpack(
  options: CaptureReaderOptions,
  file: NamedBytes,
  origin: string,
): Promise<Result<Capture> | undefined> {
  const plain = await options.inflater.inflate(file.bytes, { maxBytes: options.maxTotalBytes ?? MAX_TOTAL_BYTES })
  if (!plain.ok) {
    const isBomb = plain.error.code === 'SL_DECODE_BOMB' || plain.error.code === 'SL_DECODE_TOO_LARGE'
    const code = isBomb ? 'SL_COLLECT_ARCHIVE_BOMB' : 'SL_COLLECT_ARCHIVE_DAMAGED'
    return err(fault(code, { target: origin, cause: plain.error }))
  }
  if (!looksLikeTar(plain.value) && !origin.endsWith('.slc')) return undefined
  const entries = readTar(plain.value)
  if (!entries.ok) return err({ ...entries.error, target: origin })
  if (entries.value.length === 0) return err(fault('SL_COLLECT_CAPTURE_EMPTY', { target: origin }))
  return openCapture(options, stripFolder(entries.value), origin, 'archive')
}

/** An archive made by hand holds the folder itself: `shop/manifest.json`. */
function stripFolder(entries: readonly NamedBytes[]): readonly NamedBytes[] {
  const folder = /^[^/]+\//.exec(entries[0]?.name ?? '')?.[0]
  if (folder === undefined || !entries.every((entry) => entry.name.startsWith(folder))) return entries
  return entries.map((entry) => ({ name: entry.name.slice(folder.length), bytes: entry.bytes }))
}

async function openCapture(
  options: CaptureReaderOptions,
  files: readonly NamedBytes[],
  origin: string,
  what: 'folder' | 'archive',
): Promise<Result<Capture>> {
  const manifestFile = files.find((file) => file.name === 'manifest.json')
  if (manifestFile === undefined) {
    const issues = openIssueLog()
    issues.add(
      'SL_COLLECT_NO_MANIFEST',
      `The ${what} has no manifest.json: its files were taken for what their content says`,
    )
    return makeLoose(options, files, origin, issues.list())
  }
  const manifest = parseManifest(manifestFile.bytes, origin)
  if (!manifest.ok) return manifest
  const issues = openIssueLog()
  checkFiles(manifest.value, files, issues)
  const named: CaptureFile[] = []
  for (const file of files) {
    if (file.name === 'manifest.json') continue
    const said = manifest.value.requests.find((request) => request.file === file.name)?.kind
    const kind = said ?? kindOfName(file.name)
    named.push(kind === undefined ? await identifyFile(options, file) : { name: file.name, kind, bytes: file.bytes })
  }
  return ok({ origin, manifest: manifest.value, files: named, issues: issues.list() })
}

function checkFiles(
  manifest: CaptureManifest,
  files: readonly NamedBytes[],
  issues: ReturnType<typeof openIssueLog>,
): void {
  const sizes = new Map(files.map((file) => [file.name, file.bytes.length]))
  for (const request of manifest.requests) {
    if (request.file === undefined) continue
    const size = sizes.get(request.file)
    if (size === undefined) {
      issues.add('SL_COLLECT_FILE_MISSING', `The manifest names ${request.file}, which is not there`, {
        at: { file: request.file },
      })
    } else if (request.sizeBytes !== undefined && size !== request.sizeBytes) {
      const message = `${request.file} takes ${size} bytes, the manifest says ${request.sizeBytes}`
      issues.add('SL_COLLECT_FILE_MISSING', message, { at: { file: request.file } })
    }
  }
}

async function makeLoose(
  options: CaptureReaderOptions,
  files: readonly NamedBytes[],
  origin: string,
  issues: readonly Issue[],
): Promise<Result<Capture>> {
  const known: CaptureFile[] = []
  for (const file of files) known.push(await identifyFile(options, file))
  return ok({ origin, files: known, issues })
}

/** What a file is by its content. A gzipped dump or log is handed on inflated; profiles are gzipped by nature. */
async function identifyFile(options: CaptureReaderOptions, file: NamedBytes): Promise<CaptureFile> {
  const hint = { name: file.name }
  const compression = detectCompression(file.bytes)
  if (compression !== 'gzip' && compression !== 'zstd') return { ...file, kind: detectKind(file.bytes, hint).kind }
  const inflated = await options.inflater.inflate(file.bytes, { maxBytes: MAX_FILE_BYTES })
  if (!inflated.ok) return { ...file, kind: detectKind(file.bytes, hint).kind }
  const { kind } = detectKind(file.bytes, { ...hint, inflated: inflated.value })
  return { name: file.name, kind, bytes: isProfile(kind) ? file.bytes : inflated.value }
}

function isProfile(kind: CaptureFile['kind']): boolean {
  return kind === 'profile' || kind.endsWith('-profile')
}

function tooLarge(target: string, why: string): ReturnType<typeof fault> {
  return fault('SL_COLLECT_FILE_TOO_LARGE', { message: `A file is larger than what is read of one: ${why}`, target })
}
