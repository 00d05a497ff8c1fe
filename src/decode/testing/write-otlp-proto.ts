/**
 * Writes OTLP protobuf for tests: fields by number, nothing more. No oracle: that is Go's own protojson.
 */
export type Field = readonly [number: number, value: FieldValue]
export type FieldValue =
  | string
  | Uint8Array
  | number
  | { readonly fixed64: bigint }
  | { readonly fixed32: number }
  | readonly Field[]

export function writeMessage(fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = []
  for (const [number, value] of fields) {
    if (typeof value === 'number') {
      putVarint(bytes, number * 8)
      putVarint(bytes, value)
    } else if (typeof value === 'object' && 'fixed64' in value) {
      putVarint(bytes, number * 8 + 1)
      for (let at = 0n; at < 8n; at++) bytes.push(Number((value.fixed64 >> (at * 8n)) & 0xffn))
    } else if (typeof value === 'object' && 'fixed32' in value) {
      putVarint(bytes, number * 8 + 5)
      for (let at = 0; at < 4; at++) bytes.push((value.fixed32 >>> (at * 8)) & 0xff)
    } else {
      const body = typeof value === 'string' ? new TextEncoder().encode(value) : toBytes(value)
      putVarint(bytes, number * 8 + 2)
      putVarint(bytes, body.length)
      for (const byte of body) bytes.push(byte)
    }
  }
  return Uint8Array.from(bytes)
}

function toBytes(value: Uint8Array | readonly Field[]): Uint8Array {
  return value instanceof Uint8Array ? value : writeMessage(value)
}

function putVarint(bytes: number[], value: number): void {
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) | 0x80)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
}

export function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
