import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { Finding } from '../../model/contract.ts'
import type { SpanTable } from '../../model/spans.ts'
import type { AuditProgram } from '../../model/trust/source-map.ts'
import { type AuditedSource, nameSource } from './source-services.ts'

const table = drawSpans(`
a  -  cart   server  0..100  GET /cart
b  a  price  server  10..60  GET /price
`)

function program(name: string, services: readonly string[] = [], more: readonly string[] = []): AuditProgram {
  const importPath = `example.com/shop/cmd/${name}`
  return {
    importPath,
    directory: `cmd/${name}`,
    packages: [importPath, ...more],
    services: services.map((one) => ({ name: one, file: 'main.go', line: 3 })),
  }
}

function finding(file: string): Finding {
  return {
    rule: 'background-context',
    title: '',
    severity: 'medium',
    confidence: 'probable',
    subject: { service: 'shop' },
    evidence: [{ lens: 'source', source: file, file, line: 1 }],
    blindTo: [],
    cost: {},
    fix: { summary: '' },
    fingerprint: 'x',
  }
}

function source(programs: readonly AuditProgram[], more: Partial<AuditedSource> = {}): AuditedSource {
  return { name: 'shop', findings: [], programs, spanNames: [], modules: ['example.com/shop'], ...more }
}

const servicesOf = (one: AuditedSource, spans: SpanTable = table): readonly string[] =>
  nameSource(one, spans).programs.map(({ services, by }) => `${services.join('+')} ${by}`)

test('the name that the code sets comes first, then the folder’s', () => {
  assert.deepEqual(servicesOf(source([program('api', ['cart']), program('price')])), [
    'cart the name that its code sets',
    'price its folder’s name',
  ])
})

test('a scope named like a package of one command alone tells its service', () => {
  const scoped = { ...table, scopes: table.scopes.map(() => ({ name: 'example.com/shop/cmd/api' })) }
  assert.deepEqual(servicesOf(source([program('api'), program('web')]), scoped), [
    'cart+price the scope of its spans',
    ' ',
  ])
})

test('names of other services, and nothing that fits, are nobody’s', () => {
  const named = nameSource(source([program('api', ['billing']), program('web')]), table)
  assert.deepEqual(
    named.programs.map(({ services }) => services),
    [[], []],
  )
  assert.deepEqual(named.unseen, ['billing'])
})

test('a finding is evidence for the services that are made of its package, and for none where one is not known', () => {
  const shared = 'example.com/shop/store'
  const findings = [finding('cmd/cart/main.go'), finding('store/db.go')]
  const both = source([program('cart', [], [shared]), program('price', [], [shared])], { findings })
  assert.deepEqual(
    nameSource(both, table).evidence.map((one) => one?.services),
    [['cart'], ['cart', 'price']],
  )
  const half = source([program('cart', [], [shared]), program('web', [], [shared])], { findings })
  assert.deepEqual(
    nameSource(half, table).evidence.map((one) => one?.services),
    [['cart'], undefined],
  )
})

test('whoever gave the source has the last word; places are told from where the command was run', () => {
  const given = source([program('web')], { findings: [finding('cmd/web/main.go')], services: ['price'] })
  const [evidence] = nameSource(given, table).evidence
  assert.deepEqual([evidence?.services, evidence?.file], [['price'], 'shop/cmd/web/main.go'])
})
