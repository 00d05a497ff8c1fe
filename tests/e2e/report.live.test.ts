/** The HTML report in a real browser: readable without scripts, quiet, and harmless whatever the capture holds. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { findChromium } from '../../scripts/setup/chromium.ts'
import { renderHtmlReport } from '../../src/render/html-diagnose.ts'
import { drawnReport, hostileReport } from '../samples/report.ts'
import { root, runSightline } from '../samples/run-sightline.ts'

const folder = mkdtempSync(join(tmpdir(), 'sightline-e2e-'))
const executablePath = findChromium()
let browser: Browser | undefined

before(async () => {
  if (executablePath !== undefined) browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
})
after(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

type Opened = { readonly page: Page; readonly noise: string[] }

/** The page, and everything it did that a report must not do: console messages, dialogs, requests. */
async function openReport(
  t: TestContext,
  path: string,
  options: { readonly width: number; readonly colorScheme: 'light' | 'dark'; readonly javaScriptEnabled?: boolean },
): Promise<Opened | undefined> {
  if (browser === undefined) {
    assert.notEqual(process.env.CI, 'true', 'no Chromium: run node scripts/setup/chromium.ts')
    t.skip('no Chromium: run node scripts/setup/chromium.ts')
    return undefined
  }
  const { width, ...more } = options
  const page = await browser.newPage({ viewport: { width, height: 800 }, ...more })
  const noise: string[] = []
  const url = pathToFileURL(path).href
  page.on('console', (message) => noise.push(message.text()))
  page.on('pageerror', (error) => noise.push(error.message))
  page.on('dialog', (dialog) => {
    noise.push(`dialog ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    if (request.url() !== url) noise.push(`request ${request.url()}`)
  })
  await page.goto(url)
  return { page, noise }
}

test('the demo’s report answers first, opens its details, and needs no scripts', async (t) => {
  const path = join(folder, 'demo.html')
  const ran = await runSightline(['diagnose', join(root, 'testdata', 'captures', 'shop'), '--html', path, '--quiet'])
  assert.equal(ran.code, 0)
  const opened = await openReport(t, path, { width: 1200, colorScheme: 'light', javaScriptEnabled: false })
  if (opened === undefined) return
  const { page, noise } = opened
  assert.match(await page.title(), /Sightline: shop/)
  const headline = page.locator('h1')
  assert.match((await headline.textContent()) ?? '', /goroutine/i)
  const box = await headline.boundingBox()
  assert.ok(box !== null && box.y < 400, 'the verdict is on the first screen')
  const group = page.locator('details.group').first()
  assert.equal(await group.locator('pre').isVisible(), false)
  await group.locator('summary').click()
  assert.equal(await group.locator('pre').isVisible(), true)
  assert.deepEqual(noise, [])
})

test('the style is applied under the policy, in light and in dark', async (t) => {
  const path = join(folder, 'drawn.html')
  writeFileSync(path, renderHtmlReport([drawnReport], { version: '1' }))
  const colours: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    const opened = await openReport(t, path, { width: 1200, colorScheme })
    if (opened === undefined) return
    colours.push(await opened.page.evaluate('getComputedStyle(document.body).backgroundColor'))
    assert.deepEqual(opened.noise, [])
  }
  assert.deepEqual(colours, ['rgb(255, 255, 255)', 'rgb(20, 23, 26)'])
})

test('nothing is wider than the screen, on a phone or a desk, hostile names included', async (t) => {
  for (const [name, report] of [
    ['drawn', drawnReport],
    ['hostile', hostileReport],
  ] as const) {
    const path = join(folder, `${name}.html`)
    writeFileSync(path, renderHtmlReport([report], { version: '1' }))
    for (const width of [360, 768, 1280]) {
      const opened = await openReport(t, path, { width, colorScheme: 'light' })
      if (opened === undefined) return
      assert.ok(
        (await opened.page.evaluate<number>('document.documentElement.scrollWidth')) <= width,
        `${name} ${width}`,
      )
    }
  }
})

test('a hostile capture runs nothing, loads nothing and adds no element', async (t) => {
  const path = join(folder, 'hostile.html')
  writeFileSync(path, renderHtmlReport([hostileReport], { version: '1' }))
  const opened = await openReport(t, path, { width: 1200, colorScheme: 'light' })
  if (opened === undefined) return
  const { page, noise } = opened
  assert.equal(await page.locator('script, img, iframe, a[href^="javascript"]').count(), 0)
  assert.match((await page.locator('body').textContent()) ?? '', /<script>alert\(1\)<\/script>/)
  assert.deepEqual(noise, [])
})

test('the facts of a finding stand in one column, also where one fact has several lines', async (t) => {
  const path = join(folder, 'trust.html')
  const spans = join(root, 'testdata', 'spans', 'real', 'no-propagator.spans.pb.gz')
  const ran = await runSightline(['trust', spans, '--settle', '0s', '--html', path, '--quiet'])
  assert.equal(ran.code, 2, 'too few traces for a grade')
  for (const width of [1200, 360]) {
    const opened = await openReport(t, path, { width, colorScheme: 'light' })
    if (opened === undefined) return
    const columns = await opened.page.evaluate<number[]>(
      `[...document.querySelectorAll('.facts')].map((facts) => new Set([...facts.querySelectorAll('dd')].map((dd) => dd.offsetLeft)).size)`,
    )
    assert.ok(columns.length > 0)
    assert.deepEqual([...new Set(columns)], [1], `${width}`)
    assert.ok((await opened.page.locator('dd + dd').count()) > 0, 'a fact with several lines is there')
  }
})
