/** Whether the demo service is in the trouble that its README promises, live and in the recording. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { buildProgram, type Service, startService } from './fixtures/build-program.ts'
import { ROOT, TESTDATA } from './fixtures/case-folder.ts'
import { countTrouble, SHOP_TROUBLES } from './fixtures/shop-troubles.ts'
import { GO_VERSIONS, type GoTool, requireGo } from './setup/go.ts'
import { runTool } from './setup/run-tool.ts'

/**
 * Stacks of the profile in which a trouble's wait stands. A supplier's answer that found its receiver in time waited
 * for microseconds before that: such a wait has ended and is rightly there, so less than 100 ms does not count.
 */
async function findTroubleInProfile(go: GoTool, profile: string): Promise<string[]> {
  const run = await runTool(go.goBin, ['tool', 'pprof', '-traces', '-unit=ms', '-symbolize=none', profile], {
    env: { ...go.env, TZ: 'UTC' },
    timeoutMs: 180_000,
  })
  assert.equal(run.failure, undefined)
  const stacks = run.stdout.toString('utf8').split(/^-+\+-+$/m)
  assert.ok(stacks.length > 3, 'the profile is on, and has something in it')
  return stacks.filter(
    (stack) =>
      Number(/^\s*([\d.]+)ms\s/m.exec(stack)?.[1] ?? 0) >= 100 &&
      (/chansend1\n[\s\S]*askSupplier/.test(stack) ||
        /selectgo\n\s+database\/sql\.\(\*DB\)\.conn/.test(stack) ||
        /Mutex\)\.Lock[\s\S]*priceCache\)\.get/.test(stack) ||
        /deliver/.test(stack)),
  )
}

test('none of it is in the block profile of the recording', async (t) => {
  const go = await requireGo(t, '1.27')
  if (go === undefined) return
  assert.deepEqual(await findTroubleInProfile(go, join(TESTDATA, 'captures', 'shop', 'block.pb.gz')), [])
})

for (const version of GO_VERSIONS) {
  test(`live under Go ${version}: healthy first, then in trouble that its block profile does not show`, {
    timeout: 180_000,
  }, async (t) => {
    const go = await requireGo(t, version)
    if (go === undefined) return
    const work = mkdtempSync(join(tmpdir(), 'sightline-shop-test-'))
    t.after(() => rmSync(work, { recursive: true, force: true }))
    const shop = await startShop(t, go, work, ['-degrade-after', '6s', '-rate', '3', '-for', '60s'])
    const pprof = String(shop.said.pprof)
    await sleep(3000)
    const healthy = await fetchText(`${pprof}goroutine?debug=2`)
    for (const trouble of SHOP_TROUBLES) assert.equal(countTrouble(healthy, trouble), 0, `too early: ${trouble.frame}`)
    assert.equal((await fetch(`${shop.said.api}/products/sku-1`)).status, 200)

    await waitFor(async () => {
      const dump = await fetchText(`${pprof}goroutine?debug=2`)
      return SHOP_TROUBLES.every((trouble) => countTrouble(dump, trouble) >= trouble.least)
    })
    const profile = join(work, 'block.pb.gz')
    const answer = await fetch(`${pprof}block`, { signal: AbortSignal.timeout(20_000) })
    writeFileSync(profile, new Uint8Array(await answer.arrayBuffer()))
    assert.deepEqual(await findTroubleInProfile(go, profile), [])
    assert.equal(await fetchText(`${shop.said.api}/healthz`), 'ok\n')

    const apiPid = Number(shop.said.apiPid)
    await shop.close()
    assert.throws(() => process.kill(apiPid, 0), 'the API has ended with its supervisor')
  })
}

test('the service ends by itself at -for', { timeout: 60_000 }, async (t) => {
  const go = await requireGo(t, '1.27')
  if (go === undefined) return
  const work = mkdtempSync(join(tmpdir(), 'sightline-shop-test-'))
  t.after(() => rmSync(work, { recursive: true, force: true }))
  const shop = await startShop(t, go, work, ['-for', '2s'])
  await waitFor(async () => shop.child.exitCode !== null)
  assert.equal(shop.child.exitCode, 0)
})

async function startShop(t: TestContext, go: GoTool, work: string, args: readonly string[]): Promise<Service> {
  const built = await buildProgram(go, join(ROOT, 'programs', 'shop'), join(work, 'shop'))
  assert.ok(built.ok, built.ok ? '' : built.error)
  const shop = await startService(built.value, ['-mode', 'all', ...args], { name: 'shop', cwd: work })
  assert.ok(shop.ok, shop.ok ? '' : shop.error)
  t.after(() => shop.value.close())
  return shop.value
}

async function fetchText(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(20_000) })
  assert.equal(answer.status, 200, url)
  return answer.text()
}

async function waitFor(done: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 40_000
  while (!(await done())) {
    assert.ok(Date.now() < end, 'it did not come to it within 40 s')
    await sleep(500)
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, ms))
}
