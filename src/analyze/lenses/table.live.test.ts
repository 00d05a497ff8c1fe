/** The vocabularies against the sources of the Go toolchains that are here: a new word of the runtime fails this. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { requireGo } from '../../../scripts/setup/go.ts'
import { runTool } from '../../../scripts/setup/run-tool.ts'
import { blockReasons, goroutineStatuses, stopReasons, waitReasons } from '../../model/wait-class.ts'
import { isInSpan, readMinor } from './visibility.ts'

/** The string literals of `var name = [...]string{ … }`. */
function readStrings(file: string, name: string): string[] {
  const text = readFileSync(file, 'utf8')
  const begin = text.indexOf(`var ${name} = [`)
  assert.notEqual(begin, -1, `${file} has no ${name}`)
  const body = text.slice(begin, text.indexOf('\n}', begin))
  return [...body.matchAll(/:\s+"(.*)"/g)].map((match) => match[1] as string)
}

for (const version of ['1.26', '1.27'] as const) {
  test(`the tables have exactly the wait, status, block and stop words of Go ${version}'s runtime`, async (t) => {
    const go = await requireGo(t, version)
    if (go === undefined) return
    const root = await runTool(go.goBin, ['env', 'GOROOT'], { env: go.env })
    assert.equal(root.failure, undefined)
    const runtime = join(root.stdout.toString('utf8').trim(), 'src', 'runtime')
    const release = readMinor(version)
    const words = (
      rows: readonly { reason: string; sinceGo?: string; untilGo?: string }[],
      ...own: string[]
    ): string[] =>
      rows
        .filter((row) => isInSpan(release, row) && !own.includes(row.reason))
        .map((row) => row.reason)
        .sort()
    const read = (file: string, name: string): string[] =>
      readStrings(join(runtime, file), name)
        .filter((word) => word !== '')
        .sort()

    assert.deepEqual(read('runtime2.go', 'waitReasonStrings'), words(waitReasons, 'unknown wait reason'))
    assert.deepEqual(read('traceback.go', 'gStatusStrings'), [...words(goroutineStatuses, '???'), 'preempted'].sort())
    assert.deepEqual(read('traceruntime.go', 'traceBlockReasonStrings'), words(blockReasons, ''))
    assert.deepEqual(read('traceruntime.go', 'traceGoStopReasonStrings'), [...stopReasons].sort())
  })
}
