/** Addresses: bases, unix sockets, pages beside the lenses, and secrets that never show. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isTargetAddress, listSiblingPaths, parseTarget, type TargetAddress } from './target.ts'

function read(text: string): TargetAddress {
  const target = parseTarget(text)
  assert.ok(target.ok, text)
  return target.value
}

const BASES: readonly (readonly [string, readonly string[]])[] = [
  ['http://h:1', ['/debug/pprof/']],
  ['http://h:1/', ['/debug/pprof/']],
  ['http://h:1/debug/pprof', ['/debug/pprof/']],
  ['http://h:1/debug/pprof/', ['/debug/pprof/']],
  ['http://h:1/debug/pprof/heap?debug=1', ['/debug/pprof/']],
  ['http://h:1/internal/debug/pprof/goroutine?debug=2', ['/internal/debug/pprof/']],
  ['http://h:1/internal/debug/pprof/', ['/internal/debug/pprof/']],
  [
    'http://h:1/api/v1/namespaces/n/pods/p:6060/proxy',
    ['/api/v1/namespaces/n/pods/p:6060/proxy/', '/api/v1/namespaces/n/pods/p:6060/proxy/debug/pprof/'],
  ],
  ['h:1', ['/debug/pprof/']],
  [':6060', ['/debug/pprof/']],
  ['[::1]:6060', ['/debug/pprof/']],
  ['unix:///run/a.sock', ['/debug/pprof/']],
  ['unix:///run/a.sock:/x/debug/pprof/', ['/x/debug/pprof/']],
  ['http+unix://%2Frun%2Fa.sock/x/debug/pprof', ['/x/debug/pprof/']],
]

for (const [text, bases] of BASES) {
  test(`${text} has its lenses at ${bases.join(' or ')}`, () => {
    assert.deepEqual(read(text).basePaths, bases)
    assert.ok(isTargetAddress(text))
  })
}

test('a unix socket keeps its path, and a TCP address its host and port', () => {
  assert.deepEqual(read('http+unix://%2Frun%2Fa%20b.sock/').transport, { kind: 'unix', socketPath: '/run/a b.sock' })
  assert.deepEqual(read('https://[::1]/').transport, { kind: 'tcp', secure: true, host: '::1', port: 443 })
  assert.equal(read('https://[::1]/').instance, '[::1]:443')
  assert.equal(read(':6060').instance, 'localhost:6060')
})

test('no form of the address shows user, password or the values of its query', () => {
  for (const text of ['http://ann:hunter2@h:1/?token=hunter2', 'unix:///s.sock:/p/pprof/?token=hunter2&x=hunter2']) {
    const target = read(text)
    assert.ok(!`${target.display}${target.instance}`.includes('hunter2'))
    assert.ok(!target.display.includes('ann'))
    assert.match(target.display, /token=REDACTED/)
    assert.match(target.query, /token=hunter2/)
  }
  assert.deepEqual(read('http://ann:p%40ss@h:1').basic, { user: 'ann', password: 'p@ss' })
})

test('what is no address is refused, without repeating it', () => {
  for (const text of [
    '',
    'http://',
    'ftp://h/hunter2',
    'unix://relative.sock',
    'http+unix://x/',
    'http://a:hunter2%ZZ@h/',
    'https+unix://%2Fa/',
  ]) {
    const target = parseTarget(text)
    assert.ok(!target.ok, text)
    assert.equal(target.error.code, 'SL_COLLECT_TARGET_SYNTAX')
    assert.ok(!JSON.stringify(target.error).includes('hunter2'))
  }
})

test('files are not taken for addresses', () => {
  for (const text of ['shop.slc', './dump.txt', 'goroutine.0.txt', '-', 'C:/x/dump.txt', '/tmp/a:b']) {
    assert.ok(!isTargetAddress(text), text)
  }
})

test('pages beside the lenses are looked for next to the base, then at the root', () => {
  assert.deepEqual(listSiblingPaths('/debug/pprof/', 'vars'), ['/debug/vars'])
  assert.deepEqual(listSiblingPaths('/debug/pprof/', 'metrics'), ['/metrics', '/debug/metrics'])
  assert.deepEqual(listSiblingPaths('/internal/debug/pprof/', 'metrics'), [
    '/internal/metrics',
    '/internal/debug/metrics',
    '/metrics',
  ])
})

test('behind the proxy of an API server the root is never asked: its metrics are not the target’s', () => {
  const paths = listSiblingPaths('/api/v1/namespaces/n/pods/p:6060/proxy/debug/pprof/', 'metrics')
  assert.ok(paths.every((path) => path.startsWith('/api/v1/namespaces/n/pods/p:6060/proxy/')))
})
