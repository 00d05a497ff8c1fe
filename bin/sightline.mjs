#!/usr/bin/env node
// The launcher: plain JavaScript that any Node from 16 on can parse. Node 24 or newer runs the program (src/start.ts in
// a clone, dist/start.js in the installed package); an older Node hands over to the one that `npm ci` put into
// node_modules; with neither it says so in one line. Prints nothing else.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const OLDEST = 24
const root = dirname(dirname(fileURLToPath(import.meta.url)))

function findProgram() {
  const source = join(root, 'src', 'start.ts')
  // Node strips types everywhere but below node_modules.
  const isInstalled = root.split(sep).indexOf('node_modules') !== -1
  if (!isInstalled && existsSync(source)) return source
  return join(root, 'dist', 'start.js')
}

// Sources are stripped of their types and compiled at the first start, not at each: a third of a second. The package
// has no need of it, and nothing is written outside the clone. Worker threads go by the variable.
function keepCompiled() {
  const folder = process.env.NODE_COMPILE_CACHE || join(root, '.cache', 'compile')
  process.env.NODE_COMPILE_CACHE = folder
  module.enableCompileCache(folder)
}

function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url)].concat(process.argv.slice(2)), { stdio: 'inherit' })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']
  const pass = (signal) => child.kill(signal)
  for (const signal of signals) process.on(signal, pass)
  child.on('error', (error) => say(`cannot run ${node}: ${error.message}`))
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeListener(name, pass)
    if (signal !== null) process.kill(process.pid, signal)
    else process.exitCode = code
  })
}

function say(what) {
  process.exitCode = 69
  process.stderr.write(`SL_CLI_NODE_TOO_OLD: ${what}\n`)
}

if (Number(process.versions.node.split('.')[0]) >= OLDEST) {
  const program = findProgram()
  if (program.endsWith('.ts')) keepCompiled()
  if (existsSync(program)) import(pathToFileURL(program).href)
  else {
    process.exitCode = 70
    process.stderr.write(`SL_CLI_INTERNAL: ${program} is missing: this package was not built (npm run build)\n`)
  }
} else {
  const bundled = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(bundled)) handOver(bundled)
  else {
    say(
      `sightline needs Node.js ${OLDEST} or newer, this is ${process.versions.node}. Install a newer one, or run npm ci in the clone: it brings one.`,
    )
  }
}
