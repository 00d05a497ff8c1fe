/** Evidence of groups: the file, the line of a member's header, and the words that stand there, for findings. */
import type { Evidence } from '../../model/contract.ts'
import { type Group, nameWait, rowsLast } from '../groups/group.ts'
import type { RuleInput } from './rule.ts'

/** Frames quoted below the header. */
const QUOTED_FRAMES = 6

/** The group's first member in the last dump that has one. */
export function quoteGroup({ context }: RuleInput, group: Group): Evidence {
  for (let at = context.table.dumps.length - 1; at >= 0; at--) {
    const row = group.rows[at]?.[0]
    const dated = context.table.dumps[at]
    if (row === undefined || dated === undefined) continue
    const id = dated.dump.ids[row]
    const frames = group.frames.slice(0, QUOTED_FRAMES).map((frame) => `${frame.function}${placeOf(frame)}`)
    const more = group.frames.length > QUOTED_FRAMES ? [`… ${group.frames.length - QUOTED_FRAMES} more frames`] : []
    const header = id === undefined ? `${dated.dump.counts[row]} goroutines` : `goroutine ${id} [${nameWait(group)}]`
    return {
      lens: 'goroutine',
      source: dated.source,
      at: `line ${dated.dump.lines[row]}`,
      excerpt: [`${header}:`, ...frames, ...more].join('\n'),
    }
  }
  return { lens: 'goroutine', source: 'goroutine dump' }
}

function placeOf(frame: { readonly file?: string; readonly line?: number }): string {
  return frame.file === undefined ? '' : ` ${frame.file}${frame.line === undefined ? '' : `:${frame.line}`}`
}

/** Where the runtime's leak detector marked a member of the group. */
export function quoteProof({ context }: RuleInput, group: Group): Evidence | undefined {
  const dump = context.table.dumps.at(-1)?.dump
  for (const row of rowsLast(group)) {
    const place = context.proof.places.get(dump?.ids[row] ?? 0)
    if (place === undefined) continue
    const excerpt = `goroutine ${dump?.ids[row]} [${nameWait(group)} (leaked)]`
    return { lens: 'goroutineleak', source: place.source, at: `line ${place.line}`, excerpt }
  }
  return context.proof.profileSource === undefined
    ? undefined
    : { lens: 'goroutineleak', source: context.proof.profileSource }
}

/** A lens's own file, for findings about lenses. */
export function quoteLens(
  { evidence }: RuleInput,
  lens: 'block' | 'mutex' | 'cpu',
  because: string | undefined,
): Evidence {
  const profile = evidence.profiles.find(({ kind }) => kind === lens)
  const source = profile?.source ?? evidence.dumps.at(-1)?.source ?? 'manifest.json'
  return { lens, source, ...(because === undefined ? {} : { excerpt: because }) }
}
