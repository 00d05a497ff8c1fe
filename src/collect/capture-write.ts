/**
 * Writes a capture: a folder, or an `.slc` (tar + zstd) when the path ends so.
 * The same capture gives the same bytes: sorted names, fixed times, one form of the manifest.
 * Whole or not at all: written beside the path, then renamed into place. A path that is taken is replaced only where
 * it is a capture; anything else stays as it is (SL_COLLECT_OUTPUT_TAKEN).
 */
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import { fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Capture, CaptureFile } from '../model/capture.ts'
import type { CaptureWriter } from '../model/ports.ts'
import { writeTar } from './tar.ts'

const compress = promisify(zstdCompress)
const ZSTD_LEVEL = 6

export function openCaptureWriter(): CaptureWriter {
  return { writeCapture }
}

/** Codes: SL_COLLECT_OUTPUT_TAKEN, SL_COLLECT_WRITE. */
export async function writeCapture(
  capture: Capture,
  path: string,
): Promise<Result<{ readonly path: string; readonly sizeBytes: number }>> {
  const target = resolve(path)
  const temporary = `${target}.part-${process.pid}-${counter.next()}`
  try {
    const files = listFiles(capture)
    const isArchive = path.endsWith('.slc')
    const taken = await describeTaken(target, isArchive)
    if (taken !== undefined) return err(fault('SL_COLLECT_OUTPUT_TAKEN', { message: taken, target: path }))
    await mkdir(dirname(target), { recursive: true })
    const sizeBytes = isArchive ? await writeArchive(temporary, files) : await writeFolder(temporary, files)
    await putInPlace(temporary, target, isArchive)
    return ok({ path, sizeBytes })
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return err(fault('SL_COLLECT_WRITE', { target: path, detail: { cause } }))
  }
}

const counter = {
  at: 0,
  next(): number {
    this.at += 1
    return this.at
  },
}

function listFiles(capture: Capture): readonly CaptureFile[] {
  const files = capture.files.filter((file) => file.kind !== 'manifest')
  if (capture.manifest === undefined) return files
  const bytes = new TextEncoder().encode(`${JSON.stringify(capture.manifest, null, 2)}\n`)
  return [{ name: 'manifest.json', kind: 'manifest' as const, bytes }, ...files].sort((a, b) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : 0,
  )
}

async function writeArchive(path: string, files: readonly CaptureFile[]): Promise<number> {
  const packed = await compress(writeTar(files), { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } })
  await writeDurably(path, packed)
  return packed.length
}

async function writeFolder(path: string, files: readonly CaptureFile[]): Promise<number> {
  await mkdir(path)
  let sizeBytes = 0
  for (const file of files) {
    await writeDurably(join(path, file.name), file.bytes)
    sizeBytes += file.bytes.length
  }
  return sizeBytes
}

/** Captures can hold what is private to a service: readable by their owner and group only. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', 0o640)
  try {
    await handle.writeFile(bytes)
  } finally {
    await handle.close()
  }
}

async function putInPlace(temporary: string, target: string, isArchive: boolean): Promise<void> {
  if (isArchive) return rename(temporary, target)
  const old = `${temporary}.old`
  const moved = await rename(target, old).then(
    () => true,
    () => false,
  )
  try {
    await rename(temporary, target)
  } catch (error) {
    if (moved) await rename(old, target)
    throw error
  }
  if (moved) await rm(old, { recursive: true, force: true })
}

/** Why the path may not be replaced; undefined when it is free, an empty folder or a capture of ours. */
async function describeTaken(target: string, isArchive: boolean): Promise<string | undefined> {
  const found = await stat(target).catch(() => undefined)
  if (found === undefined) return undefined
  if (isArchive) {
    if (found.isFile()) return undefined
    return 'The output path is a folder, and a file was to be written'
  }
  if (!found.isDirectory()) return 'The output path is a file, and a folder was to be written'
  const names = await readdir(target)
  if (names.length === 0) return undefined
  const manifest = await readFile(join(target, 'manifest.json'), 'utf8').catch(() => '')
  if (!/"schema":\s*"sightline\.capture\//.test(manifest))
    return 'The output folder holds something that is not a capture'
  const foreign = names.find((name) => !/^[\w.-]+\.(txt|gz|json|bin|ndjson)$/.test(name))
  return foreign === undefined ? undefined : 'The output folder holds files that no capture has'
}
