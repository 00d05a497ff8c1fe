/**
 * Sources and spans brought together: which service runs which source, said in data and issues. A service that was named
 * and has no spans is a fault; a source whose service is not known is an issue with what to say, and no evidence.
 */
import { type NamedSource, nameSource } from '../../analyze/trust-source/source-services.ts'
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { IssueLog } from '../../model/issue.ts'
import type { SpanTable } from '../../model/spans.ts'
import type { SourceEvidence } from '../../model/trust/source-evidence.ts'
import type { TrustSource } from '../../model/trust/trust-data.ts'
import type { ReadSource } from './read-source.ts'

const MAX_NAMES = 8

export type NamedSources = {
  /** One place per finding of all sources, in their order. */
  readonly evidence: readonly (SourceEvidence | undefined)[]
  readonly sources: readonly TrustSource[]
}

export function nameSources(sources: readonly ReadSource[], spans: SpanTable, log: IssueLog): Result<NamedSources> {
  const seen = [...new Set(spans.resources.map(({ service }) => service))]
  const evidence: (SourceEvidence | undefined)[] = []
  const told: TrustSource[] = []
  for (const source of sources) {
    const missing = source.services?.find((name) => !seen.includes(name))
    if (missing !== undefined) {
      const hint = `Services in the spans: ${seen.slice(0, MAX_NAMES).join(', ')}.`
      const message = `${source.name} is said to be ${missing}, and there are no spans of a service ${missing}`
      return err(fault('SL_OPS_NO_SERVICE', { message, hint, target: source.name }))
    }
    const named = nameSource(source, spans)
    evidence.push(...named.evidence)
    told.push(describeSource(source, named))
    noteDoubts(source, named, seen, log)
  }
  return ok({ evidence, sources: told })
}

function describeSource(source: ReadSource, { evidence, programs }: NamedSource): TrustSource {
  const { name, kind, tier, findings, services } = source
  return {
    name,
    kind,
    tier,
    findings: findings.length,
    usable: evidence.filter((one) => one !== undefined).length,
    services: services ?? [...new Set(programs.flatMap((one) => one.services))],
    programs: programs.map(({ program, services: own, by }) => ({
      importPath: program.importPath,
      services: services ?? own,
      ...(services === undefined ? (by === '' ? {} : { by }) : { by: 'as it was given' }),
    })),
  }
}

function noteDoubts(source: ReadSource, named: NamedSource, seen: readonly string[], log: IssueLog): void {
  const { name, services, programs } = source
  if (services !== undefined) return
  const at = { file: name }
  const list = seen.slice(0, MAX_NAMES).join(', ')
  const nobody = named.programs.filter((one) => one.services.length === 0)
  if (programs.length === 0) {
    const message = `${name} has no command, so no service is known to run it: say which, ${name}=SERVICE (of ${list})`
    log.add('SL_OPS_SOURCE_NOT_MATCHED', message, { at })
  } else if (nobody.length === programs.length) {
    const sets = named.unseen.length === 0 ? '' : ` (it calls itself ${named.unseen.slice(0, MAX_NAMES).join(', ')})`
    const message = `${name} is none of the services in the spans as far as can be told${sets}: say which, ${name}=SERVICE (of ${list})`
    log.add('SL_OPS_SOURCE_NOT_MATCHED', message, { at })
  } else if (nobody.length > 0) {
    const paths = nobody.slice(0, MAX_NAMES).map(({ program }) => program.importPath)
    const message = `no spans of ${paths.join(', ')} are known, so what is said of ${nobody.length === 1 ? 'it' : 'them'} is no evidence here`
    log.add('SL_OPS_SOURCE_NOT_MATCHED', message, { at, severity: 'info' })
  }
  for (const { program, services: own } of named.programs) {
    if (own.length < 2) continue
    const message = `${program.importPath} runs as ${own.slice(0, MAX_NAMES).join(', ')}: a fault of a whole process is no evidence for one of them; say which, ${name}=SERVICE`
    log.add('SL_OPS_SOURCE_SHARED', message, { at, severity: 'info' })
  }
}
