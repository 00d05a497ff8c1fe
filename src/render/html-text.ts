/**
 * HTML made safely: every text goes through `html`, which escapes what is put into a template and leaves alone only
 * what `html` itself made. Text also loses its control characters, so that a report is safe to copy from.
 */
import { escapeControls } from './text.ts'

/** Markup that is safe to place as it is; only `html` and `joinHtml` make it. */
export type Html = { readonly markup: string }

export type HtmlValue = Html | string | number | undefined | readonly Html[]

/** Template tag: values are escaped, in text and in quoted attributes alike; undefined becomes nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = strings[0] as string
  values.forEach((value, index) => {
    markup += toMarkup(value) + (strings[index + 1] as string)
  })
  return { markup }
}

export const noHtml: Html = { markup: '' }

/** Lines of preformatted text, each escaped. */
export function htmlLines(text: string): Html {
  return { markup: text.split('\n').map(escapeText).join('\n') }
}

function toMarkup(value: HtmlValue): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return escapeText(value)
  if ('markup' in value) return value.markup
  return value.map((one) => one.markup).join('')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeText(text: string): string {
  return escapeControls(text).replace(/[&<>"']/g, (character) => entities[character] as string)
}
