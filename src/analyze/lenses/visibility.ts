/**
 * Questions to the lens table: which kind of wait this is, which lenses show it while it lasts, which record it after.
 * Pure look-ups over table.ts; a wait that no row knows gives `undefined`, and callers say `unknown`.
 */
import { type Lens, type LensStates, lenses, profileLenses } from '../../model/lens.ts'
import { classifyBlockReason, classifyWaitReason } from '../../model/wait-class.ts'
import { waitKinds } from './table.ts'
import type { DumpReason, LensView, WaitKind } from './types.ts'

export type WaitSighting = {
  /** Status word of the dump, with or without the marks ` (leaked)`, ` (scan)`, ` (durable)`. */
  readonly reason: string
  /** Function names, leaf first. */
  readonly frames?: readonly string[]
  /** `go1.27.3`, `1.27`; anything else counts as not known, and rows of every release are tried. */
  readonly goVersion?: string
  /** The mark ` (durable)` where the caller's decoder took it off the word. */
  readonly isDurable?: boolean
}

/** Frames from the leaf within which the primitive of a wait stands. */
const FRAMES_LOOKED_AT = 12

/** The row of the table for a goroutine of a dump; undefined for words and stacks that no row has. */
export function findWaitKind(sighting: WaitSighting): WaitKind | undefined {
  const marked = sighting.isDurable === true ? `${sighting.reason} (durable)` : undefined
  const kind = marked === undefined ? undefined : matchRow(marked, sighting)
  return kind ?? matchRow(sighting.reason, sighting)
}

function matchRow(reason: string, sighting: WaitSighting): WaitKind | undefined {
  const known = classifyWaitReason(reason, sighting.frames)
  if (!known.isKnown) return undefined
  const release = readMinor(sighting.goVersion)
  const fits = (row: DumpReason): boolean =>
    row.reason === known.reason &&
    isInSpan(release, row) &&
    (row.waitClass === undefined || row.waitClass === known.waitClass) &&
    (row.frame === undefined || hasFrame(sighting.frames, row.frame))
  return waitKinds.find((kind) => kind.dumpReasons.some(fits))
}

export type TraceSighting = {
  readonly state: 'Running' | 'Runnable' | 'Waiting' | 'Syscall'
  /** Block or stop reason; `''` for none. */
  readonly reason: string
  /** `Running`: it was seen to stop. Anything else, or absent: it was found in this state. */
  readonly from?: string
  /** Function names of the transition's stack, leaf first. */
  readonly frames?: readonly string[]
  readonly goVersion?: string
}

/**
 * The row for a state of an execution trace. A trace has fewer words than a dump: the stack decides, and where there is
 * none the general row of the word is given, or undefined where there is no word either. Waits inside a synctest bubble
 * give the row of the same wait outside.
 */
export function findTraceWaitKind(sighting: TraceSighting): WaitKind | undefined {
  const { state, reason, frames } = sighting
  if (state !== 'Waiting') return waitKinds.find((kind) => kind.traceStates.some((row) => row.state === state))
  const known = classifyBlockReason(reason, frames)
  if (!known.isKnown) return undefined
  const release = readMinor(sighting.goVersion)
  const isWordless = reason === '' || reason === 'unspecified'
  // The one event that takes a running goroutine into a wait without a word is GoSwitch, and it has no stack either.
  if (reason === '' && sighting.from === 'Running' && (release ?? 23) >= 23) return getWaitKind('coroutine')
  const candidates = waitKinds.filter((kind) =>
    isWordless
      ? kind.waitClass === known.waitClass && kind.waitClass !== 'unknown' && isInSpan(release, kind)
      : kind.traceStates.some((row) => row.state === state && row.reason === reason && isInSpan(release, row)),
  )
  return (
    candidates.find((kind) => kind.traceFrame !== undefined && hasFrame(frames, kind.traceFrame)) ??
    candidates.find((kind) => kind.traceFrame === undefined && kind.waitClass === known.waitClass) ??
    candidates.find((kind) => kind.waitClass === known.waitClass)
  )
}

function hasFrame(frames: readonly string[] | undefined, pattern: RegExp): boolean {
  return frames !== undefined && pattern.test(frames.slice(0, FRAMES_LOOKED_AT).join('\n'))
}

/** Minor release of `go1.27.3`, `1.27rc1`, `devel go1.28-…`; undefined where there is none. */
export function readMinor(version: string | undefined): number | undefined {
  const minor = version === undefined ? undefined : /(?:^|\bgo)1\.(\d{1,3})(?!\d)/.exec(version)?.[1]
  return minor === undefined ? undefined : Number(minor)
}

/** Whether a release lies in a row's span; true where the release is not known. */
export function isInSpan(
  release: number | undefined,
  span: { readonly sinceGo?: string; readonly untilGo?: string },
): boolean {
  if (release === undefined) return true
  const since = readMinor(span.sinceGo)
  const until = readMinor(span.untilGo)
  return (since === undefined || release >= since) && (until === undefined || release <= until)
}

/** True for the views that show a wait while it lasts and say whose it is. `proof` rows depend on the evidence. */
function showsNow(view: LensView): boolean {
  return view === 'now' || view === 'now-unnamed'
}

export type LensVisibility = {
  /** Lenses that are on (or cannot be told to be off) and show this wait while it lasts. */
  readonly seenBy: readonly Lens[]
  /** Lenses of this target, on, off or unknown, that do not show it while it lasts. */
  readonly notSeenBy: readonly Lens[]
  /** Of `notSeenBy`: those that are on or unknown and have it once it has ended. */
  readonly afterwardsBy: readonly Lens[]
  /** Lenses that are off or absent here and would show it while it lasts. */
  readonly wouldBeSeenBy: readonly Lens[]
}

export type VisibilityEvidence = {
  /** The leak profile flagged it (true), ran and did not (false), was not asked (absent). */
  readonly isFlagged?: boolean
}

/**
 * Who shows a wait of this kind, given which lenses are on. Without a kind only the goroutine dump is known to show it.
 * The leak profile counts as seeing only what it flagged; aggregates and spans see no single wait.
 */
export function lensVisibility(
  kind: WaitKind | undefined,
  states: Partial<LensStates>,
  evidence: VisibilityEvidence = {},
): LensVisibility {
  const seenBy: Lens[] = []
  const notSeenBy: Lens[] = []
  const afterwardsBy: Lens[] = []
  const wouldBeSeenBy: Lens[] = []
  for (const lens of lenses) {
    const state = states[lens] ?? 'unknown'
    const view = kind?.views[lens] ?? (lens === 'goroutine' ? 'now' : undefined)
    if (view === undefined) continue
    const isOff = state === 'off' || state === 'absent'
    const isShown = isProof(view) ? evidence.isFlagged === true : showsNow(view)
    if (isShown && !isOff) seenBy.push(lens)
    else if (state !== 'absent') notSeenBy.push(lens)
    if (isOff && (showsNow(view) || isProof(view))) wouldBeSeenBy.push(lens)
    if (!isOff && view === 'after') afterwardsBy.push(lens)
  }
  return { seenBy, notSeenBy, afterwardsBy, wouldBeSeenBy }
}

function isProof(view: LensView): boolean {
  return view === 'proof' || view === 'proof-if-unreachable'
}

/**
 * Which of the profiles (cpu, block, mutex) can record a wait of this kind at all: at once, or once it has ended.
 * For a wait that ends this is what `blindRatio` asks. A wait that never ends is never recorded by a profile that
 * writes at the end: ask `recordableWhileItLasts` for groups that are stuck or leaked.
 */
export function recordableBy(kind: WaitKind): readonly Lens[] {
  return profileLenses.filter((lens) => showsNow(kind.views[lens]) || kind.views[lens] === 'after')
}

/** Which of the profiles (cpu, block, mutex) show a wait of this kind before it has ended. */
export function recordableWhileItLasts(kind: WaitKind): readonly Lens[] {
  return profileLenses.filter((lens) => showsNow(kind.views[lens]))
}

/** The row with this id; undefined when there is none. */
export function getWaitKind(id: string): WaitKind | undefined {
  return waitKinds.find((kind) => kind.id === id)
}
