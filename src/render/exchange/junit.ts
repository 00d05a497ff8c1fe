/**
 * The gate as JUnit XML, by the schema that Ant and Jenkins share (windyroad/JUnit-Schema): a suite for the inputs (an
 * input without data is an error), one for the checks, one for the findings that fail a check; waived ones are skipped.
 */
import type { GateCheck, GateData, GateFinding, GateInput } from '../../model/trust/gate.ts'
import { sayWhere } from '../ledger/say-debt.ts'
import { xmlElement } from './xml-text.ts'

type Outcome = 'passed' | 'failures' | 'errors' | 'skipped'
type Case = { readonly text: string; readonly outcome: Outcome }

export function renderJunit(data: GateData): string {
  const failing = new Set(data.checks.filter(({ pass }) => !pass).flatMap(({ findings }) => findings))
  const suites = [
    { name: 'inputs', cases: data.inputs.map(describeInput) },
    { name: 'checks', cases: data.checks.map(describeCheck) },
    {
      name: 'findings',
      cases: [
        ...data.findings.filter(({ fingerprint }) => failing.has(fingerprint)).map(describeFinding),
        ...data.waived.filter(({ waiver }) => waiver?.expired === false).map(describeWaived),
      ],
    },
  ]
  // The schema's timestamps have no zone and no fraction.
  const timestamp = data.asOf.slice(0, 19)
  const body = suites.map(({ name, cases }, id) => renderSuite(name, cases, id, timestamp))
  return `<?xml version="1.0" encoding="UTF-8"?>\n${xmlElement('testsuites', {}, body)}\n`
}

function renderSuite(name: string, cases: readonly Case[], id: number, timestamp: string): string {
  const count = (outcome: Outcome) => cases.filter((one) => one.outcome === outcome).length
  return xmlElement(
    'testsuite',
    {
      package: 'sightline.gate',
      id,
      name,
      timestamp,
      hostname: 'localhost',
      tests: cases.length,
      failures: count('failures'),
      errors: count('errors'),
      skipped: count('skipped'),
      time: 0,
    },
    ['<properties/>', ...cases.map(({ text }) => text), '<system-out/>', '<system-err/>'],
  )
}

function renderCase(className: string, name: string, outcome: Outcome, child?: string): Case {
  const attributes = { name, classname: `sightline.gate.${className}`, time: 0 }
  return { outcome, text: xmlElement('testcase', attributes, child === undefined ? undefined : [child]) }
}

function describeInput({ file, source, inconclusive, error }: GateInput): Case {
  const name = `${file} (${source})`
  if (error !== undefined) {
    return renderCase('inputs', name, 'errors', xmlElement('error', { message: error.message, type: error.code }, ''))
  }
  if (inconclusive.length === 0) return renderCase('inputs', name, 'passed')
  const message = inconclusive.join('; ')
  return renderCase('inputs', name, 'errors', xmlElement('error', { message, type: 'inconclusive' }, ''))
}

function describeCheck({ check, pass, why, findings }: GateCheck): Case {
  return pass
    ? renderCase('checks', check, 'passed')
    : renderCase('checks', check, 'failures', xmlElement('failure', { message: why, type: check }, findings.join('\n')))
}

function describeFinding(finding: GateFinding): Case {
  const { rule, title, service, severity, confidence, fingerprint, why, fix } = finding
  const lines = [
    `${severity}, ${confidence}, ${rule} in ${service}`,
    sayWhere(finding.where),
    why === undefined ? '' : `${finding.change}: ${why}`,
    fix === undefined ? '' : `fix: ${fix}`,
    `fingerprint: ${fingerprint}`,
  ]
  const text = lines.filter((line) => line !== '').join('\n')
  return renderCase(
    `findings.${service}`,
    `${rule} ${fingerprint.slice(0, 8)}: ${title}`,
    'failures',
    xmlElement('failure', { message: title, type: rule }, text),
  )
}

/** Of `skipped` the schema knows neither text nor attributes: the waiver stands in the name. */
function describeWaived({ rule, title, service, fingerprint, waiver }: GateFinding): Case {
  const by = waiver === undefined ? '' : ` (waived by ${waiver.who} until ${waiver.until}: ${waiver.why})`
  const name = `${rule} ${fingerprint.slice(0, 8)}: ${title}${by}`
  return renderCase(`findings.${service}`, name, 'skipped', '<skipped/>')
}
