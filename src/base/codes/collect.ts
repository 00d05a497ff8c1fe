/**
 * Error and issue codes of `collect`: the network first, then what the target answered, then captures on disk.
 * Codes are never renamed or reused.
 */
import type { CodeRow, ExitCode } from './code-row.ts'

export const collectCodes = {
  SL_COLLECT_TARGET_SYNTAX: row(64, 400, false, {
    summary: 'The address of a target cannot be read',
    hint: 'Give http://host:port, https://host/base/debug/pprof/, unix:///path.sock or http+unix://%2Fpath.sock/base/.',
  }),
  SL_COLLECT_OPTIONS: row(64, 400, false, {
    summary: 'The options of the capture contradict each other or are out of range',
    hint: 'See `sightline capture --help`; --plan shows what would be asked.',
  }),
  SL_COLLECT_CREDENTIALS: row(78, 500, false, {
    summary: 'A certificate, key or CA file cannot be used',
    hint: 'Give PEM files that belong together; an encrypted key must be decrypted first.',
  }),

  SL_COLLECT_TIMEOUT: row(69, 504, true, {
    summary: 'The target did not answer in time',
    hint: 'Check that the address is right and the service is not wedged; raise --timeout if it is only slow.',
  }),
  SL_COLLECT_STALLED: row(69, 504, true, {
    summary: 'The target began to answer, then went silent',
    hint: 'The service or a proxy stopped sending; what came was kept. Raise --timeout if it is only slow.',
  }),
  SL_COLLECT_REFUSED: row(69, 502, true, {
    summary: 'The target refuses connections',
    hint: 'Check host and port, that the service runs, and that its pprof listener is on.',
  }),
  SL_COLLECT_DNS: row(69, 502, true, {
    summary: 'The host name of the target cannot be resolved',
    hint: 'Check the spelling and that this machine can resolve the name.',
  }),
  SL_COLLECT_UNREACHABLE: row(69, 502, true, {
    summary: 'There is no route to the target',
    hint: 'Check the network, VPN or firewall between this machine and the target.',
  }),
  SL_COLLECT_RESET: row(69, 502, true, {
    summary: 'The target closed the connection without an answer',
    hint: 'Something between here and the service cut it, or the service speaks TLS: try https://.',
  }),
  SL_COLLECT_NOT_HTTP: row(69, 502, false, {
    summary: 'What answers is not an HTTP server',
    hint: 'The port belongs to another protocol; give the port on which net/http/pprof is served.',
  }),
  SL_COLLECT_SOCKET_MISSING: row(69, 502, false, {
    summary: 'The unix socket does not exist',
    hint: 'Check the path, and that the service that makes it is running.',
  }),
  SL_COLLECT_SOCKET_DENIED: row(77, 502, false, {
    summary: 'The unix socket may not be opened',
    hint: 'Run as a user who may read and write the socket.',
  }),
  SL_COLLECT_TLS_UNTRUSTED: row(69, 502, false, {
    summary: 'The certificate of the target is not trusted',
    hint: 'Give the issuer with --ca FILE; --insecure skips the check and should stay the exception.',
  }),
  SL_COLLECT_TLS_NAME: row(69, 502, false, {
    summary: 'The certificate of the target is for another name',
    hint: 'Use the name in the certificate, or give it with --server-name.',
  }),
  SL_COLLECT_TLS_CLIENT_CERT: row(77, 502, false, {
    summary: 'The target wants a client certificate, or refuses the one given',
    hint: 'Give --cert and --key that the target trusts.',
  }),
  SL_COLLECT_TLS_NOT_TLS: row(69, 502, false, {
    summary: 'The TLS handshake failed: the target does not speak TLS as asked',
    hint: 'If the service serves plain HTTP, use http:// instead of https://.',
  }),
  SL_COLLECT_TLS_EXPECTED: row(69, 502, false, {
    summary: 'The target speaks TLS, and was asked in plain HTTP',
    hint: 'Use https:// in the address.',
  }),

  SL_COLLECT_UNAUTHORIZED: row(77, 502, false, {
    summary: 'The target wants credentials (401)',
    hint: 'Give --user, --bearer or --header; a file or environment variable keeps them out of the shell history.',
  }),
  SL_COLLECT_FORBIDDEN: row(77, 502, false, {
    summary: 'The target refuses these credentials (403)',
    hint: 'The account lacks the right to read profiles, or a proxy blocks the path.',
  }),
  SL_COLLECT_NOT_FOUND: row(69, 502, false, {
    summary: 'There is no pprof at this address (404)',
    hint: 'Give the base path under which net/http/pprof is registered, e.g. http://host:port/internal/debug/pprof/.',
  }),
  SL_COLLECT_LENS_ABSENT: row(69, 502, false, {
    summary: 'The target has no such lens (404)',
    hint: 'The Go version does not have it, or only some of the pprof handlers are registered.',
  }),
  SL_COLLECT_REJECTED: row(69, 502, false, {
    summary: 'The target rejects the request (4xx)',
    hint: 'An old Go version, a proxy or a handler of its own; the status and its first words are in the detail.',
  }),
  SL_COLLECT_THROTTLED: row(75, 503, true, {
    summary: 'The target or a proxy asks to come back later (429 or 503)',
    hint: 'Try again later, or go past the proxy to the service itself.',
  }),
  SL_COLLECT_SERVER_ERROR: row(69, 502, true, {
    summary: 'The target answers with an error of its own (5xx)',
    hint: 'The first words of its answer are in the detail; a 502 or 504 comes from a proxy in front of it.',
  }),
  SL_COLLECT_REDIRECT: row(69, 502, false, {
    summary: 'The target redirects to another place',
    hint: 'Redirects are followed on the same origin only, so that credentials stay there; give the final address.',
  }),
  SL_COLLECT_HTML: row(65, 502, false, {
    summary: 'The target answers with a web page instead of a profile',
    hint: 'A login page, an ingress or the wrong path: give the base path of net/http/pprof itself, and credentials.',
  }),
  SL_COLLECT_NOT_PPROF: row(65, 502, false, {
    summary: 'What the target sent is not what this path of net/http/pprof sends',
    hint: 'Check that the path leads to a Go service; another runtime or a proxy may answer there.',
  }),
  SL_COLLECT_EMPTY: row(65, 502, true, {
    summary: 'The target answered with nothing',
    hint: 'An empty body is no evidence; a proxy or a handler that failed halfway is the usual cause.',
  }),
  SL_COLLECT_CUT: row(65, 502, true, {
    summary: 'The answer ended before its end',
    hint: 'The connection broke or the service has a WriteTimeout shorter than the window; what came was kept.',
  }),
  SL_COLLECT_TOO_LARGE: row(65, 502, false, {
    summary: 'The answer is larger than the limit',
    hint: 'Raise --max-bytes (or --max-trace-bytes for the trace); what came before the limit was kept.',
  }),
  SL_COLLECT_TRACE_BUSY: row(75, 503, true, {
    summary: 'Someone else is tracing this process',
    hint: 'A process has one tracer: wait for the other one to end, or capture with --without trace.',
  }),
  SL_COLLECT_PROFILE_BUSY: row(75, 503, true, {
    summary: 'Someone else takes a CPU profile of this process',
    hint: 'A process has one CPU profiler, and a continuous-profiling agent may hold it: capture with --without cpu.',
  }),
  SL_COLLECT_DELTA_UNSUPPORTED: row(69, 502, false, {
    summary: 'The target cannot give this profile over a window (?seconds=)',
    hint: 'Go before 1.15 or a handler of its own; the profile since the start of the process was taken instead.',
  }),
  SL_COLLECT_INTERRUPTED: row(75, 503, true, {
    summary: 'The capture was ended before its plan was',
    hint: 'What was got until then is in the capture; take it again for the rest.',
  }),
  SL_COLLECT_OVER_BUDGET: row(69, 502, false, {
    summary: 'Not asked: it would cost the target more than the limits allow',
    hint: 'Raise --max-goroutines or --max-total-bytes if the service can bear it; --plan shows the cost.',
  }),
  SL_COLLECT_NOTHING_ANSWERED: row(69, 502, true, {
    summary: 'No lens of the target answered',
    hint: 'Each request and why it failed is listed under coverage.',
  }),

  SL_COLLECT_GO_TOOL: row(69, 502, false, {
    summary: 'There is no Go toolchain that can type the packages',
    hint: 'Put Go 1.22 or newer on PATH or name one with SIGHTLINE_GO; --tier a reads by syntax and needs none.',
  }),
  SL_COLLECT_GO_HELPER: row(69, 502, false, {
    summary: 'The helper that types Go packages could not be built or run',
    hint: 'Check that the go on PATH compiles programs here and that the cache folder can be written; --tier a does without.',
  }),
  SL_COLLECT_GO_LIST: row(69, 502, false, {
    summary: 'The go command could not list the packages',
    hint: 'Run `go list ./...` there and see; modules may have to be downloaded first. --tier a does without.',
  }),
  SL_COLLECT_GO_PACKAGE: row(65, 422, false, {
    summary: 'A Go package could not be typed as a whole',
    hint: 'What could be typed was; the rest was read by syntax. `go vet` says what is wrong.',
  }),
  SL_COLLECT_NO_INPUT: row(66, 404, false, {
    summary: 'The file or folder does not exist or cannot be read',
    hint: 'Check the path and its permissions.',
  }),
  SL_COLLECT_FILE_TOO_LARGE: row(65, 413, false, {
    summary: 'A file is larger than what is read of one',
    hint: 'Take a smaller piece of it, or raise the limit.',
  }),
  SL_COLLECT_CAPTURE_EMPTY: row(65, 422, false, {
    summary: 'The folder or archive holds no files',
    hint: 'Give a capture, or files that pprof, a panic or SIGQUIT wrote.',
  }),
  SL_COLLECT_NO_TRACE: row(65, 422, false, {
    summary: 'The capture holds no execution trace',
    hint: 'Take one: sightline capture URL (a trace of one second is part of it), or curl -o trace.bin URL/debug/pprof/trace?seconds=1.',
  }),
  SL_COLLECT_NO_MANIFEST: row(65, 422, false, {
    summary: 'The folder has no manifest.json: its files were taken for what their content says',
    hint: 'When and in which order they were taken is not known; a capture made by `sightline capture` knows.',
  }),
  SL_COLLECT_MANIFEST_DAMAGED: row(65, 422, false, {
    summary: 'The manifest of the capture cannot be read',
    hint: 'Take the capture again; without its manifest.json the files can still be read as loose files.',
  }),
  SL_COLLECT_CAPTURE_NEWER: row(65, 422, false, {
    summary: 'The capture was made by a newer sightline than this one',
    hint: 'Update sightline.',
  }),
  SL_COLLECT_FILE_MISSING: row(65, 422, false, {
    summary: 'The manifest names a file that the capture does not hold, or holds in another size',
    hint: 'The capture was copied in part; copy all of it, or take it again.',
  }),
  SL_COLLECT_ARCHIVE_DAMAGED: row(65, 422, false, {
    summary: 'The .slc file is no archive that a capture can come from',
    hint: 'A capture is tar + zstd with plain files; links, absolute paths and cut archives are refused.',
  }),
  SL_COLLECT_ARCHIVE_BOMB: row(65, 413, false, {
    summary: 'The .slc file unpacks to more than the limit',
    hint: 'No capture that sightline makes is that large; do not trust this file.',
  }),
  SL_COLLECT_OUTPUT_TAKEN: row(73, 409, false, {
    summary: 'The output path exists and is not a capture',
    hint: 'Give another -o: sightline replaces only captures of its own.',
  }),
  SL_COLLECT_WRITE: row(74, 500, true, {
    summary: 'The capture could not be written',
    hint: 'Check the path, the free space and the permissions.',
  }),
  SL_COLLECT_WORKER_LOST: row(70, 500, true, {
    summary: 'A worker thread ended before its work was done',
    hint: 'Most often memory ran out: --workers 1 needs the least. The cause says what the thread said.',
  }),
  SL_COLLECT_DEMO_SOURCE: row(66, 404, false, {
    summary: "The source of the demo's service is not here",
    hint: 'demo --live needs a clone of the repository; demo without --live replays the recording.',
  }),
  SL_COLLECT_DEMO_GO: row(69, 503, false, {
    summary: 'There is no Go toolchain to build the demo service with',
    hint: 'Install Go 1.26 or newer, or name one with SIGHTLINE_GO; demo without --live needs none.',
  }),
  SL_COLLECT_DEMO_BUILD: row(69, 503, false, {
    summary: 'The demo service could not be built',
    hint: 'It needs Go 1.26 or newer and a folder to write to; demo without --live needs neither.',
  }),
  SL_COLLECT_DEMO_START: row(69, 503, true, {
    summary: 'The demo service could not be started',
    hint: 'It listens on loopback ports that the system chooses; see what it said.',
  }),
} as const satisfies Record<string, CodeRow>

function row<E extends ExitCode>(
  exitCode: E,
  httpStatus: number,
  retryable: boolean,
  words: { readonly summary: string; readonly hint: string },
): CodeRow {
  return { ...words, exitCode, httpStatus, retryable }
}
