/** The user's cache folder, as the platform has it: where the Go helper's builds are kept. */
import { homedir, tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Env } from './run-go.ts'

export function cacheFolder(env: Env, platform = process.platform): string {
  const { XDG_CACHE_HOME: xdg = '', LOCALAPPDATA: local = '' } = env
  if (isAbsolute(xdg)) return join(xdg, 'sightline')
  const home = env.HOME ?? homedir()
  if (platform === 'win32' && local !== '') return join(local, 'sightline', 'cache')
  if (!isAbsolute(home) || home === '/') return join(tmpdir(), 'sightline-cache')
  return platform === 'darwin' ? join(home, 'Library', 'Caches', 'sightline') : join(home, '.cache', 'sightline')
}
