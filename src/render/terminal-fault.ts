/** A fault for people: code, what failed, what to do, and its causes, one per line; hostile text escaped. */
import type { Fault } from '../base/errors.ts'
import { endSentence, escapeControls, wrapWords } from './text.ts'
import type { Theme } from './theme.ts'

const MAX_CAUSES = 8

export function renderFault(fault: Fault, { theme, width }: { readonly theme: Theme; readonly width: number }): string {
  const lines: string[] = []
  const put = (lead: string, text: string) => {
    const wrapped = wrapWords(escapeControls(endSentence(text)), width - 2)
    wrapped.forEach((line, index) => {
      lines.push(index === 0 ? lead + line : `  ${line}`)
    })
  }
  put(`${theme.bad(fault.code)}: `, fault.message)
  if (fault.target !== undefined && !fault.message.includes(fault.target)) put('  target: ', fault.target)
  let { cause } = fault
  for (let depth = 0; cause !== undefined && depth < MAX_CAUSES; depth += 1) {
    put('  because ', `${cause.code}: ${cause.message}`)
    cause = cause.cause
  }
  if (fault.hint !== '') put('  hint: ', fault.hint)
  return `${lines.join('\n')}\n`
}
