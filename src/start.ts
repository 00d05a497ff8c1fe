/**
 * Where the program starts: what takes time before its own files are loaded (a second thread, for a large trace) is
 * begun, then main.ts is loaded and runs.
 */
import { startThreadEarly } from './collect/workers/early-thread.ts'

startThreadEarly(
  new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url),
  process.argv.slice(2),
)
await import('./main.ts')
