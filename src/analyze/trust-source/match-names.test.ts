import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSameFunction, isSameName } from './match-names.ts'

test('functions are the same by declaration, whatever literal, wrapper or package path stands around it', () => {
  assert.ok(isSameFunction('example.com/shop/cart.(*Server).Get', 'example.com/shop/cart.(*Server).Get.func1.2'))
  assert.ok(isSameFunction('cart.(*Server).Get', 'example.com/shop/cart.(*Server).Get'))
  assert.ok(isSameFunction('main.run.gowrap1', 'main.run'))
  assert.ok(isSameFunction('main.Map[...].func1', 'main.Map'))
  assert.ok(isSameFunction('main.(*s).handle.(*s).handle.func4.func5', 'main.(*s).handle'))
  assert.ok(!isSameFunction('main.(*Server).GetAll', 'main.(*Server).Get'))
  assert.ok(!isSameFunction('Get', 'example.com/shop/cart.(*Server).Get'))
  assert.ok(!isSameFunction('example.com/other/cart.Get', 'example.com/shop/cart.Get'))
})

test('a route is the same in every way to write a parameter, with or without its verb', () => {
  for (const route of ['/cart/:id', '/cart/{id}', 'GET /cart/{id:[0-9]+}', 'GET /cart/<id>', '/cart/{}']) {
    assert.ok(isSameName('GET /cart/:id', route), route)
    assert.ok(isSameName('GET /cart/{}', route), route)
  }
  assert.ok(!isSameName('POST /cart/:id', 'GET /cart/{id}'))
  assert.ok(!isSameName('GET /cart/:id/items', '/cart/{id}'))
  assert.ok(!isSameName('GET /carts/:id', '/cart/{id}'))
})

test('a route that is registered in a group is the end of the whole; a parameter alone is no end', () => {
  assert.ok(isSameName('GET /api/v1/cart/:id', 'GET /cart/:id'))
  assert.ok(!isSameName('GET /api/v1/cart/:id', '/:id'))
  assert.ok(!isSameName('GET /cart', '/api/cart'))
})

test('what the source leaves open fits anything in its place, and no more', () => {
  assert.ok(isSameName('process orders', 'process *'))
  assert.ok(isSameName('shop.Stock/Reserve', '*/Reserve'))
  assert.ok(isSameName('load cart 17', 'load cart *'))
  assert.ok(!isSameName('shop.Stock/ReserveAll', '*/Reserve'))
  assert.ok(!isSameName('reprocess orders', 'process *'))
  assert.ok(!isSameName('load', 'load cart'))
})
