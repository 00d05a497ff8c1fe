/**
 * Whether a client's and a server's span can be of one call, by what they say of it: method, gRPC method, path. What one
 * of them does not say is no objection. A path may lose or gain its head on the way (proxies, mounts), not its tail.
 */
import { findAttribute } from '../trust/operations.ts'
import type { TrustFacts } from '../trust/trust-facts.ts'

type Keys = {
  readonly method: readonly number[]
  readonly rpc: readonly number[]
  readonly path: readonly number[]
  readonly route: readonly number[]
}

export type CallSigns = {
  readonly facts: TrustFacts
  readonly keys: Keys
  readonly paths: Map<number, readonly string[]>
}

export function openCallSigns(facts: TrustFacts): CallSigns {
  const places = (names: readonly string[]): number[] =>
    names.map((name) => facts.spans.strings.indexOf(name)).filter((place) => place > 0)
  const keys = {
    method: places(['http.request.method', 'http.method']),
    rpc: places(['rpc.method']),
    path: places(['url.path', 'url.full', 'http.url', 'http.target']),
    route: places(['http.route']),
  }
  return { facts, keys, paths: new Map() }
}

/** Method and gRPC method agree, as far as both are known. */
export function mayBeOneCall(signs: CallSigns, client: number, server: number): boolean {
  return agree(signs, signs.keys.method, client, server) && agree(signs, signs.keys.rpc, client, server)
}

/** undefined: one of them does not say. */
export function havePathsInCommon(signs: CallSigns, client: number, server: number): boolean | undefined {
  const { keys } = signs
  const sent = splitPath(signs, readValue(signs, keys.path, client))
  const route = readValue(signs, keys.path, server)
  const served = splitPath(signs, route === 0 ? readValue(signs, keys.route, server) : route)
  if (sent.length === 0 || served.length === 0) return undefined
  const length = Math.min(sent.length, served.length)
  for (let index = 1; index <= length; index++) {
    const one = sent[sent.length - index] as string
    const other = served[served.length - index] as string
    if (one !== other && !isVariable(other) && !isVariable(one)) return false
  }
  return true
}

/** A part of a route that stands for any text: `{id}`, `:id`, `*rest`, `<id>`. */
function isVariable(part: string): boolean {
  return /^[{:*<]/.test(part)
}

function agree(signs: CallSigns, keys: readonly number[], client: number, server: number): boolean {
  const one = readValue(signs, keys, client)
  if (one === 0) return true
  const other = readValue(signs, keys, server)
  if (other === 0 || one === other) return true
  const { strings } = signs.facts.spans
  return (strings[one] ?? '').toLowerCase() === (strings[other] ?? '').toLowerCase()
}

function readValue({ facts }: CallSigns, keys: readonly number[], row: number): number {
  for (const key of keys) {
    const value = findAttribute(facts.spans, row, key)
    if (value !== 0) return value
  }
  return 0
}

const MAX_KNOWN = 100_000

function splitPath({ facts, paths }: CallSigns, value: number): readonly string[] {
  if (value === 0) return []
  const known = paths.get(value)
  if (known !== undefined) return known
  const text = facts.spans.strings[value] ?? ''
  const path = text.replace(/^[a-z][\w+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '')
  const parts = path.split('/').filter((part) => part !== '')
  if (paths.size < MAX_KNOWN) paths.set(value, parts)
  return parts
}
