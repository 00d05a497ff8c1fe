/**
 * One waiting goroutine → the row of the idle table it fits, or nothing.
 * Named rows are tried first, the longest first, found by their leaf-most frame; then the shapes.
 * The result is a statement about the stack only: whether the goroutine moved between two dumps is for others.
 */
import { canonicalName, isWrapper } from './names.ts'
import type { IdlePattern, IdleSubject } from './pattern.ts'
import { isPlumbing } from './plumbing.ts'

type Test = (name: string) => boolean

type Compiled = {
  readonly pattern: IdlePattern
  readonly reasons: ReadonlySet<string>
  readonly steps: readonly Step[]
  readonly not: readonly Test[]
  readonly creator?: Test
}

type Step = { readonly test: Test; readonly anyGapBefore: boolean }

/** Rows by the names their first frame can have; rows whose first frame has a wildcard are tried on every stack. */
export type IdleIndex = {
  readonly byLeaf: ReadonlyMap<string, readonly Compiled[]>
  readonly wild: readonly Compiled[]
}

/** Builds the index once; the rows' order does not matter. */
export function indexPatterns(patterns: readonly IdlePattern[]): IdleIndex {
  const byLeaf = new Map<string, Compiled[]>()
  const wild: Compiled[] = []
  for (const pattern of patterns) {
    const compiled = compilePattern(pattern)
    const leaf = pattern.frames[0] ?? ''
    if (hasWildcard(leaf)) {
      wild.push(compiled)
      continue
    }
    for (const name of leaf.split('|').map(canonicalName)) {
      const rows = byLeaf.get(name)
      if (rows === undefined) byLeaf.set(name, [compiled])
      else rows.push(compiled)
    }
  }
  for (const rows of byLeaf.values()) rows.sort(compareSpecificity)
  wild.sort(compareSpecificity)
  return { byLeaf, wild }
}

/** The named row that fits, the most specific one where several do. */
export function findPattern(index: IdleIndex, subject: IdleSubject): IdlePattern | undefined {
  const names = subject.functions.filter((name) => !isWrapper(name)).map(canonicalName)
  const creator = subject.createdBy === undefined ? undefined : canonicalName(subject.createdBy)
  for (let leaf = 0; leaf < names.length; leaf++) {
    const name = names[leaf] as string
    for (const rows of [index.byLeaf.get(name), index.wild]) {
      for (const row of rows ?? []) {
        if (fits(row, subject.waitReason, names, leaf, creator)) return row.pattern
      }
    }
    if (!isPlumbing(name, subject.waitReason)) return undefined
  }
  return undefined
}

function fits(
  row: Compiled,
  waitReason: string,
  names: readonly string[],
  leaf: number,
  creator: string | undefined,
): boolean {
  if (!row.reasons.has(waitReason)) return false
  if (row.creator !== undefined && (creator === undefined || !row.creator(creator))) return false
  if (!walkSteps(row.steps, waitReason, names, leaf)) return false
  return !row.not.some((test) => names.some(test))
}

function walkSteps(steps: readonly Step[], waitReason: string, names: readonly string[], leaf: number): boolean {
  let at = leaf
  for (const [nth, step] of steps.entries()) {
    for (;;) {
      const name = names[at]
      if (name === undefined) return false
      at++
      if (step.test(name)) break
      if (nth === 0) return false
      if (!step.anyGapBefore && !isPlumbing(name, waitReason)) return false
    }
  }
  return true
}

function compilePattern(pattern: IdlePattern): Compiled {
  const steps: Step[] = []
  let anyGapBefore = false
  for (const frame of pattern.frames) {
    if (frame === '...') {
      anyGapBefore = true
      continue
    }
    steps.push({ test: compileName(frame), anyGapBefore })
    anyGapBefore = false
  }
  return {
    pattern,
    reasons: new Set(pattern.reasons),
    steps,
    not: (pattern.notFrames ?? []).map(compileName),
    ...(pattern.createdBy === undefined ? {} : { creator: compileName(pattern.createdBy) }),
  }
}

function compileName(text: string): Test {
  const exact = new Set<string>()
  const wild: RegExp[] = []
  for (const alternative of text.split('|')) {
    if (hasWildcard(alternative)) wild.push(compileWildcard(canonicalName(alternative)))
    else exact.add(canonicalName(alternative))
  }
  return (name) => exact.has(name) || wild.some((expression) => expression.test(name))
}

function hasWildcard(text: string): boolean {
  return text.replaceAll('(*', '').includes('*')
}

function compileWildcard(name: string): RegExp {
  const body = name
    .split(/(\(\*|\*\*|\*)/)
    .map((part) => (part === '**' ? '.*' : part === '*' ? '[^/]*' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('')
  return new RegExp(`^${body}$`)
}

function compareSpecificity(left: Compiled, right: Compiled): number {
  const by = right.steps.length - left.steps.length
  if (by !== 0) return by
  const creators = Number(right.creator !== undefined) - Number(left.creator !== undefined)
  if (creators !== 0) return creators
  return left.pattern.id < right.pattern.id ? -1 : 1
}
