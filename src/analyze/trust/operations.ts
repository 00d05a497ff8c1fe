/**
 * What the spans are of: an operation is (service, kind, name without what varies), dense; a row knows its own.
 * Names: the route where there is one; else the span's name, in which runs of digits, hex and ids become `{}`, so that
 * `GET /cart/17` and `GET /cart/18` are one. Past MAX_OPERATIONS the rest of a service and kind share one called `…`.
 */
import type { SpanTable } from '../../model/spans.ts'

const MAX_OPERATIONS = 20_000
/** So many, met so often each, are names by themselves. */
const FEW = 500
const OFTEN = 50
/** In a path it is an id, be there few. */
const hexRun = /(?<=[:=#-]|^)(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}(?=[:#-]|$)/i
const hexRuns = /(?<=[/:=#-]|^)(?=[0-9a-f]*\d)[0-9a-f]{8,}(?=[/:#-]|$)/gi

export type Operation = {
  readonly service: string
  /** Index of spanKinds. */
  readonly kind: number
  readonly name: string
}

export type Operations = {
  readonly list: readonly Operation[]
  /** Operation of each row. */
  readonly of: Uint32Array
}

export function nameOperations(spans: SpanTable): Operations {
  const list: Operation[] = []
  const known = new Map<string, number>()
  const services = spans.resources.map(({ service }) => service)
  /** Per (resource, kind, name) and route the answer is the same: looked up by numbers first. */
  const byNumbers = new Map<number, Map<number, number>>()
  const names = new Map<number, string>()
  const of = new Uint32Array(spans.count)
  const kept = findKept(spans)
  const routeKey = spans.strings.indexOf('http.route')
  for (let row = 0; row < spans.count; row++) {
    const resource = spans.resourceOf[row] as number
    const kind = spans.kinds[row] as number
    const route = routeKey < 0 ? 0 : findAttribute(spans, row, routeKey)
    const outer = resource * 8 + kind
    const inner = (spans.names[row] as number) * 4_194_304 + route
    let rows = byNumbers.get(outer)
    if (rows === undefined) {
      rows = new Map()
      byNumbers.set(outer, rows)
    }
    let operation = rows.get(inner)
    if (operation === undefined) {
      operation = intern(services[resource] ?? '', kind, writeName(spans, row, route, names, kept))
      rows.set(inner, operation)
    }
    of[row] = operation
  }
  return { list, of }

  function intern(service: string, kind: number, wanted: string): number {
    const name = list.length >= MAX_OPERATIONS ? '…' : wanted
    const key = `${service}\0${kind}\0${name}`
    const found = known.get(key)
    if (found !== undefined) return found
    const made = list.push({ service, kind, name }) - 1
    known.set(key, made)
    return made
  }
}

/** Index of the value's text, 0 when the span has no such attribute. */
export function findAttribute(spans: SpanTable, row: number, key: number): number {
  const end = spans.attributeStart[row + 1] as number
  for (let at = spans.attributeStart[row] as number; at < end; at++) {
    if (spans.attributeKeys[at] === key) return spans.attributeValues[at] as number
  }
  return 0
}

/** Value of an attribute as text; undefined when the span has none. For few rows: it looks the key up each time. */
export function attributeOf(spans: SpanTable, row: number, key: string): string | undefined {
  const place = spans.strings.indexOf(key)
  const value = place < 0 ? 0 : findAttribute(spans, row, place)
  return value === 0 ? undefined : spans.strings[value]
}

/** Generalised names that stand for few, each met often: what varies in them is no id. */
function findKept(spans: SpanTable): ReadonlySet<string> {
  const counts = new Uint32Array(spans.strings.length)
  for (let row = 0; row < spans.count; row++) {
    const name = spans.names[row] as number
    counts[name] = (counts[name] as number) + 1
  }
  const groups = new Map<string, { values: number; spans: number }>()
  for (let name = 0; name < counts.length; name++) {
    const count = counts[name] as number
    const text = spans.strings[name] ?? ''
    if (count === 0 || !hexRun.test(text)) continue
    const general = generaliseName(text)
    const group = groups.get(general) ?? { values: 0, spans: 0 }
    groups.set(general, group)
    group.values++
    group.spans += count
  }
  const few = [...groups].filter(([, group]) => group.values <= FEW && group.spans >= OFTEN * group.values)
  return new Set(few.map(([name]) => name))
}

function writeName(
  spans: SpanTable,
  row: number,
  route: number,
  names: Map<number, string>,
  kept: ReadonlySet<string>,
): string {
  const index = spans.names[row] as number
  let name = names.get(index)
  if (name === undefined) {
    const text = spans.strings[index] ?? ''
    name = generaliseName(text)
    if (kept.has(name)) name = generaliseName(text, false)
    names.set(index, name)
  }
  if (route === 0) return name
  const path = spans.strings[route] as string
  const verb = /^[A-Z]{3,7}\b/.exec(name)?.[0]
  return name.includes(path) || verb === undefined ? name : `${verb} ${path}`
}

/** `GET /cart/17/items/9f8e7d6c5b4a` → `GET /cart/{}/items/{}` */
export function generaliseName(name: string, hasHex = true): string {
  const general = name
    .slice(0, 256)
    .replace(/\?.*$/, '')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '{}')
  const plain = hasHex ? general.replace(hexRuns, '{}') : general
  return plain.replace(/(?<=[/:=#-])\d+(?=[/:#-]|$)/g, '{}')
}
