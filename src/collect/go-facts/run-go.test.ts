import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findGoTool, startProgram } from './run-go.ts'

const signal = new AbortController().signal

test('where SIGHTLINE_GO names no go, the fault says so', async () => {
  const found = await findGoTool('.', { SIGHTLINE_GO: '/nowhere/go', PATH: '' }, signal)
  assert.ok(!found.ok)
  assert.equal(found.error.code, 'SL_COLLECT_GO_TOOL')
  assert.match(found.error.message, /\/nowhere\/go/)
})

test('a program that takes too long is ended with what it started', async () => {
  const code =
    'require("node:child_process").spawn(process.execPath,["-e","setInterval(()=>{},1000)"],{stdio:"inherit"});'
  const begun = performance.now()
  const program = startProgram(process.execPath, ['-e', `${code}setInterval(()=>{},1000)`], {
    cwd: '.',
    env: process.env,
    timeoutMs: 500,
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  program.child.stdout?.resume()
  assert.match((await program.ended) ?? '', /longer than/)
  // Its child held the same pipes: they would not have closed while it lived.
  assert.ok(performance.now() - begun < 20_000)
})

test('of a program that fails the last lines are told', async () => {
  const program = startProgram(process.execPath, ['-e', 'console.error("one\\ntwo"); process.exit(3)'], {
    cwd: '.',
    env: process.env,
    timeoutMs: 20_000,
    signal,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  assert.equal(await program.ended, 'one | two')
})
