/**
 * What stands between the brackets of a goroutine header: status, marks, minutes, lock, bubble, 1.26 labels.
 * Source: goroutineheader in runtime/traceback.go, Go 1.14 to 1.27. Each distinct bracket is parsed once; the
 * rows refer to it. Order as printed: status, (leaked), (scan), (durable), minutes, locked, bubble, labels.
 */
import { goroutineFlags } from '../../model/goroutine-dump.ts'
import { parseLabels } from './labels.ts'

export type HeaderMarks = {
  readonly reason: string
  readonly flags: number
  /** As printed + 1; 0 when not printed. */
  readonly minutesPlusOne: number
  readonly bubblePlusOne: number
  /** Labels inside the bracket (Go 1.26). */
  readonly labels?: readonly [string, string][]
  /** Parts that no known runtime prints. */
  readonly unknown: readonly string[]
}

const SUFFIX_FLAGS: readonly (readonly [string, number])[] = [
  [' (leaked)', goroutineFlags.leaked],
  [' (scan)', goroutineFlags.scan],
  [' (durable)', goroutineFlags.durable],
]

const MAX_UINT32 = 0xffff_fffe

export function parseHeaderMarks(bracket: string): HeaderMarks {
  let text = bracket
  let labels: [string, string][] | undefined
  const unknown: string[] = []
  const labelsAt = text.indexOf(' labels:{')
  if (labelsAt >= 0 && text.endsWith('}')) {
    const inner = text.slice(labelsAt + ' labels:{'.length, -1)
    labels = parseLabels(inner)
    if (labels === undefined) unknown.push('labels that cannot be read')
    text = text.slice(0, labelsAt)
  }
  const [status = '', ...parts] = text.split(', ')
  const { reason, flags: statusFlags } = takeSuffixes(status)
  let flags = statusFlags
  let minutesPlusOne = 0
  let bubblePlusOne = 0
  for (const part of parts) {
    const number = /^(?:synctest bubble )?(\d+)(?: minutes)?$/.exec(part)
    if (part === 'locked to thread') flags |= goroutineFlags.lockedToThread
    else if (number !== null && part.endsWith(' minutes')) minutesPlusOne = addOne(number[1] as string)
    else if (number !== null && part.startsWith('synctest bubble ')) bubblePlusOne = addOne(number[1] as string)
    else unknown.push(part.slice(0, 80))
  }
  return { reason, flags, minutesPlusOne, bubblePlusOne, ...(labels === undefined ? {} : { labels }), unknown }
}

function takeSuffixes(status: string): { reason: string; flags: number } {
  let reason = status
  let flags = 0
  for (let again = true; again; ) {
    again = false
    for (const [suffix, flag] of SUFFIX_FLAGS) {
      if (!reason.endsWith(suffix)) continue
      reason = reason.slice(0, -suffix.length)
      flags |= flag
      again = true
    }
  }
  return { reason, flags }
}

function addOne(digits: string): number {
  return Math.min(Number(digits), MAX_UINT32) + 1
}
