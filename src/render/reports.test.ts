/** The three forms of a diagnosis on drawn data, and what hostile strings can do in them: nothing. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { drawnReport, hostileReport, hostileText } from '../../tests/samples/report.ts'
import { answerDiagnosis, type DiagnoseReport } from './answer.ts'
import { renderHtmlReport } from './html-diagnose.ts'
import { STYLE, STYLE_HASH } from './html-style.ts'
import { renderMarkdown } from './markdown.ts'
import { renderDiagnosis, renderDiagnosisMany } from './terminal-diagnose.ts'
import { widthOf } from './text.ts'
import { plainTheme } from './theme.ts'

const options = { width: 100, theme: plainTheme }

function withVerdict(verdict: Partial<DiagnoseReport['data']['verdict']>, groups = drawnReport.data.goroutines.groups) {
  const { data } = drawnReport
  const changed = { ...data, verdict: { ...data.verdict, ...verdict }, goroutines: { ...data.goroutines, groups } }
  return { ...drawnReport, data: changed }
}

test('the first lines of the terminal answer: grade, share, what is stuck, where, who holds it, which lens missed it', () => {
  const text = renderDiagnosis(drawnReport, options)
  const screen = text.split('\n').slice(0, 24).join('\n')
  for (const words of [
    'BLIND',
    '78 % of the goroutine time here is in no profile that is on',
    '61 goroutines are stuck or leaked',
    '61 goroutines wait on one mutex that a slow request holds',
    'example.com/shop/internal/api/quote.go:31',
    'for at least 3s',
    'growing from 40 to 61',
    'held up by api.(*Prices).refresh (g2), probable',
    'never in cpu, block or mutex while it lasts; shown by goroutine and trace',
    'Do not hold the lock across the request',
  ]) {
    assert.ok(screen.replace(/\s+/g, ' ').includes(words), words)
  }
})

test('time that is idle by inference alone is not called idle by design', () => {
  const facts = (verdict: object) => answerDiagnosis(withVerdict(verdict)).facts.at(-1)
  assert.equal(facts({}), '12 s of goroutine time is idle by design')
  const part = { idlePossibleNs: 5_000_000_000 }
  assert.equal(facts(part), '12 s of goroutine time is idle by design, 5 s of it only by inference')
  const all = { idlePossibleNs: 12_000_000_000 }
  assert.equal(facts(all), '12 s of goroutine time is idle, as far as can be inferred')
})

test('a request that did not answer keeps its name beside a long address', () => {
  const target = `http://10.0.0.7:6060/${'a/'.repeat(80)}debug/pprof/`
  const gap = { what: 'goroutineleak?debug=0', why: 'The target has no such profile (404)', target }
  const one = renderDiagnosis({ ...drawnReport, coverage: { asked: 9, answered: 8, missing: [gap] } }, options)
  assert.match(one, /^goroutineleak\?debug=0 +The target has no such profile/m)
  const other = { ...gap, what: 'trace?seconds=1', target: 'http://b:6060/debug/pprof/' }
  const two = renderDiagnosis({ ...drawnReport, coverage: { asked: 9, answered: 7, missing: [gap, other] } }, options)
  assert.match(two, /^goroutineleak\?debug=0 +….*debug\/pprof\/ /m)
  assert.match(two, /^trace\?seconds=1 +.*b:6060\/debug\/pprof\/ /m)
})

test('the terminal report keeps to the width that it is given', () => {
  for (const width of [60, 80, 100, 140]) {
    for (const report of [drawnReport, hostileReport]) {
      const wide = renderDiagnosis(report, { width, theme: plainTheme })
        .split('\n')
        .filter((line) => widthOf(line) > width)
      assert.deepEqual(wide, [])
    }
  }
})

test('the headline never says more than the verdicts do', () => {
  const possible = drawnReport.data.goroutines.groups.map((group) => ({ ...group, confidence: 'possible' as const }))
  assert.match(answerDiagnosis(withVerdict({}, possible)).headline, /61 goroutines may be stuck or leaked/)
  const none = drawnReport.data.goroutines.groups.slice(2)
  const clear = withVerdict({ grade: 'clear', blindRatio: 0.01 }, none)
  assert.equal(
    answerDiagnosis({ ...clear, findings: [] }).headline,
    'Nothing here is stuck, and the profiles that are on can see what its goroutines wait for.',
  )
  const [shape] = none
  assert.ok(shape !== undefined)
  const sure = { ...clear, findings: [] }
  const say = (...groups: readonly Partial<typeof shape>[]) =>
    answerDiagnosis({
      ...sure,
      data: { ...sure.data, goroutines: { count: 1, groups: groups.map((one) => ({ ...shape, ...one })) } },
    }).headline
  assert.equal(
    say({ verdict: 'idle', confidence: 'possible', count: 20_000 }),
    'Nothing is proven stuck; 20,000 goroutines only look idle.',
  )
  assert.equal(
    say(
      { verdict: 'idle', confidence: 'certain', count: 7 },
      { verdict: 'unknown', confidence: 'possible', count: 12 },
      { verdict: 'stuck', confidence: 'possible', count: 3 },
    ),
    'Nothing is proven stuck; 3 goroutines may be stuck or leaked and of 12 goroutines nothing tells whether they ever go on.',
  )
  const { blindRatio, ...rest } = drawnReport.data.verdict
  assert.equal(blindRatio, 0.78)
  const unknown = {
    ...drawnReport,
    data: { ...drawnReport.data, verdict: { ...rest, grade: 'inconclusive' as const } },
  }
  assert.match(answerDiagnosis(unknown).headline, /^There is too little evidence to judge/)
})

test('a group in trouble that no finding is about is still told', () => {
  const told = answerDiagnosis(drawnReport).troubles.map(({ group }) => group?.id)
  assert.deepEqual(told, ['g1', 'g2'])
})

test('a wait of which nothing is proved is given no length', () => {
  const text = renderDiagnosis({ ...drawnReport, findings: [] }, options)
  assert.doesNotMatch(text, /0ns|undefined|NaN/)
})

test('several targets are answered one after another, and those that failed are named', () => {
  const coverage = { asked: 2, answered: 1, missing: [{ what: 'http://b/', why: 'refused' }] }
  const text = renderDiagnosisMany([drawnReport], { issues: [], coverage }, options)
  assert.match(text, /BLIND/)
  assert.match(text, /1 of 2 targets answered/)
  assert.match(text, /http:\/\/b\/ +refused/)
})

test('no terminal output holds a control character other than the line end', () => {
  const text = renderDiagnosis(hostileReport, options)
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
  assert.match(text, /\\x1b\[2J/)
  assert.doesNotMatch(text, /^INJECTED/m)
})

test('the HTML report has no scripts, no requests, and a policy that allows its own style alone', () => {
  const page = renderHtmlReport([drawnReport], { version: '1.2.3' })
  const hash = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`
  assert.equal(STYLE_HASH, hash)
  assert.ok(page.includes(`content="default-src &#39;none&#39;; style-src &#39;${hash}&#39;;`))
  assert.doesNotMatch(page, /<script|<link|<img|<iframe|\ssrc=|\sstyle=|\son\w+=/i)
  assert.match(page, /61 goroutines wait on one mutex/)
  assert.match(page, /Made by Sightline 1\.2\.3/)
})

test('hostile text stays text in the HTML report', () => {
  const page = renderHtmlReport([hostileReport], { version: '1' })
  assert.doesNotMatch(page, /<script|<img|javascript:alert\(3\)"/i)
  assert.ok(page.includes('&lt;script&gt;alert(1)&lt;/script&gt;'))
  assert.doesNotMatch(page.replace(/[\n]/g, ''), /[\p{Cc}\p{Cf}]/u)
})

test('several targets share a page without sharing the ids of their groups', () => {
  const page = renderHtmlReport([drawnReport, drawnReport], { version: '1' })
  const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1])
  assert.equal(new Set(ids).size, ids.length)
  assert.ok(ids.includes('t1-g1') && ids.includes('t2-g1'))
})

test('hostile text makes no link, image, mention or HTML in Markdown', () => {
  const text = renderMarkdown([hostileReport])
  // What stands in code spans is taken literally by Markdown.
  const prose = text.replace(/(`+) ?.*?\1/g, '')
  assert.doesNotMatch(prose, /<script|<img/)
  assert.doesNotMatch(prose, /(?<!\\)\[x(?<!\\)\]\(/)
  assert.doesNotMatch(prose, /@team/)
  assert.ok(hostileText.includes('@team'))
})

test('every Markdown table row has as many cells as its header', () => {
  for (const report of [drawnReport, hostileReport]) {
    const blocks = renderMarkdown([report])
      .split('\n\n')
      .filter((block) => block.startsWith('|'))
    assert.ok(blocks.length >= 3)
    for (const block of blocks) {
      const cells = block.split('\n').map((line) => line.replaceAll('\\\\', '').split(/(?<!\\)\|/).length)
      assert.equal(new Set(cells).size, 1, block)
    }
  }
})
