/**
 * What a package declares, as its importers see it: signatures, types of fields and variables, embedded and underlying
 * types, by qualified name, and the name of its clause. Plain data: the packages of a project hand each other this before
 * bodies are resolved, so that a field or a result of another package has a type where its source is at hand.
 */
import { knownFields, knownResults } from './known-signatures.ts'

export type GoDeclarations = {
  /** Types of functions, methods (`(*a/b.T).M`), package variables and constants; `func(A) R`, `*a/b.T`. */
  readonly signatures: Readonly<Record<string, string>>
  /** Of types, by `a/b.T`: names of fields and methods, with the qualified name and the type of each. */
  readonly members: Readonly<Record<string, Readonly<Record<string, DeclaredMember>>>>
  readonly embedded: Readonly<Record<string, readonly string[]>>
  readonly underlying: Readonly<Record<string, string>>
}

export type DeclaredMember = { readonly qualified: string; readonly type: string; readonly isField: boolean }

export const noDeclarations: GoDeclarations = { signatures: {}, members: {}, embedded: {}, underlying: {} }

export function mergeDeclarations(all: readonly GoDeclarations[]): GoDeclarations {
  const merged = { signatures: {}, members: {}, embedded: {}, underlying: {} }
  for (const one of all) {
    Object.assign(merged.signatures, one.signatures)
    Object.assign(merged.members, one.members)
    Object.assign(merged.embedded, one.embedded)
    Object.assign(merged.underlying, one.underlying)
  }
  return merged
}

export type FoundMember = { readonly qualified: string; readonly type: string; readonly isField: boolean }

/** A member of a type of another package: what the project declares of it, then the table; undefined when neither. */
export function findDeclaredMember(
  known: GoDeclarations,
  base: string,
  name: string,
  depth = 0,
): FoundMember | undefined {
  if (base === '' || depth > 8) return undefined
  const own = known.members[base]
  const direct = own !== undefined && Object.hasOwn(own, name) ? own[name] : undefined
  if (direct !== undefined) return direct
  const field = knownFields[`${base}.${name}`]
  if (field !== undefined) return { qualified: `${base}.${name}`, type: field, isField: true }
  for (const qualified of [`(*${base}).${name}`, `(${base}).${name}`]) {
    const result = knownResults[qualified]
    if (result !== undefined) return { qualified, type: `func() ${result}`, isField: false }
  }
  for (const embedded of known.embedded[base] ?? []) {
    const found = findDeclaredMember(known, embedded.replace(/^\*/, ''), name, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}
