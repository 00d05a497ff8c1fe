/** Secrets go, names and everything else stay byte for byte. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redactCmdline, redactJson, redactText } from './redact.ts'

const ARGUMENTS: readonly (readonly [string, string])[] = [
  ['till\0--db-password=hunter2\0-v', 'till\0--db-password=REDACTED\0-v'],
  ['till\0--token\0hunter2\0-v', 'till\0--token\0REDACTED\0-v'],
  ['till\0-api-key\0hunter2', 'till\0-api-key\0REDACTED'],
  ['till\0DB_PASSWORD=hunter2', 'till\0DB_PASSWORD=REDACTED'],
  ['till\0--dsn\0till:hunter2@tcp(db:3306)/till', 'till\0--dsn\0REDACTED'],
  ['till\0till:hunter2@tcp(db:3306)/till', 'till\0till:REDACTED@tcp(db:3306)/till'],
  ['till\0--url=postgres://till:hunter2@db/till', 'till\0--url=postgres://till:REDACTED@db/till'],
  ['till\0redis://:hunter2@cache:6379', 'till\0redis://:REDACTED@cache:6379'],
  ['till\0host=db password=hunter2 user=till', 'till\0host=db password=REDACTED user=till'],
  ['till\0Authorization: Bearer hunter2hunter2', 'till\0Authorization: Bearer REDACTED'],
  ['till\0eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', 'till\0REDACTED'],
  ['till\0AKIAIOSFODNN7EXAMPLE', 'till\0REDACTED'],
]

for (const [before, after] of ARGUMENTS) {
  test(`of ${after.replaceAll('\0', ' ')} only the secret is gone`, () => {
    assert.deepEqual(redactCmdline(before), { text: after, count: 1 })
  })
}

test('what is no secret stays as it is', () => {
  for (const text of [
    'till\0-listen\0:8080\0-author\0ann',
    'till\0--password-file=/run/x\0',
    '',
    'till\0--token\0-v',
    'till\0http://host:80/a@b',
  ]) {
    assert.deepEqual(redactCmdline(text), { text, count: 0 }, text)
  }
})

test('JSON keeps every other byte: numbers past 2^53, spaces, order', () => {
  const text =
    '{"cmdline": ["till","--token","hunter2","-v"],\n"id": 18446744073709551615, "db": {"Password" : "hunter2", "user":"ann\\u003c"}, "dsn":null}'
  const { text: after, count } = redactJson(text)
  assert.equal(count, 2)
  assert.equal(after, text.replaceAll('"hunter2"', '"REDACTED"'))
})

test('a key of an outer object does not make inner strings secret after it has ended', () => {
  const text = '{"token":{"kind":"x"},"name":"till","list":["a","b"]}'
  assert.equal(redactJson(text).text, text)
})

test('text that is cut in the middle of a string is left alone', () => {
  assert.deepEqual(redactJson('{"a": "b'), { text: '{"a": "b', count: 0 })
})

test('metrics lose passwords in their label values', () => {
  const { text, count } = redactText('up{url="postgres://till:hunter2@db/till"} 1\nup{url="http://x/"} 1\n')
  assert.equal(text, 'up{url="postgres://till:REDACTED@db/till"} 1\nup{url="http://x/"} 1\n')
  assert.equal(count, 1)
})

test('several settings of one string lose each its secret', () => {
  const { text, count } = redactText('?user=ann&password=hunter2&a=token=hunter3;token_ttl=5&x-api-key=hunter4')
  assert.equal(text, '?user=ann&password=REDACTED&a=token=REDACTED;token_ttl=5&x-api-key=REDACTED')
  assert.equal(count, 3)
})

test('what a target may send instead takes time in proportion to its length', () => {
  const size = 2 ** 21
  const fill = (piece: string) => piece.repeat(Math.ceil(size / piece.length))
  for (const piece of ['a', 'a.', 'a:', '://a', 'password.', 'token-', 'eyJ-', 'eyJa.', 'a=', '-----BEGIN ']) {
    const text = fill(piece)
    const beganMs = performance.now()
    redactText(text)
    assert.ok(performance.now() - beganMs < 4_000, `metrics of ${JSON.stringify(piece)}`)
  }
  for (const text of [`{"a":"${fill('\\n')}"}`, `{"a":"${fill('\\"')}`, `{${fill('"" ')}`, fill('['), fill('"a":[')]) {
    const beganMs = performance.now()
    redactJson(text)
    assert.ok(performance.now() - beganMs < 4_000, `JSON of ${text.slice(0, 20)}`)
  }
})
