/**
 * What the terminal's reports of traces and spans are put together from: sections, sentences, times and names of
 * functions, in the words that all of them use. Strings of the data are escaped here.
 */
import { formatDuration } from '../../base/units.ts'
import { escapeControls, shortFunction, wrapWords } from '../text.ts'
import type { Theme } from '../theme.ts'

/** From this many columns on there is room for more. */
export const WIDE = 110

/** Nothing where there is nothing to say. */
export function section(title: string, body: readonly string[], theme: Theme): string[] {
  return body.length === 0 ? [] : ['', theme.strong(title), ...body]
}

type Options = { readonly width: number; readonly theme?: Theme }

export function say(text: string, { width }: Options, indent = ''): string[] {
  return wrapWords(escapeControls(text), width - indent.length).map((line) => indent + line)
}

/** An empty cell for none. */
export function sayTime(ns: number | undefined): string {
  return ns === undefined || ns === 0 ? '' : formatDuration(ns)
}

export function nameFunction(name: string | undefined): string {
  return name === undefined || name === '' ? 'not known' : shortFunction(name)
}
