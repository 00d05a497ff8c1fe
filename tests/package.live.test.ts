/** What npm publishes, installed as a user would: the program runs, and the pure decoders import by their names. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'sightline-package-'))
const installed = join(folder, 'node_modules', 'sightline')
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}`, npm_config_loglevel: 'error' }

before(() => {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 2],
  })
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string
  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', `./${tarball}`], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 2],
  })
})

after(() => rmSync(folder, { recursive: true, force: true }))

test('the installed program answers with its version', () => {
  const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
  const printed = execFileSync(join(folder, 'node_modules', '.bin', 'sightline'), ['--version'], {
    env,
    encoding: 'utf8',
  })
  assert.equal(printed.trim(), version)
})

test('the installed program replays its recorded capture', () => {
  const report = join(folder, 'report.html')
  const bin = join(folder, 'node_modules', '.bin', 'sightline')
  const printed = execFileSync(bin, ['demo', '--once', '--html', report], { cwd: folder, env, encoding: 'utf8' })
  assert.match(printed, /BLIND|PARTIAL|CLEAR/i)
  assert.match(readFileSync(report, 'utf8'), /^<!doctype html>/i)
})

test('the decoders import by their public names, with types', () => {
  const script = `
    import { decodeGoroutineDump } from 'sightline/goroutine-dump'
    import { decodePprofProto } from 'sightline/pprof'
    const dump = decodeGoroutineDump(new TextEncoder().encode('goroutine 1 [select (no cases)]:\\nmain.main()\\n\\t/a/main.go:3 +0x1\\n\\n'))
    console.log(dump.ok && dump.value.value.goroutineCount, typeof decodePprofProto)`
  writeFileSync(join(folder, 'use.ts'), script)
  assert.equal(execFileSync(process.execPath, ['use.ts'], { cwd: folder, env, encoding: 'utf8' }).trim(), '1 function')
  const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    exports: Record<string, { types?: string }>
  }
  for (const entry of Object.values(exports)) {
    if (entry.types !== undefined) assert.ok(readFileSync(join(installed, entry.types), 'utf8').length > 0)
  }
})

test('what is published holds no test and no source map of this tree', () => {
  const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
  assert.deepEqual(
    files.filter((name) => /\.test\.|testing\//.test(name)),
    [],
  )
})
