/**
 * Builds the Go side of the trace bench and of the trace judge: the maker of traces and Go's own readers of them.
 * Enters: a found Go and a scratch folder. Leaves: paths of binaries, or why one could not be built.
 * The toolchain's readers are internal packages: `go build -overlay` lays our program into the toolchain's tree for one
 * build, without writing there. `isUnclamped` also lays in a reader that does not move equal times apart, so that
 * durations can be compared to the nanosecond, and counts of what works for the collector that are taken back.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildProgram } from '../../scripts/fixtures/build-program.ts'
import type { GoTool } from '../../scripts/setup/go.ts'
import { runTool } from '../../scripts/setup/run-tool.ts'
import { err, ok, type Result } from '../../src/base/result.ts'

const REFERENCE = join(import.meta.dirname, 'reference')
const TRACEGEN = join(import.meta.dirname, '..', '..', 'programs', 'tracegen')

export function buildTracegen(go: GoTool, folder: string): Promise<Result<string, string>> {
  return buildProgram(go, TRACEGEN, join(folder, `tracegen-${go.version}`))
}

/** Over golang.org/x/exp/trace, which the module proxy must give. */
export function buildReference(go: GoTool, folder: string): Promise<Result<string, string>> {
  const { GOPROXY = 'https://proxy.golang.org,direct' } = process.env
  return buildProgram(go, REFERENCE, join(folder, 'reference'), { env: { GOPROXY } })
}

/** As a command of the toolchain's tree: raw reader, ordered reader and Summarizer of that very toolchain. */
export async function buildToolchainReference(
  go: GoTool,
  folder: string,
  options: { readonly isUnclamped?: boolean } = {},
): Promise<Result<string, string>> {
  const asked = await runTool(go.goBin, ['env', 'GOROOT'], { env: go.env })
  if (asked.failure !== undefined) return err(asked.failure)
  const goRoot = asked.stdout.toString('utf8').trim()
  const sources = join(folder, options.isUnclamped === true ? 'overlay-unclamped' : 'overlay')
  mkdirSync(sources, { recursive: true })
  const replaced: Record<string, string> = {}
  const lay = (target: string, name: string, text: string): void => {
    writeFileSync(join(sources, name), text)
    replaced[target] = join(sources, name)
  }
  for (const name of ['main.go', 'states.go', 'toolchain.go', 'summaries.go']) {
    const text = readFileSync(join(REFERENCE, name), 'utf8').replaceAll('golang.org/x/exp/trace"', 'internal/trace"')
    lay(join(goRoot, 'src', 'cmd', 'sightline-reference', name), name, text)
  }
  if (options.isUnclamped === true) {
    const path = join(goRoot, 'src', 'internal', 'trace', 'reader.go')
    const patched = unclamp(readFileSync(path, 'utf8'))
    if (patched === undefined) return err(`${path} is not as expected: the place that moves times apart was not found`)
    lay(path, 'reader.go', patched)
    const utilizationPath = join(goRoot, 'src', 'internal', 'trace', 'gc.go')
    const mended = countCollectorOnce(readFileSync(utilizationPath, 'utf8'))
    if (mended === undefined) return err(`${utilizationPath} is not as expected: labels of mark workers were not found`)
    lay(utilizationPath, 'gc.go', mended)
  }
  const overlay = join(sources, 'overlay.json')
  writeFileSync(overlay, JSON.stringify({ Replace: replaced }))
  const output = join(folder, options.isUnclamped === true ? 'reference-unclamped' : 'reference-toolchain')
  const args = ['build', '-overlay', overlay, '-tags', 'toolchain', '-o', output, 'cmd/sightline-reference']
  // -mod=mod is not for the standard library's own vendored modules; and a toolchain that Go fetched lies in the module
  // cache, where overlays are refused: this build needs none.
  const env = { ...go.env, GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0', GOMODCACHE: join(folder, 'no-modules') }
  const run = await runTool(go.goBin, args, { cwd: join(goRoot, 'src', 'cmd'), env, timeoutMs: 300_000 })
  return run.failure === undefined ? ok(output) : err(`${run.failure}: ${run.stderr.toString('utf8')}`)
}

/**
 * The runtime writes a mark worker's label each time that it starts to run. MutatorUtilizationV2 counts its processor at
 * the label, and at the start too if it had a label before: from a worker's second run on, one of the two is never taken
 * back, and the processor counts as the collector's to the end. It also keeps counting a worker that is idle by now.
 * The same happens with an assist from before the trace, told of a goroutine that does not run: it counts on the
 * processor that tells it, and again where the goroutine runs on.
 */
function countCollectorOnce(source: string): string | undefined {
  const place =
    /if flags&UtilBackground != 0 && (strings\.HasPrefix\(l\.Label, "GC "\) && l\.Label != "GC \(idle\)") \{[\s\S]*?bgMark\[ev\.Goroutine\(\)\] = true\s*ps\[ev\.Proc\(\)\]\.gc\+\+\s*\}\s*\}/
  const assist = /\} else if handleMarkAssist\(r\) \{\s*ps\[ev\.Proc\(\)\]\.gc\+\+/
  if (!place.test(source) || !assist.test(source)) return undefined
  const running = 'if ev.Kind() != EventRangeActive || states[r.Scope.Goroutine()].Executing() { ps[ev.Proc()].gc++ }'
  return source.replace(assist, `} else if handleMarkAssist(r) {\n${running}`).replace(
    place,
    `if works, g := $1, ev.Goroutine(); works && !bgMark[g] {
      bgMark[g] = true
      ps[ev.Proc()].gc++
    } else if !works && bgMark[g] {
      delete(bgMark, g)
      ps[ev.Proc()].gc--
    }`,
  )
}

/** Go's reader makes times strictly increasing in `ReadEvent`; without that, its lastTs is the latest time seen. */
function unclamp(source: string): string | undefined {
  const place = /if e\.base\.time <= r\.lastTs \{\s*e\.base\.time = r\.lastTs \+ 1\s*\}\s*r\.lastTs = e\.base\.time/
  if (!place.test(source)) return undefined
  return source.replace(place, 'r.lastTs = max(r.lastTs, e.base.time)')
}
