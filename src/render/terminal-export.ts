/** What an export wrote, for the terminal: where it is, what is in it, what is not, and what opens it. */
import { formatDuration, formatSize } from '../base/units.ts'
import type { Issue } from '../model/issue.ts'
import type { TimelineExport } from '../model/trace-export/trace-export.ts'
import { renderIssues } from './terminal-diagnose.ts'
import { countOf, escapeControls, formatCount } from './text.ts'
import type { Theme } from './theme.ts'

type Options = { readonly width: number; readonly theme: Theme }

export function renderExport(written: TimelineExport, issues: readonly Issue[], options: Options): string {
  const lines = [sayFile(written), ...sayContents(written)]
  const doubts = renderIssues(issues, options)
  return `${[...lines, ...(doubts.length === 0 ? [] : ['', ...doubts])].join('\n')}\n`
}

function sayFile({ path, sizeBytes, growthRatio, fromNs, toNs, goroutine }: TimelineExport): string {
  const of = goroutine === undefined ? '' : ` of goroutine ${goroutine}`
  const where = path === undefined ? 'stdout' : escapeControls(path)
  const growth = growthRatio >= 0.1 ? `, ${growthRatio.toFixed(1)} times the trace` : ''
  return `Wrote ${where}: ${formatSize(sizeBytes)}${growth}, ${formatDuration(toNs - fromNs)}${of}.`
}

function sayContents(written: TimelineExport): readonly string[] {
  if (written.format === 'pprof') {
    const { what = 'all', samples = 0, count = 0, ns = 0 } = written
    const time = what === 'cpu' ? '' : `, ${formatDuration(ns)} in all`
    return [
      `${countOf(samples, 'stack')} of ${what}: ${formatCount(count)} times${time}.`,
      `Open it: go tool pprof -http=: ${written.path === undefined ? 'FILE' : escapeControls(written.path)}`,
    ]
  }
  const { slices = 0, flows = 0, tracks = 0, goroutinesInLanes = 0, spans = 0 } = written
  const more = spans === 0 ? '' : `, ${countOf(spans, 'span')}`
  const shared =
    goroutinesInLanes === 0
      ? []
      : [`${countOf(goroutinesInLanes, 'goroutine')} share the lanes of their groups: there is a limit of tracks.`]
  return [
    `${countOf(slices, 'slice')} on ${countOf(tracks, 'track')}, ${countOf(flows, 'flow')}${more}.`,
    ...shared,
    'Open it at ui.perfetto.dev: the page reads the file in the browser and sends it nowhere.',
  ]
}
