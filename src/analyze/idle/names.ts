/**
 * Function names of dumps → canonical names, so that one row serves every spelling of one function:
 * closures (`F.func1.2`, `F.gowrap3`, `F.deferwrap1`, `F-range1`, `F-fm`), type arguments (`T[...]`), escaped dots
 * (`gopkg.in/x%2ev2`), vendored paths, major versions in import paths, and the three homes of Go's HTTP/2
 * (golang.org/x/net/http2, the bundle in net/http, net/http/internal/http2 since Go 1.27).
 */

const closureTail = /(?:\.(?:func|gowrap|deferwrap|dwrap|dwrap·)\d+(?:\.\d+)*|-range\d+|-fm|·\d+)+$/
const numberTail = /(?:\.\d+)+$/
/** Longer than any name the toolchain prints (it writes type arguments as `[...]`): left as it is. */
const MAX_NAME_LENGTH = 2_000
const majorVersion = /\/v(?:[2-9]|[1-9]\d+)(?=[/.])/g
const bundledHttp2 = /^net\/http\.(\(\*?)?http2(?=[A-Za-z])/

/** Canonical name of one function; the same input always gives the same output, and canonical names stay as they are. */
export function canonicalName(printed: string): string {
  if (printed.length > MAX_NAME_LENGTH) return printed
  let name = printed.includes('[') ? dropTypeArguments(printed) : printed
  if (name.includes('%')) name = name.replace(/%2e/gi, '.').replace(/%25/g, '%')
  name = trimClosure(name)
  const vendor = name.lastIndexOf('/vendor/')
  if (vendor >= 0) name = name.slice(vendor + 8)
  else if (name.startsWith('vendor/')) name = name.slice(7)
  if (name.includes('/v')) name = name.replace(majorVersion, '')
  if (name.startsWith('net/http.')) name = name.replace(bundledHttp2, 'golang.org/x/net/http2.$1')
  else if (name.startsWith('net/http/internal/http2.')) name = `golang.org/x/net/http2.${name.slice(24)}`
  return name
}

/** True for the wrappers the compiler makes around `go f(x)` and `defer f(x)`: they are not frames of their own. */
export function isWrapper(printed: string): boolean {
  return printed.length <= MAX_NAME_LENGTH && /\.(?:gowrap|deferwrap|dwrap)\d+(?:\.\d+)*$/.test(printed)
}

/** `google.golang.org/grpc/internal/transport` of a canonical name; generated dots in the last element are kept. */
export function packageOf(name: string): string {
  const slash = name.lastIndexOf('/')
  const paren = name.indexOf('.(', slash + 1)
  const dot = paren >= 0 ? paren : name.indexOf('.', slash + 1)
  return dot < 0 ? name : name.slice(0, dot)
}

/** The function or method without package and receiver: `readLoop` of `net/http.(*persistConn).readLoop`. */
export function baseName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

/** What stands in balanced brackets goes; brackets that are never closed stay. */
function dropTypeArguments(name: string): string {
  let kept = ''
  let depth = 0
  let open = 0
  for (let at = 0; at < name.length; at++) {
    const char = name[at] as string
    if (char === '[') {
      if (depth === 0) open = at
      depth += 1
    } else if (char === ']' && depth > 0) depth -= 1
    else if (depth === 0) kept += char
  }
  return depth === 0 ? kept : kept + name.slice(open)
}

function trimClosure(name: string): string {
  let trimmed = name
  for (;;) {
    const next = trimmed.replace(closureTail, '').replace(numberTail, '')
    if (next === trimmed) return trimmed
    trimmed = next
  }
}
