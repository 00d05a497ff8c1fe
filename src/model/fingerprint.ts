/**
 * The one recipe for a finding's fingerprint, for all rooms: a hash of rule, service and the symbols involved
 * (package path and function; or edge and operation). Never of a line, goroutine id, instance, address, version or
 * time, so that a ledger can follow a debt over runs and releases. Closure numbers are kept: they are the symbol.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

export type FingerprintInput = {
  readonly rule: string
  readonly service: string
  /** Order does not matter; duplicates do not count. */
  readonly symbols: readonly string[]
}

/** 32 hex digits. */
export function makeFingerprint(input: FingerprintInput): string {
  const symbols = [...new Set(input.symbols.map(normaliseSymbol))].sort()
  const text = ['sightline/1', input.rule, input.service, ...symbols].join('\0')
  return bytesToHex(sha256(utf8ToBytes(text))).slice(0, 32)
}

/** Type arguments and `%2e` escapes differ between compilers for one function: both are taken away. */
function normaliseSymbol(symbol: string): string {
  const plain = symbol.replaceAll('%2e', '.')
  // Only as far as a bracket is closed: a pattern that looks for the end of each of a million open ones takes minutes.
  const end = plain.lastIndexOf(']') + 1
  return plain.slice(0, end).replace(/\[[^\]]*\]/g, '[...]') + plain.slice(end)
}
