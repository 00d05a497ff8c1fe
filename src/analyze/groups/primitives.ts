/**
 * Which frames of a stack are the user's: the table of packages that only carry a wait, and the two questions asked of it.
 * `userFunction` is the first frame from the leaf that is not of the standard library nor of a primitive; where a stack
 * has no such frame (a server's own goroutines), the first that is no primitive; else the outermost.
 * Standard packages are told by the first element of the import path: pkg.go.dev/std, Go 1.14 to 1.27.
 */

/** First elements of the import paths of the standard library (Go 1.27); `main` and module paths are none of them. */
const standardRoots: ReadonlySet<string> = new Set(
  (
    'archive bufio bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt ' +
    'go hash html image index internal io iter log maps math mime net os path plugin reflect regexp runtime slices ' +
    'sort strconv strings structs sync syscall testing text time unicode unique unsafe vendor weak'
  ).split(' '),
)

/** Standard packages that only carry a wait for someone else: their frames name nothing a reader would act on. */
const primitiveStandard: readonly string[] = [
  'runtime',
  'internal',
  'sync',
  'syscall',
  'time',
  'os',
  'io',
  'bufio',
  'bytes',
  'net',
  'crypto/tls',
  'context',
  'reflect',
  'iter',
  'encoding/json',
  'encoding/gob',
  'fmt',
  'log',
]

/** Packages below which everything is a primitive. */
const primitiveTrees: readonly string[] = [
  'runtime/',
  'internal/',
  'sync/',
  'vendor/',
  'golang.org/x/sys/',
  'golang.org/x/sync/',
  'golang.org/x/exp/',
  'go.uber.org/atomic',
  'github.com/sasha-s/go-deadlock',
]

/** `net/http` of `net/http.(*conn).serve`: up to the first dot after the last slash. */
export function packagePath(name: string): string {
  const bracket = name.indexOf('[')
  const end = bracket < 0 ? name.length : bracket
  const slash = name.lastIndexOf('/', end)
  const dot = name.indexOf('.', slash + 1)
  return dot < 0 ? name : name.slice(0, dot)
}

export function isStandard(name: string): boolean {
  const path = packagePath(name)
  const slash = path.indexOf('/')
  return standardRoots.has(slash < 0 ? path : path.slice(0, slash))
}

function isPrimitive(name: string): boolean {
  const path = packagePath(name)
  return primitiveStandard.includes(path) || primitiveTrees.some((tree) => name.startsWith(tree))
}

/** Depth of the user's frame in a stack (leaf first); undefined for an empty stack. */
export function findUserDepth(functions: readonly string[]): number | undefined {
  if (functions.length === 0) return undefined
  const own = functions.findIndex((name) => !isStandard(name) && !isPrimitive(name))
  // `main.main` and the runtime's roots below a library's loop say less than the loop itself only when nothing else is there.
  if (own >= 0) return own
  const library = functions.findIndex((name) => !isPrimitive(name))
  return library >= 0 ? library : functions.length - 1
}

/** Frames of the runtime at the leaf, which only some dump levels print: folded away for grouping. */
export function countRuntimeLeaf(functions: readonly string[]): number {
  const first = functions.findIndex((name) => !name.startsWith('runtime.'))
  return Math.max(first, 0)
}
