/** Writes a report file whole or not at all: beside its name first, then renamed. A failure is a fault, never a throw. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Fault, fault } from '../base/errors.ts'

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
