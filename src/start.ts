/**
 * Where the program starts: what takes time before its own files are loaded (a second thread, for a large trace) is
 * begun, then main.ts is loaded and runs.
 */
import { setFlagsFromString } from 'node:v8'
import { startThreadEarly } from './collect/workers/early-thread.ts'

const argv = process.argv.slice(2)
// What timeline counts lies outside of the heap of JavaScript: room for its young objects to grow was measured to cost
// 25 MB and to save no time.
if (argv.includes('timeline')) setFlagsFromString('--semi-space-growth-factor=1')
startThreadEarly(new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url), argv)
await import('./main.ts')
