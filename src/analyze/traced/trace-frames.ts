/**
 * Stacks of a trace as frames, and the key by which one place is told in a dump and in a trace.
 * The two print a wait's leaf differently (a trace leaves out the runtime's, and as many frames of sync as the runtime
 * skips; a dump leaves out the wrappers that the compiler makes), so the key begins at the first frame that is neither.
 */
import type { TraceTables } from '../../model/trace.ts'
import type { TraceFrame } from '../../model/trace-activity.ts'

/** Deeper frames rarely tell places apart, and either side may have cut them. */
const KEY_FRAMES = 12

const leafFrame = /^(runtime|internal|sync|syscall|time|golang\.org\/x\/sys)(\/[^.]*)?\./
const wrapper = /\.(gowrap|deferwrap)\d+$/

/** Frames of a stack, leaf first. Lengths of the tables grow: ask after reading has ended, or during a call. */
export function readTraceFrames(tables: TraceTables, stack: number): readonly TraceFrame[] {
  if (stack <= 0) return []
  const start = tables.stackStart[stack] ?? 0
  const end = tables.stackStart[stack + 1] ?? 0
  const frames: TraceFrame[] = []
  for (let at = start; at < end; at++) {
    const frame = tables.stackFrames[at] ?? 0
    const file = tables.strings[tables.frameFiles[frame] ?? 0] ?? ''
    const line = tables.frameLines[frame] ?? 0
    frames.push({
      function: tables.strings[tables.frameFunctions[frame] ?? 0] ?? '',
      ...(file === '' ? {} : { file }),
      ...(line === 0 ? {} : { line }),
    })
  }
  return frames
}

/** Same text for the same place of the program, whoever prints it; '' where there is no frame. */
export function placeKey(frames: readonly { readonly function: string; readonly line?: number }[]): string {
  const shown = frames.filter(({ function: name }) => !wrapper.test(name))
  // What the runtime puts below a goroutine's first function (main, corostart, goexit) only traces print.
  const root = shown.findLastIndex(({ function: name }) => !name.startsWith('runtime.'))
  const own = root < 0 ? shown : shown.slice(0, root + 1)
  const first = own.findIndex(({ function: name }) => !leafFrame.test(name))
  const kept = first < 0 ? own.slice(-1) : own.slice(first, first + KEY_FRAMES)
  return kept.map(({ function: name, line }) => `${name.replaceAll('%2e', '.')}:${line ?? 0}`).join('\n')
}
