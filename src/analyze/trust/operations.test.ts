import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import { attributeOf, generaliseName, nameOperations } from './operations.ts'

test('what varies in a name is left out, what names the operation stays', () => {
  assert.equal(generaliseName('GET /cart/17/items/9f8e7d6c5b4a?x=1'), 'GET /cart/{}/items/{}')
  assert.equal(generaliseName('process 3f2504e0-4f89-41d3-9a0c-0305e82c3301'), 'process {}')
  for (const name of ['GET /v2/users', 'shop.Cart/Add2', 'SELECT orders', 'decade', 'facade-cafe', 'http2']) {
    assert.equal(generaliseName(name), name)
  }
})

test('an operation is of a service and a kind; the route names it where there is one', () => {
  const spans = drawSpans(`
    a     -  cart   server  0..1  GET /cart/1
    t2/b  -  cart   server  0..1  GET /cart/2
    t3/c  -  cart   client  0..1  GET /cart/2
    t4/d  -  price  server  0..1  GET           http.route=/price
    t5/e  -  price  server  0..1  GET           http.route=/other
  `)
  const { list, of } = nameOperations(spans)
  assert.deepEqual([...of], [0, 0, 1, 2, 3])
  assert.deepEqual(
    list.map(({ name }) => name),
    ['GET /cart/{}', 'GET /cart/{}', 'GET /price', 'GET /other'],
  )
  assert.equal(attributeOf(spans, 3, 'http.route'), '/price')
  assert.equal(attributeOf(spans, 0, 'http.route'), undefined)
})

test('a service with a name per request does not fill the memory', () => {
  const drawing = Array.from({ length: 21_000 }, (_, index) => `t${index}/a  -  s  internal  0..1  n${index}x`).join(
    '\n',
  )
  assert.equal(nameOperations(drawSpans(drawing)).list.length, 20_001)
})

test('what varies between few names, each met often, is no id; between many it is, and in a path', () => {
  const draw = (names: number, nameOf: (index: number) => string): number => {
    const lines = Array.from(
      { length: 600 },
      (_, index) => `t${index}/a  -  s  internal  0..1  ${nameOf(index % names)}`,
    )
    return nameOperations(drawSpans(lines.join('\n'))).list.length
  }
  const hex = (index: number): string => `${(0xa1b2c3d4e5 + index * 7_654_321).toString(16)}`
  assert.equal(
    draw(6, (index) => `op-${hex(index)}`),
    6,
  )
  assert.equal(
    draw(200, (index) => `op-${hex(index)}`),
    1,
  )
  assert.equal(
    draw(6, (index) => `GET /tenants/${hex(index)}`),
    1,
  )
})
