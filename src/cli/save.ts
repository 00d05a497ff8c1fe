/**
 * What the command line leaves on disk: reports, written whole or not at all (beside their name first, then renamed), and
 * captures of live targets: one into the path itself, several below it by the name of their target.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type Fault, fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { TargetInput } from '../ops/diagnose.ts'
import type { CommandContext } from './context.ts'

export async function writeFileWhole(cwd: string, path: string, text: string): Promise<Fault | undefined> {
  const target = resolve(cwd, path)
  const fresh = `${target}.${process.pid}.part`
  try {
    await mkdir(dirname(target), { recursive: true })
    await writeFile(fresh, text)
    await rename(fresh, target)
    return undefined
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {})
    const why = error instanceof Error ? error.message : String(error)
    return fault('SL_CLI_CANNOT_WRITE', { message: `Cannot write ${path}: ${why}`, target: path })
  }
}

export type KeptCapture = { readonly name: string; readonly path: string; readonly sizeBytes: number }

export async function keepCaptures(
  { deps, io }: CommandContext,
  targets: readonly TargetInput[],
  path: string,
): Promise<Result<readonly KeptCapture[]>> {
  const isPacked = path.endsWith('.slc')
  if (isPacked && targets.length > 1) {
    const hint = 'Give a folder: each capture becomes a folder or .slc file in it.'
    return err(
      fault('SL_CLI_USAGE', { message: `${path} can hold one capture, ${targets.length} targets were given`, hint }),
    )
  }
  const kept: KeptCapture[] = []
  const taken = new Set<string>()
  for (const { name, capture } of targets) {
    if (!capture.ok) continue
    const place = targets.length === 1 ? path : join(path, chooseName(name, taken))
    const written = await deps.writer.writeCapture(capture.value, resolve(io.cwd, place))
    if (!written.ok) return written
    kept.push({ name, path: place, sizeBytes: written.value.sizeBytes })
  }
  return ok(kept)
}

/** A folder name of a target: letters, digits, dots and dashes; numbered when two targets would share one. */
function chooseName(name: string, taken: Set<string>): string {
  const plain = name
    .replace(/^[a-z+]+:\/\//i, '')
    .replace(/\/debug\/pprof\/?$/, '')
    .replace(/[^A-Za-z0-9.-]+/g, '-')
  const base = plain.replace(/^[.-]+|[.-]+$/g, '').slice(0, 80) || 'target'
  let chosen = base
  for (let number = 2; taken.has(chosen); number += 1) chosen = `${base}-${number}`
  taken.add(chosen)
  return chosen
}
