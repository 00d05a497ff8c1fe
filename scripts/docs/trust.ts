/**
 * Makes docs/trust.md: what people wrote about it here, and the table of break classes from its one place.
 * `node scripts/docs/trust.ts` writes the file; a test holds the committed file against what this gives.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type BreakClassRow,
  breakClasses,
  decisionWays,
  UNEXPLAINED_BREAK,
} from '../../src/model/trust/break-classes.ts'

export const TRUST_DOC = join(import.meta.dirname, '..', '..', 'docs', 'trust.md')

const INTRO = `# Trust: how far spans can be believed

Made by \`npm run docs\` from \`scripts/docs/trust.ts\` and \`src/model/trust/break-classes.ts\`; do not edit.

\`\`\`sh
sightline trust spans.json                       # one file, or several: together they are one input
sightline trust spans.json app.log.gz            # logs beside the spans are told by their content
sightline trust capture.slc --service cart       # a capture that holds spans
sightline trust spans.json --trace 4bf92f35      # the tree of one trace, with what is broken in it
sightline trust spans.json --source services/cart   # the source of a service explains its breaks
sightline trust spans.json --audit audit.json=cart  # the same, from an earlier audit
sightline trust spans.json --min B --html trust.html
\`\`\`

A trace with a hole looks like a trace. \`trust\` finds the holes, says what made each as far as the evidence goes, leaves
alone what only looks like one, and grades each service and each edge between two services.

## What it reads

| what | forms |
|---|---|
| spans | OTLP as JSON (a document, or one request a line) and protobuf (a message, or a stream of them), Jaeger JSON (as the UI and the API give it), Zipkin v2 JSON, Tempo's trace JSON |
| logs, where there are any | OTLP JSON and protobuf, JSON lines, logfmt, dated text |
| headers | \`--headers FILE\`, see below |

Each may be packed by gzip or zstd (as a whole, or message by message as the collector's file exporter does); \`-\` is
stdin; \`'spans-*.json'\` is every file that matches; a capture's folder or \`.slc\` gives its \`spans.otlp.json\` and \`logs.ndjson\`. What a file
is gets decided by its content. Spans are read as a stream: a million take some hundred bytes each. Files that are
neither spans nor logs are named under \`coverage.missing\` and left out; where nothing is left, the exit code is 65.

Give what an exporter or a collector wrote. What a user interface shows may be cut (a limit of spans, a page of a
search); where the input says so, nothing that rests on a missing span is more than \`possible\`.

### Headers

\`--headers FILE\` tells what an edge really carries, which spans cannot. Either JSON lines, one request seen from one side
each:

\`\`\`json
{"edge": {"from": "cart", "to": "price"}, "direction": "sent", "headers": {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}
{"edge": {"from": "cart", "to": "price"}, "direction": "received", "headers": {"X-B3-TraceId": ["463ac35c9f6413ad"]}}
{"edge": {"to": "price"}, "reads": ["b3", "b3multi"]}
\`\`\`

\`sent\` is as the caller wrote it, \`received\` as the callee got it; \`reads\` says which propagators the callee has
(\`tracecontext\`, \`b3\`, \`b3multi\`, \`jaeger\`, \`xray\`, \`ottrace\`, \`datadog\`). \`from\` may be left out: any caller. Names are
those of \`service.name\`. Or a HAR file, as browsers and proxies save it: its requests count as sent, by nobody in
particular, to the service whose name is the host or its first label. The two sides are compared by share, not request
by request. Header values are counted, never kept or shown.

### Source

\`--source DIR\` audits the Go source of a service (as \`sightline audit DIR\`), \`--audit FILE\` takes what an earlier
\`audit --json\` printed; both may be repeated. A break that the source explains is \`lost\`, with file, line and function,
and the text shows the line. What runs where, surest first:

1. \`=SERVICE\` behind the path; once for each service that runs this source.
2. The name that the code of the command sets: \`semconv.ServiceName("cart")\`, \`attribute.String("service.name", …)\`,
   \`os.Setenv("OTEL_SERVICE_NAME", …)\`, also through a constant or a set-up function that is given the name.
3. Spans whose scope, or \`code.function.name\`, is of a package that only this command has.
4. \`process.executable.name\`, then the service's own name, where it is that of the command's folder or module.

Where none of it holds the source is nobody's: an issue says so with the names to choose from, and it explains nothing. A
source that several services run (one program, several roles) explains what can be told apart by name, no fault of a whole
process.

A finding explains a break of its service when spans leave its class possible and the two have one of these in common:

| tie | what is the same | sure |
|---|---|---|
| function | \`code.function.name\` of the broken spans or their parents, and the function of the finding | certain |
| span | a name that the code at the finding starts, itself or by what it calls | certain |
| log line | the text of a record without an id, and a text in the line of source | certain |
| route | the route, RPC method or span around the break, and one by which the code of the finding is reached | certain; probable where the spans speak for another class |
| process | the service, for faults of a whole process (propagators, samplers, flush, export), where the source is its alone | certain |

Calls are followed by name, through channels and function values, not through interfaces. A line that makes a query explains
no HTTP span, and the other way round; a span that the source starts elsewhere is not explained by a route alone. Where two
findings of different classes fit alike the likelier one is named, \`probable\`, and the other is said. Headers that were seen
on the edge outweigh the source.

The other way round, \`sightline audit DIR --spans FILE\` says of each finding whether spans show it ([audit.md](audit.md)).

## What the numbers mean

- **traces** of a service: those that hold a span of it. A break cuts one trace into two; both count.
- **broken** (\`breakRate\`): traces in which the service lost context, over its traces. \`lost\` and \`unexplained\` breaks count;
  \`pending\` and \`exonerated\` ones do not, nor do log lines without an id, which have a share of their own.
- **interval**: Wilson's at 95 %. Grades are of its worse end, so that few traces cannot earn a good grade.
- **grade**: A from 99 % unbroken, B 97 %, C 90 %, D 75 %, E 50 %, else F; \`insufficient\` below 300 traces. 381 traces
  without a break are needed for an A.
- **capped by**: the worst edge whose breaks count against the service caps its grade, however many good edges there are.
  An edge with fewer than 300 traces caps at C where at least five break and more than 5 % surely do. An edge without a
  break never caps.
- **edge**: traces in which one service called the other, whole or broken; a trace counts once.
- **state** of a break: \`lost\` (the cause is settled), \`unexplained\` (a break for sure, the cause is one of those named),
  \`pending\` (so near to the end of the data that the missing span may still come), \`exonerated\` (sampled, late, a public
  edge, linked, an intended or a scheduled root, exported elsewhere, clock skew, a shared id, outside the window).
- **settle window**: 60 s, or the 99th percentile of the roots' durations and 35 s for export, whichever is longer;
  \`--settle 0s\` where the input is known to be complete. When a file was complete is taken from its capture, else from
  its last change (of stdin: when it ended); where that is later than the last span by more than the window, nothing is
  pending, unless lost parents crowd at the end of the data: a copy of what was taken from a running system is younger
  than what it holds. A change before the last span, or in the future, says nothing.
- **a day** (\`affectedTracesPerDay\`): the count of the window scaled to a day, from one hour of data on.
- **severity** of a finding, by the lower end of the interval: critical where at least half of the traces break on a
  fifth of the traffic, high above 5 %, medium above 1 %, else low; below 300 traces at most medium.
- **--trace ID**: spans as they were written, in the order of a tree; an orphan begins with \`?\` and names the parent that is
  not there. A root that a call should have led to names that call: the tightest client span without a child, of the
  service that called, that holds it in time.
- **clocks**: for each pair of hosts how far one clock is ahead. A server works while its client waits, so each call
  bounds the offset; the middle of the bounds is the estimate, the median of all calls is shown, with what 95 % of them
  allow together. Only calls between two known hosts count, and no asynchronous ones. Times are never rewritten.
- **Instrumentation Score**: by its own specification alone (rules, weights, bands), beside the grade and not in it. Spans
  and logs answer some of its rules; the others are listed, and while there are any the score has no band.

Exit codes: 0; 1 where a grade is below \`--min\` or a finding as severe as \`--fail-on\`; 2 where no service has enough
traces for a grade, or with \`--min\` where one of them has not (narrow it with \`--service\`); 3 where a file that was named could not be read; 65 where no span could be read.

## What it cannot see

- A service that exports nothing, and is called by nothing that does. If its caller has client spans, the edge is seen.
- Which of several causes it was, where they leave the same spans: then they are all named, likeliest first, with what
  would decide and the command to run. Some have one signature by their nature: a request without context (8) and an
  empty one (2) both leave a client's root inside a handler; no propagator (4), baggage alone (33) and another format (5)
  all leave every edge of a process broken. Spans then put the commoner first, and headers or source name one alone.
  A class that spans alone cannot prove (below: medium, low) gets a single name only from headers, source
  or logs.
- Whether the callee or a hop in front of it lost the context (3, 25, 5), where one edge breaks and nothing tells the two
  apart: one caller only, or a part of the calls without relation to version, instance, route or scope. \`no-extract\` then
  stands first in the set. It stands alone where every caller of the callee breaks (two services or more), where one
  version, instance, host, route or scope of it always breaks and the others never do, and where headers or source decide.
- Traces that were sampled away, or lost with their batch, as a whole: rates are of the traces that are there. A lost
  span is seen by its children elsewhere; one without children leaves nothing but an unanswered call.
- Why a service drew lots, where no more than lots could be seen: traces that lack it are called sampled where the ids of
  the traces say so, or where they are many, steady, whole, of no other service, and lost batches would have shown. Else
  they are debt, with sampling among the names.
- The end of a process, where nothing in its resource (\`service.instance.id\`, pid) tells it from the next: the next one
  of a host has the host's name, too.
- Why one operation is missing and no other, if not for its own code: what loses spans on their way does not ask what they
  are of, so spans of a few operations that are missing alone, within others that are there, were never ended (12).
- Whether a root is intended. Scheduled work, accept loops, links and public edges are recognised by their shape; an
  intended root that has the shape of a break is called one. Say so in the source: \`trace.WithNewRoot\` and a link.
- Load at the moment of a loss, other than by the spans themselves: for dropped spans the SDK's own metrics are proof.
`

const TABLE_INTRO = `## The classes

The rule of a finding is the name of its class, or \`${UNEXPLAINED_BREAK}\`. *By spans*: how far spans alone can prove it.
`

function describe(row: BreakClassRow): string {
  const ways = row.decidedBy.map((way) => decisionWays[way]).join('; ')
  return [
    `### ${row.name}`,
    '',
    `${row.title}. ${row.says}`,
    '',
    `- By spans: ${row.fromSpans}. Settled by ${ways}.`,
    `- What to do: ${row.fix}`,
    '',
  ].join('\n')
}

/** The whole page. */
export function makeTrustDoc(): string {
  const rows = breakClasses.map(
    ({ number, name, title, fromSpans }) => `| ${number} | [${name}](#${name}) | ${title} | ${fromSpans} |`,
  )
  return [
    INTRO,
    TABLE_INTRO,
    `| | class | what | by spans |\n|--:|---|---|---|\n${rows.join('\n')}\n`,
    `### ${UNEXPLAINED_BREAK}\n`,
    'Context is lost here for sure, and more than one cause fits, or none that has a name. The finding lists the causes that',
    'remain and what would decide between them.\n',
    ...breakClasses.map(describe),
  ].join('\n')
}

if (import.meta.main) writeFileSync(TRUST_DOC, makeTrustDoc())
