/** XML made safely: text and attribute values escaped, and of characters those alone that XML 1.0 can hold. */

/** As text and in quoted attributes; what XML cannot hold becomes `\u001b`. */
export function escapeXml(text: string): string {
  return [...text]
    .map((character) => {
      const code = character.codePointAt(0) as number
      if (!isXmlCharacter(code)) return `\\u${code.toString(16).padStart(4, '0')}`
      if (code === 0x09 || code === 0x0a || code === 0x0d) return `&#${code};`
      return entities[character] ?? character
    })
    .join('')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** https://www.w3.org/TR/xml/#charsets, without the controls from 7f on that it discourages. */
function isXmlCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d
  if (code >= 0x7f && code <= 0x9f) return false
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff)
}

export type XmlAttributes = Readonly<Record<string, string | number>>

export function xmlElement(name: string, attributes: XmlAttributes, children?: readonly string[] | string): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`)
  const open = `<${name}${written.join('')}`
  if (children === undefined) return `${open}/>`
  if (typeof children === 'string') return `${open}>${escapeXml(children)}</${name}>`
  return children.length === 0 ? `${open}/>` : `${open}>\n${children.join('\n')}\n</${name}>`
}
