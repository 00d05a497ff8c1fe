/**
 * Runs a command and measures it from outside: wall clock, CPU seconds and peak memory of its process.
 * Enters: argv. Leaves: one Measurement per run; `median` of several. Linux only for CPU and memory (/proc);
 * elsewhere those are absent. The peak is the kernel's own high-water mark, read until the process ends.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export type Measurement = {
  readonly wallSeconds: number
  readonly cpuSeconds?: number
  readonly peakBytes?: number
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

const TICKS_PER_SECOND = 100
const POLL_MS = 10

export function measureCommand(argv: readonly string[], timeoutMs = 120_000): Promise<Measurement> {
  const [command, ...args] = argv as [string, ...string[]]
  return new Promise((resolve) => {
    const begun = performance.now()
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    let peakBytes: number | undefined
    let cpuSeconds: number | undefined
    const poll = setInterval(() => {
      peakBytes = readPeak(child.pid) ?? peakBytes
      cpuSeconds = readCpu(child.pid) ?? cpuSeconds
    }, POLL_MS)
    child.on('close', (exitCode) => {
      clearInterval(poll)
      resolve({
        wallSeconds: (performance.now() - begun) / 1000,
        ...(cpuSeconds === undefined ? {} : { cpuSeconds }),
        ...(peakBytes === undefined ? {} : { peakBytes }),
        exitCode,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      })
    })
  })
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] as number
}

/** The run whose wall clock is the median. */
export function medianRun(runs: readonly Measurement[]): Measurement {
  const wall = median(runs.map((run) => run.wallSeconds))
  return runs.find((run) => run.wallSeconds === wall) as Measurement
}

function readPeak(pid: number | undefined): number | undefined {
  const match = /VmHWM:\s+(\d+) kB/.exec(readProc(`/proc/${pid}/status`))
  return match === null ? undefined : Number(match[1]) * 1024
}

function readCpu(pid: number | undefined): number | undefined {
  const fields = readProc(`/proc/${pid}/stat`).split(') ')[1]?.split(' ')
  if (fields === undefined) return undefined
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
