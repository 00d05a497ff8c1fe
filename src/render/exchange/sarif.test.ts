/**
 * SARIF against the parts of the official schema (OASIS sarif-schema-2.1.0.json, errata 01) that we write: which properties
 * an object may have (the schema forbids others), which it must, and of what kind they are; and what GitHub asks beyond it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '../../model/contract.ts'
import { MAX_SARIF_RESULTS, renderSarif } from './sarif.ts'
import { renderAuditSarif } from './sarif-audit.ts'

type Kind =
  | 'string'
  | 'integer'
  | 'object'
  | { readonly of: Shape }
  | { readonly list: Shape }
  | { readonly one: readonly string[] }
  | 'strings'
  | 'bag'
type Shape = { readonly must: readonly string[]; readonly may: Readonly<Record<string, Kind>> }

const message: Shape = { must: [], may: { text: 'string', markdown: 'string', id: 'string' } }
const multiformat: Shape = { must: ['text'], may: { text: 'string', markdown: 'string' } }
const level: Kind = { one: ['none', 'note', 'warning', 'error'] }
const location: Shape = {
  must: [],
  may: {
    id: 'integer',
    message: { of: message },
    logicalLocations: { list: { must: [], may: { fullyQualifiedName: 'string', name: 'string' } } },
    physicalLocation: {
      of: {
        must: [],
        may: {
          artifactLocation: { of: { must: [], may: { uri: 'string', uriBaseId: 'string', index: 'integer' } } },
          region: {
            of: {
              must: [],
              may: { startLine: 'integer', startColumn: 'integer', endLine: 'integer', endColumn: 'integer' },
            },
          },
        },
      },
    },
  },
}
const log: Shape = {
  must: ['version', 'runs'],
  may: {
    $schema: 'string',
    version: { one: ['2.1.0'] },
    runs: {
      list: {
        must: ['tool'],
        may: {
          invocations: {
            list: {
              must: ['executionSuccessful'],
              may: {
                executionSuccessful: { one: ['true', 'false'] },
                toolExecutionNotifications: {
                  list: {
                    must: ['message'],
                    may: {
                      level,
                      message: { of: message },
                      descriptor: { of: { must: [], may: { id: 'string', index: 'integer' } } },
                    },
                  },
                },
              },
            },
          },
          columnKind: { one: ['utf16CodeUnits', 'unicodeCodePoints'] },
          tool: {
            of: {
              must: ['driver'],
              may: {
                driver: {
                  of: {
                    must: ['name'],
                    may: {
                      name: 'string',
                      version: 'string',
                      semanticVersion: 'string',
                      informationUri: 'string',
                      rules: {
                        list: {
                          must: ['id'],
                          may: {
                            id: 'string',
                            name: 'string',
                            shortDescription: { of: multiformat },
                            fullDescription: { of: multiformat },
                            help: { of: multiformat },
                            helpUri: 'string',
                            defaultConfiguration: { of: { must: [], may: { level } } },
                            properties: 'bag',
                          },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
          results: {
            list: {
              must: ['message'],
              may: {
                ruleId: 'string',
                ruleIndex: 'integer',
                level,
                message: { of: message },
                locations: { list: location },
                relatedLocations: { list: location },
                partialFingerprints: 'strings',
                baselineState: { one: ['new', 'unchanged', 'updated', 'absent'] },
                suppressions: {
                  list: {
                    must: ['kind'],
                    may: {
                      kind: { one: ['inSource', 'external'] },
                      status: { one: ['accepted', 'underReview', 'rejected'] },
                      justification: 'string',
                    },
                  },
                },
                properties: 'bag',
              },
            },
          },
        },
      },
    },
  },
}

function check(value: unknown, shape: Shape, at: string): void {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), `${at} is an object`)
  for (const name of shape.must) assert.ok(name in value, `${at} has ${name}`)
  for (const [name, inner] of Object.entries(value)) {
    const kind = shape.may[name]
    assert.ok(kind !== undefined, `${at}.${name} is in the schema`)
    checkKind(inner, kind, `${at}.${name}`)
  }
}

function checkKind(value: unknown, kind: Kind, at: string): void {
  if (kind === 'string') assert.equal(typeof value, 'string', at)
  else if (kind === 'integer')
    assert.ok(Number.isSafeInteger(value) && Number(value) >= 1 - Number(at.endsWith('ndex')), `${at}: ${value}`)
  else if (kind === 'object' || kind === 'bag') assert.equal(typeof value, 'object', at)
  else if (kind === 'strings')
    assert.ok(
      Object.values(value as object).every((one) => typeof one === 'string'),
      at,
    )
  else if ('of' in kind) check(value, kind.of, at)
  else if ('one' in kind) assert.ok(kind.one.includes(String(value)), `${at}: ${value}`)
  else {
    assert.ok(Array.isArray(value), at)
    value.forEach((one, index) => {
      check(one, kind.list, `${at}[${index}]`)
    })
  }
}

function finding(more: Partial<Finding> = {}): Finding {
  return {
    rule: 'lost-cancel',
    title: 'cancel is not used',
    severity: 'high',
    confidence: 'probable',
    subject: { service: 'shop' },
    evidence: [
      { lens: 'source', source: 'a b/ü.go', file: 'a b/ü.go', line: 3, column: 7, excerpt: 'ctx, cancel := f()' },
      {
        lens: 'source',
        source: 'a b/ü.go',
        file: 'a b/ü.go',
        line: 9,
        column: 1,
        at: 'line 9: reached without cancel',
        excerpt: '}',
      },
    ],
    blindTo: [],
    cost: {},
    fix: { summary: 'defer cancel()' },
    fingerprint: '0123456789abcdef0123456789abcdef',
    ...more,
  }
}

const rules = [
  {
    id: 'lost-cancel',
    title: 'A cancel function is lost',
    severity: 'medium',
    saysWhen: 'always.',
    fix: 'defer cancel()',
  },
  { id: 'unused', title: 'Unused', severity: 'low', saysWhen: 'never.', fix: 'nothing' },
] as const

test('what is written is in the official schema, with findings and without', () => {
  for (const findings of [[], [finding()], [finding(), finding({ severity: 'info', confidence: 'possible' })]]) {
    check(JSON.parse(renderAuditSarif(findings, { version: '1.2.3', rules })), log, 'log')
  }
})

test('a result names its rule, its place, and a fingerprint; a path is a relative URI', () => {
  const { runs } = JSON.parse(renderAuditSarif([finding()], { version: '1.2.3', rules }))
  const [result] = runs[0].results
  assert.equal(runs[0].tool.driver.rules[result.ruleIndex].id, 'lost-cancel')
  assert.equal(result.level, 'error')
  const place = result.locations[0].physicalLocation
  assert.equal(place.artifactLocation.uri, 'a%20b/%C3%BC.go')
  assert.deepEqual(place.region, { startLine: 3, startColumn: 7 })
  assert.deepEqual(Object.values(result.partialFingerprints), ['0123456789abcdef0123456789abcdef'])
  assert.equal(result.relatedLocations[0].physicalLocation.region.startLine, 9)
})

test('a column in a line that is not ASCII is left out: bytes are no UTF-16 units', () => {
  const odd = finding({
    evidence: [{ lens: 'source', source: 'a.go', file: 'a.go', line: 1, column: 9, excerpt: '"ü", f()' }],
  })
  const { runs } = JSON.parse(renderAuditSarif([odd], { version: '1.2.3', rules }))
  assert.deepEqual(runs[0].results[0].locations[0].physicalLocation.region, { startLine: 1 })
})

test('a finding without a file is no result: code scanning refuses one', () => {
  const loose = finding({ evidence: [{ lens: 'goroutine', source: 'goroutine.txt' }] })
  const [run] = JSON.parse(renderAuditSarif([loose, finding()], { version: '1.2.3', rules })).runs
  assert.equal(run.results.length, 1)
  assert.match(run.invocations[0].toolExecutionNotifications[0].message.text, /^1 findings have no file/)
})

test('results beyond what code scanning takes are left out, the mildest ones, and the run says how many', () => {
  const results = Array.from({ length: MAX_SARIF_RESULTS + 3 }, (_, index) => ({
    rule: 'no-extract',
    severity: index < 10 ? ('low' as const) : ('high' as const),
    message: 'context ends',
    fingerprint: String(index),
    place: { file: 'a.go' },
  }))
  const [run] = JSON.parse(renderSarif({ version: '1.2.3', rules: [], results })).runs
  check({ version: '2.1.0', runs: [{ ...run, results: run.results.slice(0, 3) }] }, log, 'log')
  assert.equal(run.results.length, MAX_SARIF_RESULTS)
  assert.equal(run.results.filter(({ level }: { level: string }) => level === 'note').length, 7)
  const [notification] = run.invocations[0].toolExecutionNotifications
  assert.match(notification.message.text, /^3 results beyond 25,000 were left out/)
})

test('what a gate adds is in the official schema: what is new, what is put up with, a place outside of source', () => {
  const text = renderSarif({
    version: '1.2.3',
    rules: [],
    results: [
      {
        rule: 'no-extract',
        severity: 'high',
        message: 'context ends',
        fingerprint: '0123456789abcdef0123456789abcdef',
        place: { file: './a b\\report.json' },
        logicalName: 'cart -> stock',
        isNew: true,
        suppressedBy: 'known (ann, until 2027-01-01)',
      },
    ],
  })
  const read = JSON.parse(text)
  check(read, log, 'log')
  const { locations, ruleId, ruleIndex } = read.runs[0].results[0]
  assert.equal(read.runs[0].tool.driver.rules[ruleIndex].id, ruleId)
  assert.equal(locations[0].physicalLocation.artifactLocation.uri, 'a%20b/report.json')
})
