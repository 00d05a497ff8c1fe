/** The archive of an `.slc`: equal bytes for equal files, read by tar itself, and hostile archives refused. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { readTar, writeTar } from './tar.ts'

const encoder = new TextEncoder()
const file = (name: string, text: string) => ({ name, bytes: encoder.encode(text) })

function inScratch<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-tar-'))
  try {
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('what is written is read back, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 5 }), (contents) => {
      const entries = contents.map((bytes, index) => ({ name: `f${index}.bin`, bytes }))
      const read = readTar(writeTar(entries))
      assert.ok(read.ok)
      assert.deepEqual(
        read.value.map(({ name, bytes }) => [name, [...bytes]]),
        entries.map(({ name, bytes }) => [name, [...bytes]]),
      )
    }),
  )
})

test('tar itself reads what is written, and what tar writes is read', () => {
  inScratch((folder) => {
    writeFileSync(
      join(folder, 'ours.tar'),
      writeTar([file('manifest.json', '{}'), file('goroutine.0.txt', 'x'.repeat(700))]),
    )
    const listed = execFileSync('tar', ['-tf', join(folder, 'ours.tar')], { encoding: 'utf8' })
    assert.equal(listed, 'manifest.json\ngoroutine.0.txt\n')
    writeFileSync(join(folder, 'a.txt'), 'hello')
    for (const format of ['ustar', 'gnu', 'pax']) {
      execFileSync('tar', [`--format=${format}`, '-C', folder, '-cf', join(folder, 'theirs.tar'), './a.txt'])
      const read = readTar(readFileSync(join(folder, 'theirs.tar')))
      assert.ok(read.ok, format)
      assert.deepEqual(
        read.value.map(({ name }) => name),
        ['a.txt'],
      )
    }
  })
})

test('links, absolute paths and paths that lead out are refused', () => {
  inScratch((folder) => {
    symlinkSync('/etc/passwd', join(folder, 'link.txt'))
    execFileSync('tar', ['-C', folder, '-cf', join(folder, 'link.tar'), 'link.txt'])
    const read = readTar(readFileSync(join(folder, 'link.tar')))
    assert.ok(!read.ok && read.error.code === 'SL_COLLECT_ARCHIVE_DAMAGED')
    assert.match(read.error.message, /link/)
  })
  for (const name of ['/etc/cron.d/x', '../x', 'a/../../x', 'c:/x', 'a\\..\\x']) {
    const read = readTar(writeTar([file(name, 'x')]))
    assert.ok(!read.ok && read.error.code === 'SL_COLLECT_ARCHIVE_DAMAGED', name)
  }
})

test('an archive cut at any byte is refused or whole, and never throws', () => {
  const whole = writeTar([file('a.txt', 'x'.repeat(600)), file('b.txt', 'y')])
  for (let length = 0; length < whole.length; length += 7) {
    const read = readTar(whole.subarray(0, length))
    if (read.ok) assert.equal(read.value.length, 2)
    else assert.equal(read.error.code, 'SL_COLLECT_ARCHIVE_DAMAGED')
  }
})

test('a header with a flipped bit does not pass its checksum', () => {
  const whole = writeTar([file('a.txt', 'x')])
  for (const at of [0, 5, 100, 124, 130, 156, 257]) {
    const bytes = Uint8Array.from(whole)
    bytes[at] = (bytes[at] as number) ^ 1
    assert.ok(!readTar(bytes).ok, `byte ${at}`)
  }
})
