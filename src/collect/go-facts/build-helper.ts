/**
 * Builds assets/gofacts with the user's own go into a cache folder, once per source and Go version: the format of export
 * data is that of the very toolchain that wrote it. The standard library only, so no network. Two that build at once
 * share one build by a lock; a lock that was left behind is taken over. The cache keeps the last few.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { ProgressSink } from '../../model/report.ts'
import { type Env, type GoTool, startProgram } from './run-go.ts'

const BUILD_MS = 300_000
const LOCK_STALE_MS = BUILD_MS + 30_000
const LOCK_STEP_MS = 200
/** Helpers of other versions that stay in the cache. */
const MAX_KEPT = 6

export type HelperPlace = {
  /** The helper's source: a folder with go.mod. */
  readonly source: string
  readonly cache: string
  readonly env: Env
}

/** Code: SL_COLLECT_GO_HELPER. */
export async function buildHelper(
  { source, cache, env }: HelperPlace,
  go: GoTool,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: ProgressSink },
): Promise<Result<string>> {
  const failed = (why: string) =>
    err(fault('SL_COLLECT_GO_HELPER', { message: `The Go helper could not be built: ${why}` }))
  let output: string
  try {
    const key = await keyOf(source, go)
    await mkdir(cache, { recursive: true })
    output = join(cache, process.platform === 'win32' ? `${key}.exe` : key)
    if (await isThere(output)) {
      await touch(output)
      return ok(output)
    }
  } catch (error) {
    return failed(messageOf(error))
  }
  progress.step(`compiling the audit's Go helper with ${go.version} (once; up to half a minute)`)
  const lock = `${output}.lock`
  try {
    if (!(await takeLock(lock, output, signal))) {
      return signal.aborted ? err(fault('SL_COLLECT_INTERRUPTED')) : ok(output)
    }
  } catch (error) {
    return failed(messageOf(error))
  }
  const fresh = `${output}.${randomUUID()}`
  try {
    const args = ['build', '-trimpath', '-o', fresh, '.']
    // The toolchain of the directory that is audited, which a go.mod may have switched to; not that of this source.
    const toolchain = /^go1\.\d+(\.\d+|rc\d+)?$/.test(go.version) ? `${go.version}+path` : 'local'
    const own = {
      CGO_ENABLED: '0',
      GOFLAGS: '',
      GOWORK: 'off',
      GOEXPERIMENT: '',
      GO111MODULE: 'on',
      GOOS: '',
      GOARCH: '',
    }
    const isHere = toolchain === 'local' || (await isLocal(go, source, env, signal))
    const build = startProgram(go.path, args, {
      cwd: source,
      env: { ...env, ...own, GOTOOLCHAIN: isHere ? 'local' : toolchain },
      timeoutMs: BUILD_MS,
      signal,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const why = await build.ended
    if (signal.aborted) return err(fault('SL_COLLECT_INTERRUPTED'))
    if (why !== undefined) return failed(why)
    await rename(fresh, output)
    await dropOld(cache, output)
    return ok(output)
  } catch (error) {
    return failed(messageOf(error))
  } finally {
    await rm(fresh, { force: true })
    await rmdir(lock).catch(() => undefined)
  }
}

/** True where the go on PATH is of that version itself. */
async function isLocal(go: GoTool, cwd: string, env: Env, signal: AbortSignal): Promise<boolean> {
  let said = ''
  const ask = startProgram(go.path, ['env', 'GOVERSION'], {
    cwd,
    env: { ...env, GOTOOLCHAIN: 'local' },
    timeoutMs: 20_000,
    signal,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  ask.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await ask.ended
  return said.trim() === go.version
}

async function keyOf(source: string, go: GoTool): Promise<string> {
  const hash = createHash('sha256').update(go.version)
  for (const name of ['go.mod', 'main.go']) hash.update(await readFile(join(source, name)))
  const version = go.version.replaceAll(/[^\w.]/g, '_')
  return `gofacts-${version}-${process.platform}-${process.arch}-${hash.digest('hex').slice(0, 16)}`
}

/** True when this process is to build; false when another one did. */
async function takeLock(lock: string, output: string, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    try {
      await mkdir(lock)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    await sleep(LOCK_STEP_MS, undefined, { signal }).catch(() => undefined)
    if (signal.aborted || (await isThere(output))) return false
    const since = await stat(lock).catch(() => undefined)
    if (since !== undefined && Date.now() - since.mtimeMs > LOCK_STALE_MS) await rmdir(lock).catch(() => undefined)
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    (one) => one.isFile(),
    () => false,
  )
}

/** So that what is used stays. */
async function touch(path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now).catch(() => undefined)
}

async function dropOld(cache: string, keep: string): Promise<void> {
  const names = (await readdir(cache)).filter((name) => name.startsWith('gofacts-') && !name.endsWith('.lock'))
  const aged = await Promise.all(
    names.map(async (name) => ({
      path: join(cache, name),
      ms: (await stat(join(cache, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  )
  const others = aged.filter(({ path }) => path !== keep).sort((one, other) => other.ms - one.ms)
  for (const { path } of others.slice(MAX_KEPT)) await rm(path, { force: true })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
