// The entry of `npm start` and `npm test` on a fresh clone: plain JavaScript that any Node from 16 on can run.
// Installs what package-lock.json says when node_modules is not of that lock file, then goes on under the Node 26 that
// came with it. Does nothing else: the tasks themselves are in scripts/tasks.ts.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bundledNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

if (!isInstalled()) {
  process.stderr.write('sightline: installing dependencies (npm ci)\n')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const done = spawnSync(npm, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (done.status !== 0) {
    process.stderr.write('sightline: npm ci failed; see its messages above\n')
    process.exit(done.status === null ? 1 : done.status)
  }
}

const node = pickNode()
if (node === undefined) {
  process.stderr.write(
    'SL_CLI_NODE_TOO_OLD: Node.js 24 or newer is needed, and the bundled one is not there. Run npm ci.\n',
  )
  process.exit(69)
}
const task = process.argv[2]
const program =
  task === 'start' ? [join(root, 'bin', 'sightline.mjs'), 'demo'] : [join(root, 'scripts', 'tasks.ts'), task]
const run = spawnSync(node, [...program, ...process.argv.slice(3)], {
  stdio: 'inherit',
  env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
})
process.exit(run.status === null ? 1 : run.status)

function isInstalled() {
  const marker = join(root, 'node_modules', '.package-lock.json')
  const lock = join(root, 'package-lock.json')
  if (!existsSync(marker) || !existsSync(bundledNode)) return false
  if (statSync(marker).mtimeMs >= statSync(lock).mtimeMs) return true
  const wanted = JSON.parse(readFileSync(lock, 'utf8')).packages
  const present = JSON.parse(readFileSync(marker, 'utf8')).packages
  return Object.keys(wanted).every(
    (name) => name === '' || wanted[name].optional || (present[name] && present[name].version === wanted[name].version),
  )
}

function pickNode() {
  if (existsSync(bundledNode)) return bundledNode
  return Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : undefined
}
