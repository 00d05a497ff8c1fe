/**
 * Spans drawn as lines of text, for tests: one span a line, times in ms.
 *
 *   id  parent  service  kind    start..end  name              key=value …
 *   a   -       cart     server  0..100      GET /cart
 *   b   a       cart     client  10..40      GET /price
 *   c   b@      price    server  12..38      GET /price        link=t2/x http.route=/price
 *
 * Columns are apart by two blanks or more. An id may name its trace (`t2/a`; else `t1`); a parent is of the same trace,
 * `-` is none, `@` after it says remote, `!` local. Ids not drawn are parents that are not there. `host=`, `instance=`,
 * `version=`, `status=error`, `state=` (tracestate), `flags=` and `link=` are taken apart; other pairs are attributes.
 */

import type { SpanKind, SpanTable } from '../../model/spans.ts'
import { buildSpanTable, type SpanRow } from '../spans/span-rows.ts'

/** 2026-01-01T00:00:00Z */
const BASE = 1_767_225_600_000_000_000n

export function drawSpans(drawing: string): SpanTable {
  const lines = drawing.split('\n').filter((line) => line.trim() !== '')
  return buildSpanTable(lines.map(readLine)).value
}

function readLine(line: string): SpanRow {
  const [id = '', parent = '-', service = '', kind = 'internal', times = '0..0', name = '', ...more] = line
    .trim()
    .split(/\s{2,}/)
  const [trace, own] = splitId(id)
  const [start = '0', end = start] = times.split('..')
  const pairs = Object.fromEntries(
    more
      .join(' ')
      .split(' ')
      .filter((pair) => pair.includes('='))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
  const { host, instance, version, status, state, flags, link, ...attributes } = pairs
  const place = parent.endsWith('@') ? 'remote' : parent.endsWith('!') ? 'local' : 'unknown'
  const parentName = parent.replace(/[@!]$/, '')
  return {
    traceId: hexOf(trace, 32),
    spanId: hexOf(own, 16),
    ...(parentName === '-' ? {} : { parentId: hexOf(splitId(parentName)[1], 16), parentPlace: place }),
    name,
    kind: kind as SpanKind,
    status: status === 'error' ? 'error' : 'unset',
    ...(flags === undefined ? {} : { traceFlags: Number(flags) }),
    ...(state === undefined ? {} : { traceState: state }),
    startUnixNs: BASE + BigInt(Math.round(Number(start) * 1e6)),
    endUnixNs: BASE + BigInt(Math.round(Number(end) * 1e6)),
    resource: {
      'service.name': service,
      ...(host === undefined ? {} : { 'host.name': host }),
      ...(instance === undefined ? {} : { 'service.instance.id': instance }),
      ...(version === undefined ? {} : { 'service.version': version }),
    },
    attributes,
    links:
      link === undefined
        ? []
        : link.split(',').map((one) => {
            const [linkTrace, linkSpan] = splitId(one)
            return { traceId: hexOf(linkTrace, 32), spanId: hexOf(linkSpan, 16) }
          }),
  }
}

function splitId(id: string): readonly [string, string] {
  const slash = id.indexOf('/')
  return slash < 0 ? ['t1', id] : [id.slice(0, slash), id.slice(slash + 1)]
}

/** The name's characters as hex, so that a test can find it again. */
function hexOf(name: string, digits: number): string {
  const hex = [...name].map((letter) => letter.charCodeAt(0).toString(16).padStart(2, '0')).join('')
  return hex.slice(-digits).padStart(digits, '0')
}
