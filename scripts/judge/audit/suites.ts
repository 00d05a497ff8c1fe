/**
 * The outside suites of `npm run judge:audit`: where each comes from, which of its packages are judged, by which of our
 * rules, and what of it we do not claim, with the reason. Nothing of them is kept here: they are fetched when judged.
 */
export type Suite = {
  readonly name: string
  readonly module: string
  /** As `git clone` takes it: some suites are modules of their own, which the module's archive leaves out. */
  readonly repository: string
  /** Folder of the suite in it. */
  readonly folder: string
  /** gopath: `src/<import path>` with stubs of what is imported; modules: each package has a go.mod. */
  readonly layout: 'gopath' | 'modules'
  /** Files that are judged, relative to the folder. */
  readonly files: RegExp
  readonly rules: readonly string[]
  readonly claims: string
  readonly unclaimed: readonly Unclaimed[]
  /** The tier A target of the acceptance: 0.9 and nothing unexpected. */
  readonly hasTargetA: boolean
}

/** Expectations (or findings of ours that the suite does not expect) that are left out of the ratio, and told. */
export type Unclaimed = {
  readonly files?: RegExp
  /** Of the expected message. */
  readonly pattern?: RegExp
  /** Of the source from the line on. */
  readonly code?: RegExp
  /** Of the line's text, for findings of ours that are no errors though the suite does not expect them. */
  readonly line?: RegExp
  readonly tiers?: readonly ('a' | 'b')[]
  readonly why: string
}

const deriver = 'asks for a function of the user’s own that must be called'

export const suites: readonly Suite[] = [
  {
    name: 'goroutinectx basic',
    module: 'github.com/mpyw/goroutinectx',
    repository: 'https://github.com/mpyw/goroutinectx',
    folder: 'testdata',
    layout: 'gopath',
    files: /^src\/(goroutine|errgroup|waitgroup)\/basic\.go$/,
    rules: ['goroutine-without-context'],
    claims: 'go statements, errgroup, sync.WaitGroup.Go',
    unclaimed: [
      { pattern: /unused goroutinectx:ignore/, why: 'unused ignores are told in the report, not as findings' },
    ],
    hasTargetA: true,
  },
  {
    name: 'goroutinectx advanced, evil, conc',
    module: 'github.com/mpyw/goroutinectx',
    repository: 'https://github.com/mpyw/goroutinectx',
    folder: 'testdata',
    layout: 'gopath',
    files: /^src\/((goroutine|errgroup|waitgroup)\/(advanced|evil)|conc\/basic)\.go$/,
    rules: ['goroutine-without-context'],
    claims: 'functions kept in variables, fields and elements, returned by others, started by others',
    unclaimed: [
      { pattern: /unused goroutinectx:ignore/, why: 'unused ignores are told in the report, not as findings' },
      { pattern: /deriver|should call/, why: deriver },
      {
        files: /src\/goroutine\/evil\.go/,
        pattern: /goroutine does not propagate/,
        code: /^\s*go func\(\) \{ \/\/ want[^\n]*\n\s*fmt\.Println\("no ctx"\) \/\/ ctx NOT used/,
        why: 'a goroutine of a deferred function is clean-up',
      },
      { line: /\.Go\(\(func\(\) func\(\)/, why: 'named there as a limitation of its own: the closure uses no context' },
    ],
    hasTargetA: false,
  },
  {
    name: 'contextcheck',
    module: 'github.com/kkHAIKE/contextcheck',
    repository: 'https://github.com/kkHAIKE/contextcheck',
    folder: 'testdata',
    layout: 'gopath',
    files: /^src\/a\/a\.go$/,
    rules: ['background-context'],
    claims: 'a new context in place of the one at hand, also through functions of the package',
    unclaimed: [],
    hasTargetA: true,
  },
  {
    name: 'noctx',
    module: 'github.com/sonatard/noctx',
    repository: 'https://github.com/sonatard/noctx',
    folder: 'testdata',
    layout: 'gopath',
    files: /^src\/.*\.go$/,
    rules: ['request-without-context'],
    claims: 'net/http, httptest, net, crypto/tls, database/sql, os/exec',
    unclaimed: [],
    hasTargetA: true,
  },
  {
    name: 'fatcontext',
    module: 'go.augendre.info/fatcontext',
    repository: 'https://github.com/Crocmagnon/fatcontext',
    folder: 'pkg/analyzer/testdata',
    layout: 'gopath',
    files: /^src\/(common|structpointer|suggestedfix)\/.*\.go$/,
    rules: ['context-overwritten'],
    claims: 'a context put over itself in loops and literals',
    unclaimed: [],
    hasTargetA: false,
  },
  {
    name: 'containedctx',
    module: 'github.com/sivchari/containedctx',
    repository: 'https://github.com/sivchari/containedctx',
    folder: 'testdata/src/a',
    layout: 'modules',
    files: /^[^/]*\.go$/,
    rules: ['stale-context'],
    claims: 'a context in a field of a struct',
    unclaimed: [],
    hasTargetA: false,
  },
  {
    name: 'spancheck',
    module: 'github.com/jjti/go-spancheck',
    repository: 'https://github.com/jjti/go-spancheck',
    folder: 'testdata',
    layout: 'modules',
    files: /^base\/.*\.go$/,
    rules: ['span-never-ended'],
    claims: 'spans of OpenTelemetry and OpenCensus that are not ended on a path, or not kept',
    unclaimed: [
      { pattern: /^return can be reached without/, why: 'a second line for the same finding' },
      {
        pattern: /not called on all paths/,
        code: /^\s*_, span := otel[\s\S]*?defer func\(\) \{\s*defer func\(\) \{\s*span\.End/,
        why: 'the span is ended, by a defer within a defer',
      },
    ],
    hasTargetA: false,
  },
  {
    name: 'lostcancel',
    module: 'golang.org/x/tools',
    repository: 'https://go.googlesource.com/tools',
    folder: 'go/analysis/passes/lostcancel/testdata',
    layout: 'gopath',
    files: /^src\/(a|b|typeparams)\/.*\.go$/,
    rules: ['lost-cancel'],
    claims: 'a cancel function that is not called on a path',
    unclaimed: [
      {
        pattern: /return statement.*reached without|may be reached without using/,
        why: 'a second line for the same finding',
      },
    ],
    hasTargetA: false,
  },
]
