/** `sightline trust` of files that hold the same spans: copies are one, and what is a duplicate in truth stays one. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runSightline } from './samples/run-sightline.ts'
import { makeShop, type ShopSpan, shopFormats } from './samples/shop-spans.ts'

const folder = mkdtempSync(join(tmpdir(), 'sightline-repeats-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const shop = makeShop({ traces: 600 })

function write(name: string, format: string, spans: readonly ShopSpan[]): string {
  const path = join(folder, `${name}.${format}`)
  writeFileSync(path, shopFormats[format]?.(spans) ?? '')
  return path
}

async function judge(...files: readonly string[]) {
  const { stdout } = await runSightline(['trust', ...files, '--json'])
  const { data, issues } = JSON.parse(stdout)
  const services = data.services as { service: string; grade: string; breaks: { class: string }[] }[]
  const grades = services.map(({ service, grade }) => [service, grade])
  return {
    spans: data.spans as number,
    grades: Object.fromEntries(grades) as Record<string, string>,
    classes: new Set(services.flatMap(({ breaks }) => breaks.map((one) => one.class))),
    repeats: (issues as { code: string; count: number; hint: string; message: string }[]).filter(
      ({ code }) => code === 'SL_OPS_SPANS_REPEATED',
    ),
  }
}

const healthy = { cart: 'A', gateway: 'A', price: 'A', stock: 'A' }

test('a file and its copy are one: graded as one of them alone, and told', async () => {
  const alone = await judge(write('one', 'otlp.json', shop))
  const both = await judge(write('one', 'otlp.json', shop), write('copy', 'otlp.json', shop))
  assert.deepEqual(both.grades, healthy)
  assert.deepEqual([both.spans, both.classes], [alone.spans, alone.classes])
  assert.equal(both.repeats.length, 1)
  assert.match(both.repeats[0]?.message ?? '', new RegExp(`^${alone.spans} spans of this file stand in another`))
})

test('exports of the same traces in two formats are one, whichever comes first', async () => {
  const formats = Object.keys(shopFormats)
  for (const format of formats) {
    const other = formats[(formats.indexOf(format) + 1) % formats.length] as string
    const both = await judge(write('one', format, shop), write('other', other, shop))
    assert.deepEqual([both.grades, both.spans], [healthy, shop.length], `${format} ${other}`)
    assert.equal(both.repeats.length, 1)
  }
})

test('files that overlap keep what only one of them has', async () => {
  const half = shop.length / 2
  const both = await judge(
    write('early', 'otlp.json', shop.slice(0, half + 70)),
    write('late', 'otlp.json', shop.slice(half)),
  )
  assert.deepEqual([both.grades, both.spans], [healthy, shop.length])
  assert.match(both.repeats[0]?.message ?? '', /^70 spans/)
})

test('what stands twice in one file is a duplicate, in its copy too', async () => {
  const twice = shop.flatMap((span) => (span.service === 'stock' ? [span, span] : [span]))
  for (const files of [
    [write('twice', 'otlp.json', twice)],
    [write('twice', 'otlp.json', twice), write('again', 'otlp.json', twice)],
  ]) {
    const { classes, grades, spans } = await judge(...files)
    assert.ok(classes.has('duplicate-span-id'), [...classes].join())
    assert.deepEqual([grades.stock, spans], ['F', twice.length])
  }
})

test('one id with two payloads in two files is a duplicate', async () => {
  const other = shop
    .filter(({ service }) => service === 'stock')
    .map((span) => ({ ...span, name: `${span.name} again` }))
  const { classes, repeats } = await judge(write('one', 'otlp.json', shop), write('changed', 'otlp.json', other))
  assert.ok(classes.has('duplicate-span-id'), [...classes].join())
  assert.deepEqual(repeats, [])
})
