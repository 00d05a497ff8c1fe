/**
 * For the tests of the idle table only: a goroutine dump's text → its goroutines as the matcher takes them.
 * Not a decoder (src/decode has that; rooms do not see each other): it trusts the committed dumps that it reads.
 */
import type { IdleSubject } from '../idle/pattern.ts'

export type SplitGoroutine = IdleSubject & { readonly text: string }

const header = /^goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[([^\]]*)\]/m

/** Goroutines in the order of the text. */
export function splitDump(text: string): SplitGoroutine[] {
  const goroutines: SplitGoroutine[] = []
  for (const block of text.split(/\n\n+/)) {
    const found = header.exec(block)
    if (found === null) continue
    const body = block.slice(found.index)
    const functions: string[] = []
    let createdBy: string | undefined
    for (const line of body.split('\n').slice(1)) {
      if (line === '' || /^\s/.test(line)) continue
      const creator = /^created by (.*?)(?: in goroutine \d+)?$/.exec(line)
      if (creator !== null) createdBy = creator[1]
      else if (line.includes('(')) functions.push(line.slice(0, line.lastIndexOf('(')))
    }
    const waitReason = (found[1] ?? '').replace(/ \((?:leaked|scan|durable)\)/g, '').split(', ')[0] ?? ''
    goroutines.push({ waitReason, functions, ...(createdBy === undefined ? {} : { createdBy }), text: body.trimEnd() })
  }
  return goroutines
}
