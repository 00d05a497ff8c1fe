/** Spans for the tests of the readers: one with every field, in JSON and in protobuf, and the row that both give. */
import type { Issue } from '../../model/issue.ts'
import type { SpanTable } from '../../model/spans.ts'
import { type DecodeSpansOptions, decodeSpans } from '../spans/spans.ts'
import { type Field, hexBytes, writeMessage } from './write-otlp-proto.ts'

export const SPAN_TRACE = '5b8efff798038103d269b633813fc60c'
export const SPAN_START = 1_544_712_660_000_000_001n

export const bytesOf = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))

export async function decode(
  bytes: Uint8Array | unknown,
  options: DecodeSpansOptions = {},
): Promise<{ table: SpanTable; issues: readonly Issue[] }> {
  const input = bytes instanceof Uint8Array ? bytes : bytesOf(bytes)
  const decoded = await decodeSpans([{ name: 'a', bytes: input }], options)
  if (!decoded.ok) throw new Error(decoded.error.message)
  return { table: decoded.value.value, issues: decoded.value.issues }
}

export const otlp = (spans: readonly unknown[], more: Record<string, unknown> = {}) => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'cart' } }] },
      scopeSpans: [{ scope: { name: 'lib', version: '1' }, spans }],
      ...more,
    },
  ],
})
export const plainSpan = {
  traceId: SPAN_TRACE,
  spanId: 'eee19b7ec3c1b174',
  name: 'a',
  kind: 2,
  startTimeUnixNano: String(SPAN_START),
  endTimeUnixNano: String(SPAN_START + 5n),
}

export const fullSpan = {
  ...plainSpan,
  parentSpanId: 'EEE19B7EC3C1B173',
  traceState: 'a=1',
  flags: 0x301,
  name: 'GET /caf\u00e9 "x" \ud83d\ude00',
  attributes: [
    { key: 'http.route', value: { stringValue: '/a"b\\c\n' } },
    { key: 'server.port', value: { intValue: '9223372036854775807' } },
    { key: 'thread.id', value: { intValue: 7 } },
    { key: 'sampling.probability', value: { doubleValue: 0.25 } },
    { value: { boolValue: true }, key: 'code.lineno' },
    { key: 'not.kept', value: { stringValue: 'x' } },
    {
      key: 'http.request.header.b3',
      value: { arrayValue: { values: [{ stringValue: '0' }, { intValue: '5' }, { kvlistValue: { values: [] } }] } },
    },
  ],
  links: [{ traceId: `0000000000000000${SPAN_TRACE.slice(16)}`, spanId: '0000000000000001', attributes: [] }],
  events: [
    {
      timeUnixNano: String(SPAN_START + 1n),
      name: 'exception',
      attributes: [{ key: 'exception.type', value: { stringValue: '*net.OpError' } }],
    },
  ],
  status: { code: 2, message: 'no' },
}

export const fullRow = {
  trace: SPAN_TRACE,
  id: 'eee19b7ec3c1b174',
  parent: 'eee19b7ec3c1b173',
  name: 'GET /caf\u00e9 "x" \ud83d\ude00',
  kind: 'server',
  status: 'error',
  place: 2,
  flags: 1,
  state: 'a=1',
  start: SPAN_START,
  end: SPAN_START + 5n,
  service: 'cart',
  scope: 'lib',
  attributes: {
    'http.route': '/a"b\\c\n',
    'server.port': '9223372036854775807',
    'thread.id': '7',
    'sampling.probability': '0.25',
    'code.lineno': 'true',
    'http.request.header.b3': '["0",5,{}]',
    'exception.type': '*net.OpError',
    'otel.status_description': 'no',
  },
  links: [`0000000000000000${SPAN_TRACE.slice(16)}-0000000000000001`],
  events: [`exception@${SPAN_START + 1n}`],
}

const fixed64 = (value: bigint) => ({ fixed64: value })
const pair = (key: string, value: readonly Field[]): readonly Field[] => [
  [1, key],
  [2, value],
]
export const protoSpan: readonly Field[] = [
  [1, hexBytes(SPAN_TRACE)],
  [2, hexBytes('eee19b7ec3c1b174')],
  [3, 'a=1'],
  [4, hexBytes('eee19b7ec3c1b173')],
  [5, fullRow.name],
  [6, 2],
  [7, fixed64(SPAN_START)],
  [8, fixed64(SPAN_START + 5n)],
  [9, pair('http.route', [[1, '/a"b\\c\n']])],
  [
    9,
    [
      [1, 'server.port'],
      [2, maxInt()],
    ],
  ],
  [9, pair('thread.id', [[3, 7]])],
  [9, pair('sampling.probability', [[4, fixed64(0x3fd0000000000000n)]])],
  [
    9,
    [
      [2, [[2, 1]]],
      [1, 'code.lineno'],
    ],
  ],
  [9, pair('not.kept', [[1, 'x']])],
  [
    9,
    pair('http.request.header.b3', [
      [
        5,
        [
          [1, [[1, '0']]],
          [1, [[3, 5]]],
          [1, [[6, []]]],
        ],
      ],
    ]),
  ],
  [
    13,
    [
      [1, hexBytes(`0000000000000000${SPAN_TRACE.slice(16)}`)],
      [2, hexBytes('0000000000000001')],
    ],
  ],
  [
    11,
    [
      [1, fixed64(SPAN_START + 1n)],
      [2, 'exception'],
      [3, pair('exception.type', [[1, '*net.OpError']])],
    ],
  ],
  [
    15,
    [
      [2, 'no'],
      [3, 2],
    ],
  ],
  [16, { fixed32: 0x301 }],
  [999, 'a field of the future'],
]

/** AnyValue{int_value: 2^63 - 1}, past what the writer's numbers hold. */
export function maxInt(): Uint8Array {
  return Uint8Array.of(0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)
}

export const protoResource: readonly Field[] = [[1, pair('service.name', [[1, 'cart']])]]
export const protoRequest = writeMessage([
  [
    1,
    [
      [1, protoResource],
      [
        2,
        [
          [
            1,
            [
              [1, 'lib'],
              [2, '1'],
            ],
          ],
          [2, protoSpan],
        ],
      ],
      [3, 'https://schema'],
    ],
  ],
])
