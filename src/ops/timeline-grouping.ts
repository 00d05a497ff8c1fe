/** The readings of --group-by, --focus and --ignore: they live from the account alone. */
import { listCells } from '../analyze/timeline/cells.ts'
import { type FocusPatterns, focusData, keepCells } from '../analyze/timeline/focus.ts'
import { groupCells } from '../analyze/timeline/group-by.ts'
import type { TimelineGroupKey } from '../model/timeline.ts'
import type { TimelineReading } from './timeline-reading.ts'

export type GroupingOptions = FocusPatterns & {
  readonly groupBy?: readonly TimelineGroupKey[]
  /** Rows of the grouping at most. */
  readonly top?: number
}

/** Undefined where nothing is asked for. */
export function openGroupingReading(options: GroupingOptions): TimelineReading | undefined {
  const { groupBy, focus, ignore, top } = options
  const isFocused = focus !== undefined || ignore !== undefined
  if (!isFocused && groupBy === undefined) return undefined
  return {
    finish({ account, tables }) {
      const all = listCells(account)
      const kept = isFocused ? keepCells(all, tables, options) : all
      const context = { account, tables, ...(top === undefined ? {} : { top }) }
      return {
        data: {
          ...(isFocused ? focusData(account, all, kept, options) : {}),
          ...(groupBy === undefined ? {} : { grouped: groupCells(kept, groupBy, context) }),
        },
      }
    },
  }
}
