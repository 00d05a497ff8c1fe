/** The composition root: the only file that may import from every room. Wires collect, ops, render and cli together. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CliDeps } from './cli/deps.ts'
import { runCli } from './cli/run-cli.ts'
import { openCaptureReader } from './collect/capture-read.ts'
import { openCaptureWriter } from './collect/capture-write.ts'
import { startDemoService } from './collect/demo/demo-service.ts'
import { cacheFolder } from './collect/go-facts/cache-folder.ts'
import { collectGoFacts } from './collect/go-facts/go-facts.ts'
import { openInflater } from './collect/inflate.ts'
import { openInputOpener } from './collect/input/input-files.ts'
import { isTargetAddress } from './collect/target.ts'
import { openTraceOpener } from './collect/trace-stream.ts'
import { openWorkerPool } from './collect/workers/worker-pool.ts'
import type { Clock } from './model/ports.ts'

const root = join(import.meta.dirname, '..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

/** A reader that goes away (`| head`) ends the output, not the program. */
let isOutputLost = false
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  isOutputLost = true
  process.exitCode = 74
})
// What cannot be said there (`2>&1 | head`) is no reason to end with another code than the command's own.
process.stderr.on('error', () => {})

const interrupted = new AbortController()
let interruptedAtMs = Number.NEGATIVE_INFINITY
/** A terminal and npm both pass Ctrl-C on: what comes this soon after the first is the same key press. */
const SAME_KEY_PRESS_MS = 250

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    if (!interrupted.signal.aborted) {
      interruptedAtMs = performance.now()
      interrupted.abort()
    } else if (performance.now() - interruptedAtMs > SAME_KEY_PRESS_MS) process.exit(code)
  })
}

/** As this file: a source, or what became of it in dist. */
const threadEntry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
const inflater = openInflater()
const clock: Clock = {
  nowUnixNs: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n,
  nowMonoNs: () => Math.round(performance.now() * 1e6),
}
const deps: CliDeps = {
  version,
  clock,
  inflater,
  reader: openCaptureReader({ inflater, stdin: process.stdin }),
  writer: openCaptureWriter(),
  traces: openTraceOpener({ inflater, stdin: process.stdin }),
  inputs: openInputOpener({ inflater, stdin: process.stdin }),
  threads: {
    cores: availableParallelism(),
    openPool: (size) => openWorkerPool({ entry: threadEntry, size }),
  },
  auditThreads: {
    cores: availableParallelism(),
    openPool: (size) => openWorkerPool({ entry: threadEntry, size }),
  },
  goGrammar: {
    runtime: fileURLToPath(import.meta.resolve('web-tree-sitter/web-tree-sitter.wasm')),
    grammar: join(root, 'assets', 'tree-sitter-go.wasm'),
  },
  typeGo: (input, hooks) => {
    const cache = join(cacheFolder(process.env), 'gofacts')
    return collectGoFacts({ source: join(root, 'assets', 'gofacts'), cache, env: process.env }, input, hooks)
  },
  isAddress: isTargetAddress,
  startDemo: (hooks) =>
    startDemoService(
      { source: join(root, 'programs', 'shop'), cache: join(root, '.cache', 'demo'), env: process.env },
      hooks,
    ),
  demoCapture: join(root, 'testdata', 'captures', 'shop'),
}

const exitCode = await runCli(
  deps,
  {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
  },
  interrupted.signal,
)
process.exitCode = isOutputLost ? 74 : exitCode
/** Everything is written and closed by now; a handle that someone forgot must not keep the program alive. */
setTimeout(() => process.exit(), 1000).unref()
