/** The composition root: the only file that may import from every room. Wires collect, ops, render and cli together. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCli } from './cli/run-cli.ts'

const packageFile = join(import.meta.dirname, '..', 'package.json')
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }

/** A reader that goes away (`| head`) ends the output, not the program. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.exitCode = 74
})

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

process.exitCode = await runCli(
  { version },
  {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
  },
  interrupted.signal,
)
/** Everything is written and closed by now; a handle that someone forgot must not keep the program alive. */
setTimeout(() => process.exit(), 1000).unref()
