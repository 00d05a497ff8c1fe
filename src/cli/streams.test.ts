/** Width, colour, log lines and progress: what reaches which stream, in which form. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LogFormat, openLogger } from './logger.ts'
import { openProgress } from './progress.ts'
import { chooseWidth, type OutStream, wantsColor } from './streams.ts'
import { suggestName } from './suggest.ts'

function openSink(more: Partial<OutStream> = {}): OutStream & { text(): string } {
  let written = ''
  return {
    ...more,
    write(text, done) {
      written += text
      done?.()
      return true
    },
    text: () => written,
  }
}

test('the width is COLUMNS, else the terminal’s, else 100, within bounds', () => {
  const stdout = openSink({ columns: 120 })
  assert.equal(chooseWidth({ env: { COLUMNS: '80' }, stdout }), 80)
  assert.equal(chooseWidth({ env: { COLUMNS: 'wide' }, stdout }), 120)
  assert.equal(chooseWidth({ env: {}, stdout: openSink() }), 100)
  assert.equal(chooseWidth({ env: { COLUMNS: '9' }, stdout }), 40)
  assert.equal(chooseWidth({ env: { COLUMNS: '900' }, stdout }), 140)
})

test('colour is for terminals, NO_COLOR and a dumb terminal turn it off, FORCE_COLOR on', () => {
  const terminal = openSink({ isTTY: true })
  assert.equal(wantsColor({ env: {} }, terminal, false), true)
  assert.equal(wantsColor({ env: { TERM: 'dumb' } }, terminal, false), false)
  assert.equal(wantsColor({ env: { NO_COLOR: '' } }, terminal, false), true)
  assert.equal(wantsColor({ env: { NO_COLOR: '1', FORCE_COLOR: '1' } }, terminal, false), false)
  assert.equal(wantsColor({ env: { FORCE_COLOR: '0' } }, terminal, false), false)
  assert.equal(wantsColor({ env: {} }, openSink(), false), false)
})

test('a log line has its level and fields, is one line, and steers no terminal', () => {
  const log = (format: LogFormat) => {
    const stream = openSink()
    const logger = openLogger({ stream, level: 'info', format, now: () => 'T' })
    logger.log('debug', 'not said')
    logger.log('info', 'read', { name: 'a "b"\n\u001b[31m', count: 3, absent: undefined })
    return stream.text()
  }
  assert.equal(log('logfmt'), 'time=T level=info message=read name="a \\"b\\"\\n\\x1b[31m" count=3\n')
  assert.deepEqual(JSON.parse(log('json')), {
    time: 'T',
    level: 'info',
    message: 'read',
    name: 'a "b"\n\u001b[31m',
    count: 3,
  })
})

test('progress rewrites one line on a terminal and cleans it up, or prints lines, or nothing', () => {
  let nowMs = 0
  const run = (mode: 'rewrite' | 'lines' | 'off') => {
    const stream = openSink()
    const progress = openProgress({ stream, mode, width: 20, nowMs: () => nowMs })
    progress.step('asking', { done: 1, total: 3 })
    progress.step('too soon to be seen')
    nowMs += 1000
    progress.step('a line that is longer than the terminal\u001b[2J')
    progress.close()
    return stream.text()
  }
  assert.equal(run('rewrite'), '\r\u001b[2Kasking 1/3\r\u001b[2Ka line that is lon…\r\u001b[2K')
  assert.equal(run('lines'), 'asking 1/3\ntoo soon to be seen\na line that is longer than the terminal\\x1b[2J\n')
  assert.equal(run('off'), '')
})

test('a near name is suggested, a far one is not', () => {
  assert.equal(suggestName('stuck-gorutines', ['stuck-goroutines', 'leaked-goroutines']), 'stuck-goroutines')
  assert.equal(suggestName('zzz', ['stuck-goroutines']), undefined)
})
