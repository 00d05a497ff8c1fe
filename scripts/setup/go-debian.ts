/**
 * Unpacks Debian's Go package into a folder of ours: the way for a machine without a Go that can fetch another.
 * Enters: a version and a folder. Leaves: the path of the unpacked `go`. The mirror and its keys come from apt's
 * own configuration; the package lists go into a private folder, so that nothing in the system is installed,
 * upgraded or even refreshed. Does not run on anything but Debian and its derivatives with a Debian mirror.
 */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { err, ok, type Result } from '../../src/base/result.ts'
import { runTool } from './run-tool.ts'

/** The releases that still hold an old Go. All others come from sid, where new versions appear first. */
const SUITES: Readonly<Record<string, string>> = { '1.15': 'bullseye', '1.19': 'bookworm', '1.24': 'trixie' }

function chooseSuite(version: string): string {
  return SUITES[version] ?? 'sid'
}

/** The path of a `go` unpacked below `into`; on any failure `into` is left as it was. */
export async function unpackDebianGo(
  version: string,
  into: string,
  timeoutMs: number,
): Promise<Result<string, string>> {
  const targets = await runTool('apt-get', ['indextargets', '--format', '$(REPO_URI)|$(RELEASE)|$(SIGNED_BY)'], {
    timeoutMs: 20_000,
  })
  if (targets.failure !== undefined) return err(`apt-get indextargets ${targets.failure}`)
  const mirror = chooseMirror(targets.stdout.toString('utf8'))
  if (mirror === undefined) return err('apt knows no Debian mirror')
  const work = mkdtempSync(join(tmpdir(), 'sightline-apt-'))
  try {
    return await unpackFrom(mirror, version, into, work, timeoutMs)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

type Mirror = { readonly uri: string; readonly signedBy: string | undefined }

/** The archive that the system itself uses: not its security or backports part, which have no such suite. */
export function chooseMirror(indexTargets: string): Mirror | undefined {
  for (const line of indexTargets.split('\n')) {
    const [uri = '', release = '', signedBy = ''] = line.split('|')
    if (!/^[a-z+]+:\/\//.test(uri) || !/\/debian\/?$/.test(uri) || release.includes('security')) continue
    return { uri, signedBy: signedBy.startsWith('/') ? signedBy : undefined }
  }
  return undefined
}

async function unpackFrom(
  mirror: Mirror,
  version: string,
  into: string,
  work: string,
  timeoutMs: number,
): Promise<Result<string, string>> {
  const options = writePrivateApt(mirror, chooseSuite(version), work)
  const update = await runTool('apt-get', [...options, 'update', '-q'], { timeoutMs, cwd: work })
  if (update.failure !== undefined)
    return err(`apt-get update of a private ${chooseSuite(version)} list ${update.failure}`)
  const packages = [`golang-${version}-go`, `golang-${version}-src`]
  const fetched = await runTool('apt-get', [...options, 'download', '-q', ...packages], { timeoutMs, cwd: work })
  if (fetched.failure !== undefined) return err(`apt-get download ${packages.join(' ')} ${fetched.failure}`)
  const archives = readdirSync(work).filter((name) => name.endsWith('.deb'))
  if (archives.length !== packages.length)
    return err(`apt-get downloaded ${archives.length} of ${packages.length} files`)
  mkdirSync(join(into, '..'), { recursive: true })
  const fresh = mkdtempSync(`${into}.part-`)
  for (const archive of archives) {
    const unpacked = await runTool('dpkg', ['-x', join(work, archive), fresh], { timeoutMs })
    if (unpacked.failure !== undefined) {
      rmSync(fresh, { recursive: true, force: true })
      return err(`dpkg -x ${archive} ${unpacked.failure}`)
    }
  }
  rmSync(into, { recursive: true, force: true })
  renameSync(fresh, into)
  return ok(join(into, 'usr', 'lib', `go-${version}`, 'bin', 'go'))
}

/** A whole apt state of our own in `work`, and the options that make apt use it. */
function writePrivateApt(mirror: Mirror, suite: string, work: string): string[] {
  for (const name of ['state/lists/partial', 'cache/archives/partial', 'etc']) {
    mkdirSync(join(work, name), { recursive: true })
  }
  // apt drops its rights to the user _apt, which must be able to reach these folders.
  chmodSync(work, 0o755)
  const signedBy = mirror.signedBy ?? findDebianKeys()
  const how = signedBy === undefined ? '' : ` [signed-by=${signedBy}]`
  writeFileSync(join(work, 'etc', 'sources.list'), `deb${how} ${mirror.uri} ${suite} main\n`)
  writeFileSync(join(work, 'state', 'status'), '')
  const settings: Readonly<Record<string, string>> = {
    'Dir::Etc::SourceList': join(work, 'etc', 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::State': join(work, 'state'),
    'Dir::State::status': join(work, 'state', 'status'),
    'Dir::Cache': join(work, 'cache'),
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'APT::Update::Post-Invoke': '',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '30',
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}

function findDebianKeys(): string | undefined {
  const folder = '/usr/share/keyrings'
  for (const name of ['debian-archive-keyring.gpg', 'debian-archive-keyring.pgp']) {
    try {
      if (readdirSync(folder).includes(name)) return join(folder, name)
    } catch {
      return undefined
    }
  }
  return undefined
}
