/**
 * Patterns of paths (`spans-*.json`) where no shell has expanded them: in a YAML file, in quotes, on Windows.
 * Enters: a path. Leaves: the path itself where it is there or is no pattern, else what matches, sorted; nothing that
 * begins with a dot unless the pattern says so. A pattern without a match is SL_COLLECT_NO_INPUT.
 */
import { existsSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'

const MAX_MATCHES = 10_000

export async function expandPath(path: string): Promise<Result<readonly string[]>> {
  if (path === '-' || !/[*?[]/.test(path) || existsSync(path)) return ok([path])
  const found: string[] = []
  for await (const match of glob(path)) {
    found.push(match)
    if (found.length <= MAX_MATCHES) continue
    const message = `More than ${MAX_MATCHES} files match ${path}`
    return err(fault('SL_COLLECT_FILE_TOO_LARGE', { message, target: path }))
  }
  if (found.length > 0) return ok(found.sort())
  return err(fault('SL_COLLECT_NO_INPUT', { message: `No file matches ${path}`, target: path }))
}
