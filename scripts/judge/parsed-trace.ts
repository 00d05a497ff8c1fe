/**
 * Reads what `go tool trace -d=parsed` prints of an execution trace, as an oracle that shares no code with ours.
 * Enters: the path of a trace and a go command. Leaves: for each goroutine its states in order, with reason and stack,
 * and its CPU samples. Streams: the text is a hundred times the trace.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { SeenState } from '../../src/analyze/testing/wait-observation.ts'
import type { GoTool } from '../setup/go.ts'

export type ParsedGoroutine = {
  /** One per distinct state, reason and stack, in the order of first sight. */
  readonly states: SeenState[]
  last: SeenState
  cpuSamples: number
}

const TRANSITION = /^M=.* StateTransition .* GoID=(\d+) (\w+)->(Running|Runnable|Waiting|Syscall) Reason="(.*)"$/
const SAMPLE = /^M=.* G=(\d+) StackSample /
const FRAME = /^\t(\S.*) @ 0x[0-9a-f]+$/

/** Rejects when the tool fails: a judge without its oracle has nothing to say. */
export async function readParsedTrace(go: GoTool, path: string): Promise<Map<number, ParsedGoroutine>> {
  const child = spawn(go.goBin, ['tool', 'trace', '-d=parsed', path], {
    env: go.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString('utf8')).slice(-2000)
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const goroutines = new Map<number, ParsedGoroutine>()
  const known = new Set<string>()
  let open: { id: number; from: string; state: SeenState['state']; reason: string; frames: string[] } | undefined
  let inStack = false

  const close = (): void => {
    if (open === undefined) return
    const { id, ...state } = open
    open = undefined
    const goroutine = goroutines.get(id) ?? { states: [], last: state, cpuSamples: 0 }
    goroutines.set(id, goroutine)
    goroutine.last = state
    const key = `${id} ${state.from} ${state.state} ${state.reason} ${state.frames.join(' ')}`
    if (known.has(key)) return
    known.add(key)
    goroutine.states.push(state)
  }

  for await (const line of createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.startsWith('M=')) {
      close()
      inStack = false
      const transition = TRANSITION.exec(line)
      if (transition !== null) {
        const [, id, from, state, reason] = transition as unknown as [
          string,
          string,
          string,
          SeenState['state'],
          string,
        ]
        open = { id: Number(id), from, state, reason, frames: [] }
        continue
      }
      const sampled = goroutines.get(Number(SAMPLE.exec(line)?.[1]))
      if (sampled !== undefined) sampled.cpuSamples++
    } else if (line === 'TransitionStack=') inStack = true
    else if (line === 'Stack=') inStack = false
    else if (inStack) {
      const frame = FRAME.exec(line)?.[1]
      if (frame !== undefined) open?.frames.push(frame)
    }
  }
  close()
  const code = await ended
  if (code !== 0) throw new Error(`go tool trace -d=parsed ended with ${code}: ${errors}`)
  return goroutines
}
