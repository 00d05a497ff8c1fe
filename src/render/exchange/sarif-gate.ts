/** The gate's findings as SARIF: new and known against the baseline, waived ones as suppressed with their reason. */
import type { GateData, GateFinding } from '../../model/trust/gate.ts'
import { sayWhere } from '../ledger/say-debt.ts'
import { renderSarif, type SarifResult } from './sarif.ts'

export function renderGateSarif({ findings, findingsOmitted, waived }: GateData, version: string): string {
  // An expired waiver is among both.
  const held = waived.filter(({ waiver }) => waiver?.expired === false)
  const results = [...findings, ...held].map(toResult)
  const fixes = new Map([...findings, ...held].map(({ rule, fix }) => [rule, fix]))
  const rules = [...fixes].map(([id, help]) => ({ id, ...(help === undefined ? {} : { help }) }))
  return renderSarif({ version, rules, results, omitted: findingsOmitted })
}

function toResult({
  rule,
  severity,
  confidence,
  title,
  fingerprint,
  where,
  service,
  file,
  ...more
}: GateFinding): SarifResult {
  const { change, waiver } = more
  const name = sayWhere(where)
  return {
    rule,
    severity,
    message: `${title} (${service})`,
    fingerprint,
    place: { file: where.file ?? file, ...(where.line === undefined ? {} : { line: where.line }) },
    ...(name === '' ? {} : { logicalName: name }),
    ...(change === undefined ? {} : { isNew: change !== 'known' }),
    ...(waiver?.expired === false ? { suppressedBy: `${waiver.why} (${waiver.who}, until ${waiver.until})` } : {}),
    properties: { confidence, service },
  }
}
