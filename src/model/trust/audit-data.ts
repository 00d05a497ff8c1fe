/**
 * What the source audit hands from room to room and from thread to thread: plain data without trees. Facts of a package
 * (what it uses and where), drafts of findings with their places, edits of a fix; and the wire type of `audit --json`
 * (findings carry rule, file, line and column; the data says what was read and what was not).
 */
import type { Confidence, Severity } from '../contract.ts'
import type { AuditProgram, FindingScope } from './source-map.ts'

/** For people: lines and columns from 1, columns in bytes. */
export type AuditPlace = {
  readonly file: string
  readonly line: number
  readonly column: number
  /** After the last character. */
  readonly endLine?: number
  readonly endColumn?: number
  /** The line of source. */
  readonly excerpt: string
}

/** In UTF-16 units of the file's text: from `start` to `end` comes `text`. */
export type AuditEdit = { readonly start: number; readonly end: number; readonly text: string }

export type AuditDraft = {
  readonly rule: string
  readonly message: string
  readonly severity: Severity
  readonly confidence: Confidence
  readonly place: AuditPlace
  readonly related: readonly (AuditPlace & { readonly note: string })[]
  /** Package path (or directory) and function: what the fingerprint is made of. */
  readonly packagePath: string
  /** `(*Server).handle`, `main`; of a literal that of what encloses it. Empty outside functions. */
  readonly symbol: string
  readonly service: string
  readonly advice?: string
  readonly fix?: { readonly title: string; readonly edits: readonly AuditEdit[] }
  /** Where it stands among the functions; absent outside of them. */
  readonly scope?: FindingScope
  /** What it is worth where no request, span or method of gRPC is known to lead to it. */
  readonly offTrace?: { readonly severity: Severity; readonly confidence: Confidence }
}

/** What one package uses: enough for rules that look at the whole project. */
export type PackageFacts = {
  readonly directory: string
  readonly name: string
  readonly importPath: string
  readonly service: string
  readonly goVersion?: string
  /** Of its files that are not tests. */
  readonly imports: readonly string[]
  /** Functions, methods and types of other packages by name without stars and brackets (`net/http.Client.Do`), and of
   *  its own that others may call; where they are first used. Files of tests are left out. */
  readonly uses: readonly { readonly name: string; readonly place: AuditPlace; readonly symbol: string }[]
  /** Requirements of its module. */
  readonly requires: readonly string[]
  /** Position of `func main`, of a command. */
  readonly main?: AuditPlace
}

/** A comment that asks for silence. */
export type AuditIgnore = {
  readonly place: AuditPlace
  readonly rules: readonly string[]
  readonly reason: string
  /** Findings that it kept back. */
  readonly used: number
  readonly from: 'sightline' | 'other'
}

/** What spans and runtime say of the findings of break classes. */
export type AuditSeen = {
  /** Services whose spans were compared. */
  readonly services: readonly string[]
  readonly confirmedBySpans: number
  readonly confirmedByRuntime: number
  /** Traces break there, and another finding explains it as well or better. */
  readonly mayBe: number
  /** Traces pass the code, and do not break there. */
  readonly notSeen: number
  /** No trace passes the code, as far as names tell. */
  readonly notReached: number
  /** Which service runs the code is not known. */
  readonly notCompared: number
}

export type AuditData = {
  readonly directory: string
  /** `a`: by syntax; `b`: with types of the Go toolchain. */
  readonly tier: 'a' | 'b'
  readonly modules: readonly { readonly path: string; readonly directory: string; readonly goVersion?: string }[]
  readonly packages: number
  /** Commands, by which spans and source find each other. */
  readonly programs: readonly AuditProgram[]
  /** Names of the spans that the source starts, as far as they can be read; `*` for what is open. */
  readonly spanNames: readonly string[]
  readonly files: {
    readonly read: number
    readonly sizeBytes: number
    readonly broken: number
    readonly generated: number
    readonly vendor: number
    readonly testdata: number
    readonly tests: number
    /** Larger than is read, or beyond the bound of all. */
    readonly tooLarge: number
    readonly unreadable: number
  }
  /** Findings by rule, most first. */
  readonly rules: readonly { readonly rule: string; readonly findings: number }[]
  readonly ignored: { readonly findings: number; readonly comments: readonly AuditIgnore[] }
  readonly fixes: { readonly available: number; readonly applied: number; readonly files: readonly string[] }
  /** Of tier b. */
  readonly typing?: {
    /** The user's own toolchain. */
    readonly goVersion: string
    readonly packages: number
    readonly files: number
    /** Identifiers, selectors, calls and other expressions; those that got a type or a meaning. */
    readonly expressions: number
    readonly typed: number
  }
  /** Of other linters' reports: remarks, those that met a finding, became one, or are of no class that is known here. */
  readonly imported?: {
    readonly remarks: number
    readonly joined: number
    readonly added: number
    readonly left: number
  }
  /** Where spans, a capture or a trace were given. */
  readonly seen?: AuditSeen
  readonly durationMs: number
}

/** Of `audit snippets`. */
export type SnippetData = {
  readonly document: string
  readonly tier: 'a' | 'b'
  /** Blocks of Go; those of them with a package clause. */
  readonly blocks: number
  readonly programs: number
  /** Blocks that do not parse; programs that parse and do not compile. */
  readonly broken: number
  readonly notCompiling: number
}
