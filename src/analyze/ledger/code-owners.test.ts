import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCodeOwners } from './code-owners.ts'

/** The rules of GitHub's documentation ("About code owners"), a row each. */
const table: readonly (readonly [pattern: string, path: string, owned: boolean])[] = [
  ['*', 'a/b/c.go', true],
  ['*.js', 'src/app.js', true],
  ['*.js', 'src/app.jsx', false],
  ['/build/logs/', 'build/logs/x.log', true],
  ['/build/logs/', 'other/build/logs/x.log', false],
  ['docs/*', 'docs/getting-started.md', true],
  ['docs/*', 'docs/build-app/troubleshooting.md', false],
  ['apps/', 'services/apps/main.go', true],
  ['apps/', 'apps', false],
  ['/docs/', 'docs/a/b.md', true],
  ['/docs/', 'x/docs/b.md', false],
  ['/scripts', 'scripts/run.sh', true],
  ['**/logs', 'build/logs/x', true],
  ['**/logs', 'deeply/nested/logs/x', true],
  ['/apps/github', 'apps/github/main.go', true],
  ['/apps/github', 'apps/github', true],
  ['services/**/api', 'services/cart/v1/api/x.go', true],
  ['services/**/api', 'services/api/x.go', true],
  ['a?.go', 'ab.go', true],
  ['a?.go', 'a/.go', false],
  ['README.md', 'readme.md', false],
  ['with\\ space/', 'with space/x', true],
]

for (const [pattern, path, owned] of table) {
  test(`${pattern} ${owned ? 'owns' : 'does not own'} ${path}`, () => {
    assert.deepEqual(parseCodeOwners(`${pattern} @me`).ownersOf(path), owned ? ['@me'] : [])
  })
}

test('the last line that matches decides, and one without owners takes them away', () => {
  const { ownersOf } = parseCodeOwners('* @all\n*.go @go @org/team # both\n/vendor/\n')
  assert.deepEqual(ownersOf('x.md'), ['@all'])
  assert.deepEqual(ownersOf('a/x.go'), ['@go', '@org/team'])
  assert.deepEqual(ownersOf('vendor/x.go'), [])
})

test('lines that GitHub does not take are skipped and named', () => {
  const { ownersOf, skippedLines } = parseCodeOwners('# comment\n!x @a\n[ab].go @a\n* nobody\n*.go me@example.com\n')
  assert.deepEqual(skippedLines, [2, 3, 4])
  assert.deepEqual(ownersOf('b.go'), ['me@example.com'])
})

test('a pattern of many stars is answered at once', () => {
  const { ownersOf } = parseCodeOwners(`${'*a'.repeat(200)}b @me\n${'**/'.repeat(60)}x @me`)
  const startMs = performance.now()
  assert.deepEqual(ownersOf(`${'a/'.repeat(100)}${'a'.repeat(2000)}`), [])
  assert.ok(performance.now() - startMs < 2000)
})

test('with sections, as GitLab reads it: the last match of each section, and all of them together', () => {
  const { ownersOf, skippedLines, readAs } = parseCodeOwners(
    [
      '* @all',
      'cart/ @early',
      '/cart/ @carts',
      '[Docs][2] @writers @org/sub/team',
      'docs/',
      'docs/api/ @@maintainer',
      '!docs/generated/',
      '^[Security] # not required',
      '*.pem sec@example.com',
      '[docs]',
      'README.md',
      'x.go not-an-owner',
    ].join('\n'),
  )
  assert.equal(readAs, 'GitLab')
  assert.deepEqual(ownersOf('cart/a.go'), ['@carts'])
  assert.deepEqual(ownersOf('docs/a.md'), ['@all', '@writers', '@org/sub/team'])
  assert.deepEqual(ownersOf('docs/api/a.md'), ['@all', '@@maintainer'])
  assert.deepEqual(ownersOf('docs/generated/a.md'), ['@all'])
  assert.deepEqual(ownersOf('cart/key.pem'), ['@carts', 'sec@example.com'])
  assert.deepEqual(ownersOf('README.md'), ['@all', '@writers', '@org/sub/team'])
  assert.deepEqual(skippedLines, [12])
})
