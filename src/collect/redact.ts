/**
 * Takes secrets out of what a target says of itself, by pattern, and counts what was taken out.
 * Enters: cmdline (NUL-separated), expvar JSON, metrics text. Leaves: the same bytes but for the secrets.
 * Only the value goes, names stay; JSON is rewritten token by token, so that every other byte stays as it was.
 * A pattern cannot know every secret: a bare word that is one stays.
 */

export const REDACTED = 'REDACTED'

export type Redaction = { readonly text: string; readonly count: number }

/** Names whose value is a secret: `--db-password`, `API_KEY`, `sasl.jaas.config`, `dsn`. */
const SECRET_NAME =
  /pass(word|wd|phrase|code)?$|passw|pwd|secret|token|api[-_.]?key|access[-_.]?key|private[-_.]?key|secret[-_.]?key|credential|(^|[-_.])auth($|[-_.])|authorization|bearer|cookie|session[-_.]?(id|key)|signing[-_.]?key|encryption[-_.]?key|dsn$|conn(ection)?[-_.]?str|jaas|license[-_.]?key/i

/** Names of something about a secret that is none itself: `--password-file`, `token_ttl`. */
const NAME_OF_OTHER = /[-_.](file|path|dir|ttl|expiry|expires|timeout|length|size|name|type|enabled|count|total)$/i

/**
 * Secrets that are known by their own form, wherever they stand. The text is the target's and may be 128 MiB of anything:
 * no pattern begins with a repetition, and none that can fail late may begin again inside what it has read.
 */
const SECRET_FORMS: readonly { readonly find: RegExp; readonly put: string }[] = [
  // scheme://user:password@host, and scheme://:password@host (redis)
  { find: /([a-z0-9]:\/\/[^\s:/@"'?#]*):[^\s@"'/?#]+@/gi, put: `$1:${REDACTED}@` },
  // user:password@tcp(host): go-sql-driver
  { find: /([\w.-]):[^\s:@"'/]+@(tcp|unix)\(/g, put: `$1:${REDACTED}@$2(` },
  { find: /\b(bearer|basic)\s+[A-Za-z0-9._~+/-]{8,}=*/gi, put: `$1 ${REDACTED}` },
  // JSON web tokens (signed, encrypted, without their second half), AWS key ids, GitHub, GitLab, Slack and Stripe tokens
  { find: /\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g, put: REDACTED },
  { find: /\b(AKIA|ASIA)[0-9A-Z]{16}\b/g, put: REDACTED },
  {
    find: /\b(gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|[sr]k_live_\w{16,})/g,
    put: REDACTED,
  },
  { find: /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, put: REDACTED },
]

/** password=… in key=value connection strings and queries; the key may carry a prefix. */
const ASSIGNED = /(?<![\w.-])([\w.-]+)=/g
const ASSIGNED_SECRET = /password|passwd|pwd|secret|token|api[-_]?key|access[-_]?key|credential/i
const ASSIGNED_OTHER = /[-_.](?:file|path|dir|ttl|expiry|timeout|length|size|type)$/i
const ASSIGNED_VALUE = /(?!REDACTED)[^\s&;,"']+/y

/** Arguments as `/debug/pprof/cmdline` gives them: separated by NUL bytes. */
export function redactCmdline(text: string): Redaction {
  const parts = text.split('\0')
  const redacted = redactArguments(parts)
  return { text: redacted.values.join('\0'), count: redacted.count }
}

/** Prometheus text and other free text: only secrets known by their form. */
export function redactText(text: string): Redaction {
  let count = 0
  let out = text
  for (const form of SECRET_FORMS) {
    out = out.replace(form.find, (...match: unknown[]) => {
      const whole = match[0] as string
      const replaced = whole.replace(new RegExp(form.find.source, form.find.flags.replace('g', '')), form.put)
      if (replaced !== whole) count += 1
      return replaced
    })
  }
  const assigned = redactAssigned(out)
  return { text: assigned.text, count: count + assigned.count }
}

function redactAssigned(text: string): Redaction {
  let count = 0
  let out = ''
  let kept = 0
  for (const { index, 0: assignment, 1: key = '' } of text.matchAll(ASSIGNED)) {
    if (index < kept || !ASSIGNED_SECRET.test(key) || ASSIGNED_OTHER.test(key)) continue
    ASSIGNED_VALUE.lastIndex = index + assignment.length
    const value = ASSIGNED_VALUE.exec(text)?.[0]
    if (value === undefined) continue
    out += `${text.slice(kept, index)}${assignment}${REDACTED}`
    kept = index + assignment.length + value.length
    count += 1
  }
  return { text: out + text.slice(kept), count }
}

/** A JSON document: strings under secret names, in `cmdline` arrays, and known forms anywhere. */
export function redactJson(text: string): Redaction {
  const mark = /["{}[\]]/g
  let count = 0
  let out = ''
  let kept = 0
  let key = ''
  let previous: string | undefined
  const keys: string[] = []
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    if (found[0] === '{' || found[0] === '[') {
      keys.push(key)
      previous = undefined
    } else if (found[0] !== '"') key = keys.pop() ?? ''
    else {
      const end = findStringEnd(text, found.index)
      if (end === undefined) break
      mark.lastIndex = end
      const value = readJsonString(text.slice(found.index, end))
      if (value === undefined) continue
      if (isFollowedByColon(text, end)) {
        key = value
        continue
      }
      const redacted = redactValue(value, key, previous)
      previous = value
      if (redacted === value) continue
      out += text.slice(kept, found.index) + JSON.stringify(redacted)
      kept = end
      count += 1
    }
  }
  return { text: out + text.slice(kept), count }
}

/** Past the closing quote; undefined when the text ends first. No pattern: its stack would grow with the string. */
function findStringEnd(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text[at]
    if (character === '"') return at + 1
    if (character === '\\') at += 1
  }
  return undefined
}

function isFollowedByColon(text: string, start: number): boolean {
  let at = start
  while (at < text.length && /\s/.test(text[at] as string)) at += 1
  return text[at] === ':'
}

function redactArguments(parts: readonly string[]): { readonly values: readonly string[]; readonly count: number } {
  let count = 0
  const values = parts.map((part, index) => {
    const redacted = redactValue(part, '', index === 0 ? undefined : parts[index - 1])
    if (redacted !== part) count += 1
    return redacted
  })
  return { values, count }
}

/** `key`: the name above the value. `previous`: the argument before it, for `--token VALUE`. */
function redactValue(value: string, key: string, previous: string | undefined): string {
  if (value === '' || value === REDACTED) return value
  if (key !== '' && isSecretName(key)) return REDACTED
  const assigned = /^(-{0,2}[\w.-]+)=(.+)$/s.exec(value)
  if (assigned !== null && isSecretName(assigned[1] as string)) return `${assigned[1]}=${REDACTED}`
  const flag = previous === undefined ? undefined : /^--?([\w.-]+)$/.exec(previous)
  if (flag && !value.startsWith('-') && isSecretName(flag[1] as string)) return REDACTED
  return redactText(value).text
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !NAME_OF_OTHER.test(name)
}

function readJsonString(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
