/** Reports as commands print them, drawn for the gate's tests: an envelope with the data that decides. */
export type DrawnFinding = {
  readonly fingerprint: string
  readonly rule?: string
  readonly severity?: string
  readonly confidence?: string
  readonly service?: string
  readonly title?: string
  readonly cost?: Readonly<Record<string, number>>
}

export function drawReport(
  command: string,
  data: object,
  findings: readonly DrawnFinding[] = [],
  more: object = {},
): string {
  return JSON.stringify({
    schema: `sightline.${command}/v1`,
    ok: true,
    data,
    findings: findings.map((one) => ({
      rule: one.rule ?? 'no-extract',
      title: one.title ?? 'a finding',
      severity: one.severity ?? 'high',
      confidence: one.confidence ?? 'certain',
      subject: { service: one.service ?? 'cart' },
      evidence: [{ lens: 'spans', source: 'spans.json' }],
      blindTo: [],
      cost: one.cost ?? {},
      fix: { summary: 'mend it' },
      fingerprint: one.fingerprint,
    })),
    issues: [],
    coverage: { asked: 1, answered: 1, missing: [] },
    error: null,
    ...more,
  })
}

/** What `trust` says of a run with data; `grade` of its one service. */
export function drawTrust(findings: readonly DrawnFinding[] = [], grade = 'A', day = 1): string {
  const window = { endTime: `2026-11-${String(day).padStart(2, '0')}T12:00:00Z` }
  const services = [{ service: 'cart', grade, traces: 1000, spans: 5000, breaks: [] }]
  return drawReport('trust', { window, spans: 5000, traces: 1000, services, edges: [] }, findings)
}
