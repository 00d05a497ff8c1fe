/**
 * The address of a target: where net/http/pprof is served, and what of the address may be shown.
 * Forms: http(s)://host[:port][/base/], host:port, unix:///path.sock[:/base/], http+unix://%2Fpath.sock/base/.
 * A URL without a path means /debug/pprof/ below it; any other path is the base; a pasted path of one lens
 * (…/pprof/heap) means its base. Userinfo and query values are secrets: they are sent, never shown.
 * Does no I/O.
 */
import { fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'

export type TargetTransport =
  | { readonly kind: 'tcp'; readonly secure: boolean; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly socketPath: string }

export type TargetAddress = {
  /** For people, manifests and logs: no userinfo, no query values. */
  readonly display: string
  /** host:port, or the socket's path: what tells this instance from its sisters. */
  readonly instance: string
  readonly transport: TargetTransport
  /** Where the lenses may be, most likely first; each begins and ends with a slash. Never empty. */
  readonly basePaths: readonly [string, ...string[]]
  /** Query that goes with every request (`token=…`), without `?`; '' when there is none. Secret. */
  readonly query: string
  /** From userinfo. Secret. */
  readonly basic?: { readonly user: string; readonly password: string }
}

/** True for what can only be meant as an address, so that the CLI can tell it from a file. */
export function isTargetAddress(text: string): boolean {
  return /^(https?|unix|http\+unix|https\+unix):\/\//i.test(text) || /^(\[[0-9a-f:.]+\]|[\w.-]*):\d{1,5}$/i.test(text)
}

/** Codes: SL_COLLECT_TARGET_SYNTAX. The message never repeats what may be a secret. */
export function parseTarget(text: string): Result<TargetAddress> {
  const trimmed = text.trim()
  const unix = /^unix:\/\/(\/[^:?#]+)(?::(\/[^?#]*))?(?:\?([^#]*))?$/i.exec(trimmed)
  if (unix !== null) return makeUnix(unix[1] as string, unix[2] ?? '', unix[3] ?? '')
  const overHttp = /^http\+unix:\/\/([^/?#]+)([^?#]*)(?:\?([^#]*))?$/i.exec(trimmed)
  if (overHttp !== null) {
    const socketPath = decodePercent(overHttp[1] as string)
    if (socketPath === undefined || !socketPath.startsWith('/')) return refuse('the socket path is not percent-encoded')
    return makeUnix(socketPath, overHttp[2] ?? '', overHttp[3] ?? '')
  }
  if (/^(unix|http\+unix|https\+unix):/i.test(trimmed)) return refuse('the unix socket form is not complete')
  const bare = !/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed)
  const full = bare ? `http://${trimmed.startsWith(':') ? `localhost${trimmed}` : trimmed}` : trimmed
  const url = URL.canParse(full) ? new URL(full) : undefined
  if (url === undefined || url.hostname === '') return refuse('it is not a URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return refuse(`scheme ${url.protocol}// is not supported`)
  return makeTcp(url)
}

/** Where a page beside the lenses (`debug/vars`, `metrics`) may be: next to the base first, then the server's root. */
export function listSiblingPaths(basePath: string, page: 'vars' | 'metrics'): readonly string[] {
  const beside = basePath.replace(/(debug\/)?pprof\/$/, '')
  const inDebug = basePath.replace(/pprof\/$/, '')
  const found = page === 'vars' ? [`${beside}debug/vars`, `${inDebug}vars`] : [`${beside}metrics`, `${inDebug}metrics`]
  // Behind an API server's proxy the root belongs to someone else, whose metrics are not the target's.
  if (!/\/proxy\//.test(basePath)) found.push(page === 'vars' ? '/debug/vars' : '/metrics')
  return [...new Set(found)]
}

function makeTcp(url: URL): Result<TargetAddress> {
  const secure = url.protocol === 'https:'
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const user = decodePercent(url.username)
  const password = decodePercent(url.password)
  if (user === undefined || password === undefined) return refuse('its user name is not percent-encoded')
  const basePaths = chooseBasePaths(url.pathname)
  const query = keepQuery(url.search.slice(1))
  const hostText = host.includes(':') ? `[${host}]` : host
  return ok({
    display: `${url.protocol}//${url.host}${basePaths[0]}${hideQuery(query)}`,
    instance: `${hostText}:${port}`,
    transport: { kind: 'tcp', secure, host, port },
    basePaths,
    query,
    ...(user === '' && password === '' ? {} : { basic: { user, password } }),
  })
}

function makeUnix(socketPath: string, path: string, search: string): Result<TargetAddress> {
  const basePaths = chooseBasePaths(path)
  const query = keepQuery(search)
  return ok({
    display: `unix://${socketPath}${path === '' || path === '/' ? '' : `:${basePaths[0]}`}${hideQuery(query)}`,
    instance: socketPath,
    transport: { kind: 'unix', socketPath },
    basePaths,
    query,
  })
}

const LENS_PAGES =
  /\/pprof\/(allocs|block|cmdline|goroutine|goroutineleak|heap|mutex|profile|symbol|threadcreate|trace)$/

function chooseBasePaths(path: string): readonly [string, ...string[]] {
  const named = path.replace(LENS_PAGES, '/pprof/')
  if (named === '' || named === '/') return ['/debug/pprof/']
  const base = named.endsWith('/') ? named : `${named}/`
  return base.endsWith('/pprof/') ? [base] : [base, `${base}debug/pprof/`]
}

/** Parameters of net/http/pprof itself are ours to set: a pasted `?debug=2` must not reach other requests. */
function keepQuery(search: string): string {
  const kept = search.split('&').filter((part) => part !== '' && !/^(debug|seconds|gc)(=|$)/.test(part))
  return kept.join('&')
}

function hideQuery(query: string): string {
  if (query === '') return ''
  const names = query.split('&').map((part) => `${part.split('=')[0]}=REDACTED`)
  return `?${names.join('&')}`
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function refuse(why: string): Result<never> {
  return err(fault('SL_COLLECT_TARGET_SYNTAX', { message: `The address of a target cannot be read: ${why}` }))
}
