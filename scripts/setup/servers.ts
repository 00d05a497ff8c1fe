/**
 * Unpacks Debian packages of Go servers for `npm run judge:servers` below `.cache/servers/`, installing nothing.
 * Enters: packages and their suite. Leaves: the folder of each, or why it is missing. The mirror and its keys come
 * from apt's own configuration; lists and archives live in a private apt state beside the packages.
 * As a command it unpacks all servers of the judge: `node scripts/setup/servers.ts`.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { err, ok, type Result } from '../../src/base/result.ts'
import { servers } from '../judge/servers/list.ts'
import { chooseMirror } from './go-debian.ts'
import { runTool } from './run-tool.ts'

export type Suite = 'bookworm' | 'sid'

const root = join(import.meta.dirname, '..', '..', '.cache', 'servers')
const timeoutMs = 300_000
const suites: readonly Suite[] = ['bookworm', 'sid']

let options: Promise<Result<string[], string>> | undefined

/** The folder that the package was unpacked into; it is fetched once and kept. */
export async function unpackPackage(name: string, suite: Suite): Promise<Result<string, string>> {
  const folder = join(root, suite, name)
  if (existsSync(folder)) return ok(folder)
  options ??= openPrivateApt()
  const apt = await options
  if (!apt.ok) return apt
  mkdirSync(dirname(folder), { recursive: true })
  const part = mkdtempSync(`${folder}.part-`)
  try {
    const fetched = await runTool('apt-get', [...apt.value, 'download', '-q', `${name}/${suite}`], {
      timeoutMs,
      cwd: part,
    })
    if (fetched.failure !== undefined) return err(`apt-get download ${name}/${suite} ${fetched.failure}`)
    const archive = readdirSync(part).find((file) => file.endsWith('.deb'))
    if (archive === undefined) return err(`apt-get download ${name}/${suite} left no file`)
    const unpacked = await runTool('dpkg', ['-x', join(part, archive), join(part, 'root')], { timeoutMs })
    if (unpacked.failure !== undefined) return err(`dpkg -x ${archive} ${unpacked.failure}`)
    renameSync(join(part, 'root'), folder)
    writeFileSync(`${folder}.version`, `${archive}\n`)
    return ok(folder)
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
}

async function openPrivateApt(): Promise<Result<string[], string>> {
  const targets = await runTool('apt-get', ['indextargets', '--format', '$(REPO_URI)|$(RELEASE)|$(SIGNED_BY)'], {
    timeoutMs: 20_000,
  })
  if (targets.failure !== undefined) return err(`apt-get indextargets ${targets.failure}`)
  const mirror = chooseMirror(targets.stdout.toString('utf8'))
  if (mirror === undefined) return err('apt knows no Debian mirror')
  const state = join(root, 'apt')
  for (const folder of ['lists/partial', 'archives/partial']) mkdirSync(join(state, folder), { recursive: true })
  const signed = mirror.signedBy === undefined ? '' : ` [signed-by=${mirror.signedBy}]`
  writeFileSync(join(state, 'list'), suites.map((suite) => `deb${signed} ${mirror.uri} ${suite} main\n`).join(''))
  writeFileSync(join(state, 'status'), '')
  const settings: Readonly<Record<string, string>> = {
    'Dir::Etc::SourceList': join(state, 'list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::State::Lists': join(state, 'lists'),
    'Dir::State::status': join(state, 'status'),
    'Dir::Cache': state,
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'APT::Update::Post-Invoke': '',
    'Acquire::Retries': '2',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const updated = await runTool('apt-get', [...flags, 'update', '-q'], { timeoutMs, cwd: state })
  return updated.failure === undefined ? ok(flags) : err(`apt-get update of a private list ${updated.failure}`)
}

async function unpackAll(): Promise<number> {
  let missing = 0
  for (const server of servers) {
    const unpacked = await unpackPackage(server.package, server.suite)
    process.stdout.write(`${server.name}: ${unpacked.ok ? unpacked.value : `missing: ${unpacked.error}`}\n`)
    if (!unpacked.ok) missing += 1
  }
  return missing
}

if (process.argv[1] === import.meta.filename) process.exitCode = (await unpackAll()) === 0 ? 0 : 1
