/**
 * Whether bytes begin like an HTML page: what a proxy, a login form or the index of /debug/pprof/ answers with.
 * Enters: the first bytes. Leaves: yes or no; XML that is not HTML is no.
 */

const HTML = /^(?:<!--[\s\S]*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|meta|script|h1|pre|center|div|p)[\s>/]/i

export function looksLikeHtml(head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head.subarray(0, 2048)).trimStart()
  return text.startsWith('<') && HTML.test(text.startsWith('<?xml') ? text.replace(/^<\?xml[^>]*\?>\s*/, '') : text)
}
