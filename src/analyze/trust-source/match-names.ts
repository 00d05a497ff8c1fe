/**
 * Whether a name of the spans and a name of the source mean the same: functions as the runtime names them, names of spans
 * with what varies left out, routes whatever the router's way to write a parameter.
 */
import { declarationNameOf } from '../audit/runtime-names.ts'
import { generaliseName } from '../trust/operations.ts'

/** `example.com/shop/cart.(*Server).Get.func1` and `cart.(*Server).Get`: one declaration, its package by the last parts. */
export function isSameFunction(ofSpan: string, ofSource: string): boolean {
  const [one, other] = [declarationNameOf(ofSpan), declarationNameOf(ofSource)]
  if (one === '' || other === '') return false
  return one === other || one.endsWith(`/${other}`) || other.endsWith(`/${one}`) || one.startsWith(`${other}.`)
}

const verb = /^([A-Z]{3,7}) (?=\S*\/)/

/** `source` may begin or end with `*`. Of a span that has one, the name with its route is asked as well. */
export function isSameName(ofSpan: string, ofSource: string): boolean {
  if (ofSpan === ofSource) return true
  if (ofSource.includes('/') && !ofSource.startsWith('*') && isSameRoute(ofSpan, ofSource)) return true
  const pattern = generaliseName(ofSource).replaceAll('{}', '*')
  const plain = generaliseName(ofSpan)
  if (!pattern.includes('*')) return plain === pattern
  const parts = pattern.split('*')
  const first = parts[0] as string
  const last = parts.at(-1) as string
  if (plain.length < first.length + last.length || !plain.startsWith(first) || !plain.endsWith(last)) return false
  let from = first.length
  for (const part of parts.slice(1, -1)) {
    const at = plain.indexOf(part, from)
    if (at < 0 || at + part.length > plain.length - last.length) return false
    from = at + part.length
  }
  return true
}

/** A path without a verb fits any; one that is registered in a group fits the end of the whole. */
function isSameRoute(ofSpan: string, ofSource: string): boolean {
  const [mine, yours] = [verb.exec(ofSpan)?.[1], verb.exec(ofSource)?.[1]]
  if (mine !== undefined && yours !== undefined && mine !== yours) return false
  const path = segmentsOf(ofSpan)
  const route = segmentsOf(ofSource)
  if (path === undefined || route === undefined || route.length > path.length) return false
  // What is registered at `/` or at a parameter alone says nothing of where it hangs.
  const isTail = route.length < path.length
  if (isTail && !route.some((one) => one !== '*')) return false
  const end = path.slice(path.length - route.length)
  return route.every((one, index) => one === end[index] || one === '*')
}

/** Parameters of every style become `*`: `:id`, `{id}`, `{id:[0-9]+}`, `<id>`, `*rest`, `{}`. */
function segmentsOf(name: string): string[] | undefined {
  const path = name.replace(verb, '').replace(/^[\w.-]+(?=\/)/, '')
  if (!path.startsWith('/')) return undefined
  return path
    .replace(/\?.*$/, '')
    .split('/')
    .slice(1)
    .filter((one, index, all) => one !== '' || index < all.length - 1)
    .map((one) => (/^[:{<*]/.test(one) || /^\d+$/.test(one) ? '*' : one))
}
