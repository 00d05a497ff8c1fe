/**
 * Where configuration files stand, nearest first: `-c FILE`, or else ./sightline.yaml; then the user's own file
 * (XDG_CONFIG_HOME, on Windows APPDATA, else ~/.config). Reads them, bounded; a file that was asked for must be there.
 */
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { readSmallFile } from '../read-small-file.ts'
import type { CliIo } from '../streams.ts'

export type ConfigText = {
  /** As messages call it. */
  readonly name: string
  /** Files that it names to be read (`ca`, `@FILE`) are looked for here. */
  readonly folder: string
  readonly text: string
}

type Place = { readonly name: string; readonly path: string; readonly isAsked: boolean }

/** False where no file can apply: none is there, and none is asked for. True may turn out to be wrong. */
export function mayHaveConfig(io: Pick<CliIo, 'argv' | 'cwd' | 'env'>): boolean {
  const isAsked = io.argv.some((word) => /^(--config\b|-[^-]*c)/.test(word)) || io.env.SIGHTLINE_CONFIG !== undefined
  if (isAsked) return true
  const texts = readConfigTexts(io, undefined)
  return !texts.ok || texts.value.length > 0
}

export function readConfigTexts(
  { cwd, env }: Pick<CliIo, 'cwd' | 'env'>,
  asked: string | undefined,
  platform: NodeJS.Platform = process.platform,
): Result<readonly ConfigText[]> {
  const project: Place =
    asked === undefined
      ? { name: 'sightline.yaml', path: join(cwd, 'sightline.yaml'), isAsked: false }
      : { name: asked, path: resolve(cwd, asked), isAsked: true }
  const own = findUserConfig(env, platform)
  const places = own === undefined ? [project] : [project, { name: own, path: own, isAsked: false }]
  const texts: ConfigText[] = []
  for (const place of places) {
    const text = readPlace(place)
    if (!text.ok) return text
    if (text.value !== undefined) texts.push({ name: place.name, folder: dirname(place.path), text: text.value })
  }
  return ok(texts)
}

/** The user's own file, whether it is there or not. As the XDG specification asks, a relative folder is ignored. */
function findUserConfig(env: CliIo['env'], platform: NodeJS.Platform): string | undefined {
  const { XDG_CONFIG_HOME = '', APPDATA = '', HOME = '' } = env
  if (isAbsolute(XDG_CONFIG_HOME)) return join(XDG_CONFIG_HOME, 'sightline', 'config.yaml')
  if (platform === 'win32') return APPDATA === '' ? undefined : join(APPDATA, 'sightline', 'config.yaml')
  return isAbsolute(HOME) ? join(HOME, '.config', 'sightline', 'config.yaml') : undefined
}

function readPlace({ name, path, isAsked }: Place): Result<string | undefined> {
  const refuse = (why: string) =>
    err(fault('SL_CLI_BAD_CONFIG', { message: `Cannot read the configuration ${name}: ${why}`, target: name }))
  const bytes = readSmallFile(path)
  if (!bytes.ok) {
    const { code, why } = bytes.error
    if (!isAsked && (code === 'ENOENT' || code === 'ENOTDIR')) return ok(undefined)
    return refuse(code === 'ENOENT' ? 'there is no such file' : why)
  }
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes.value))
  } catch {
    return refuse('it is not UTF-8 text')
  }
}
