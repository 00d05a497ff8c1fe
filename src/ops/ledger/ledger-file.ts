/**
 * The ledger on disk, and the files that are read beside it. A change holds a lock file beside the ledger, reads, changes
 * and writes whole: beside its name first, then renamed over it; what would be the same text is not written. Bounded.
 */
import { createReadStream } from 'node:fs'
import { lstat, mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseLedger, printLedger } from '../../analyze/ledger/ledger-text.ts'
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { emptyLedger, type Ledger, MAX_LEDGER_BYTES, MAX_LEDGER_ENTRIES } from '../../model/trust/ledger.ts'

export type LedgerPlace = {
  /** As messages call it. */
  readonly name: string
  readonly path: string
}

/** Where it is when nobody says otherwise; below the folder that the program was started in. */
export const DEFAULT_LEDGER = '.sightline/ledger.json'
/** One process adds a report in less; after it a lock is thought to be left over by one that died. */
const STALE_LOCK_MS = 60_000
const LOCK_PATIENCE_MS = 5_000
const LOCK_RETRY_MS = 50

/** Undefined where there is none. */
export async function readLedger(
  place: LedgerPlace,
  options: { readonly resolve?: boolean } = {},
): Promise<Result<Ledger | undefined>> {
  const text = await readText(place, MAX_LEDGER_BYTES)
  if (!text.ok) {
    const why = text.error.detail?.why
    if (why === 'EFBIG') return err(tooLarge(place, text.error.message))
    return why === 'ENOENT' ? ok(undefined) : text
  }
  return parseLedger(text.value, { name: place.name, ...options })
}

/** Changes the ledger under its lock; `change` is given the empty one where there is none. Leaves whether it was written. */
export async function changeLedger<T>(
  place: LedgerPlace,
  change: (ledger: Ledger) => Result<{ readonly ledger: Ledger; readonly value: T }>,
  options: { readonly resolve?: boolean; readonly mustExist?: boolean } = {},
): Promise<Result<{ readonly value: T; readonly changed: boolean }>> {
  const lock = await takeLock(place, options.mustExist === true)
  if (!lock.ok) return lock
  try {
    const before = await readLedger(place, options)
    if (!before.ok) return before
    if (before.value === undefined && options.mustExist === true) return err(missing(place))
    const changed = change(before.value ?? emptyLedger)
    if (!changed.ok) return changed
    const { ledger, value } = changed.value
    if (ledger.entries.length > MAX_LEDGER_ENTRIES) {
      const count = ledger.entries.length
      return err(tooLarge(place, `${place.name} would hold ${count} entries; one ledger holds ${MAX_LEDGER_ENTRIES}`))
    }
    const text = printLedger(ledger)
    // What could not be read again is not written.
    if (Buffer.byteLength(text) > MAX_LEDGER_BYTES) {
      return err(tooLarge(place, `${place.name} would be larger than ${MAX_LEDGER_BYTES} bytes`))
    }
    const written = await writeWhole(place, text)
    return written.ok ? ok({ value, changed: written.value }) : written
  } finally {
    await rm(lock.value, { force: true })
  }
}

export function missing({ name }: LedgerPlace): Fault {
  return fault('SL_OPS_LEDGER_MISSING', { message: `There is no ledger ${name}`, target: name })
}

function tooLarge({ name }: LedgerPlace, message: string): Fault {
  return fault('SL_OPS_LEDGER_LARGE', { message, target: name })
}

async function takeLock({ name, path }: LedgerPlace, mustExist: boolean): Promise<Result<string>> {
  const lock = `${path}.lock`
  const deadline = performance.now() + LOCK_PATIENCE_MS
  for (;;) {
    try {
      if (!mustExist) await makeFolder(dirname(path))
      await writeFile(lock, `${process.pid}\n`, { flag: 'wx' })
      return ok(lock)
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT' && mustExist) return err(missing({ name, path }))
      if (code !== 'EEXIST') return err(cannotWrite(name, error))
    }
    const found = await lstat(lock).catch(() => undefined)
    if (found !== undefined && Date.now() - found.mtimeMs > STALE_LOCK_MS) {
      await rm(lock, { force: true })
      continue
    }
    if (performance.now() > deadline) {
      const message = `Another process holds ${name}.lock`
      return err(fault('SL_OPS_LEDGER_LOCKED', { message, target: name }))
    }
    await sleep(LOCK_RETRY_MS)
  }
}

/** One folder after the other: the recursive mkdir of Node never ends where the system refuses as /proc does. */
async function makeFolder(path: string): Promise<void> {
  const lacking: string[] = []
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error
    })
    if (found !== undefined || dirname(at) === at) break
    lacking.push(at)
  }
  for (const folder of lacking.reverse()) {
    await mkdir(folder).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
  }
}

async function writeWhole({ name, path }: LedgerPlace, text: string): Promise<Result<boolean>> {
  try {
    // A link stays one: what it names is written.
    const target = await realpath(path).catch(() => path)
    const before = await readFile(target, 'utf8').catch(() => undefined)
    if (before === text) return ok(false)
    const fresh = `${target}.${process.pid}.part`
    try {
      const file = await open(fresh, 'w')
      try {
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(fresh, target)
    } catch (error) {
      await rm(fresh, { force: true })
      throw error
    }
    if (before === undefined) await adviseGit(target)
    return ok(true)
  } catch (error) {
    return err(cannotWrite(name, error))
  }
}

/** Beside a new ledger in a folder of its own: git takes the lines of both sides, and reading makes them one. */
async function adviseGit(path: string): Promise<void> {
  const folder = dirname(path)
  if (basename(folder) !== '.sightline') return
  const text = `# Both sides of a merge stay; sightline reads entries that are there twice as one.\n${basename(path)} merge=union\n*.lock -diff\n`
  await writeFile(join(folder, '.gitattributes'), text, { flag: 'wx' }).catch(() => {})
  await writeFile(join(folder, '.gitignore'), '*.lock\n*.part\n', { flag: 'wx' }).catch(() => {})
}

/** A file's text, at most `maxBytes`; `-` is stdin. Fault: SL_OPS_FILE_CANNOT_READ with the system's code as detail. */
export async function readText({ name, path }: LedgerPlace, maxBytes: number): Promise<Result<string>> {
  const refuse = (message: string, why: string) =>
    err(fault('SL_OPS_FILE_CANNOT_READ', { message: `Cannot read ${name}: ${message}`, target: name, detail: { why } }))
  try {
    if (name !== '-') {
      const found = await stat(path)
      if (found.isDirectory()) return refuse('it is a folder', 'EISDIR')
      if (found.size > maxBytes) return refuse(`it is larger than ${maxBytes} bytes`, 'EFBIG')
    }
    const stream = name === '-' ? createReadStream('', { fd: 0, autoClose: false }) : createReadStream(path)
    const pieces: Buffer[] = []
    let sizeBytes = 0
    for await (const piece of stream) {
      const bytes = piece as Buffer
      sizeBytes += bytes.length
      if (sizeBytes > maxBytes) {
        stream.destroy()
        return refuse(`it is larger than ${maxBytes} bytes`, 'EFBIG')
      }
      pieces.push(bytes)
    }
    return ok(new TextDecoder().decode(Buffer.concat(pieces)))
  } catch (error) {
    const code = codeOf(error) ?? 'EIO'
    return refuse(code === 'ENOENT' ? 'there is no such file' : sayWhy(error), code)
  }
}

function cannotWrite(name: string, error: unknown): Fault {
  return fault('SL_CLI_CANNOT_WRITE', { message: `Cannot write ${name}: ${sayWhy(error)}`, target: name })
}

function sayWhy(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
