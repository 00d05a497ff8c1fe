/**
 * Recognises the thread dumps of other languages' runtimes, so that a user who took the wrong file is told so.
 * A table: what the text is, and the lines that only such a text has (at least one of `any` must match).
 */

export type OtherRuntime = {
  /** `java`, `python`, … */
  readonly id: string
  /** For people: `a Java thread dump (jstack)`. */
  readonly what: string
}

type RuntimeRow = OtherRuntime & { readonly any: readonly RegExp[] }

const runtimes: readonly RuntimeRow[] = [
  {
    // HotSpot: jstack, jcmd Thread.print, SIGQUIT; JSON of jcmd Thread.dump_to_file; OpenJ9 javacore.
    id: 'java',
    what: 'a Java thread dump',
    any: [
      /^Full thread dump .+(?:VM|HotSpot|OpenJDK|GraalVM).*$/m,
      /^"[^"\n]*" (?:#\d+ )?(?:\[\d+\] )?(?:daemon )?prio=\d+ (?:os_prio=-?\d+ )?.*tid=0x[0-9a-f]+/m,
      /^ {3}java\.lang\.Thread\.State: [A-Z_]+/m,
      /^\s*\{\s*"threadDump"\s*:/,
      /^0SECTION {7}TITLE subcomponent dump routine/m,
      /^Exception in thread "[^"\n]*" [\w.$]+/m,
    ],
  },
  {
    // faulthandler.dump_traceback, a traceback, py-spy dump.
    id: 'python',
    what: 'a Python traceback or thread dump',
    any: [
      /^(?:Current thread|Thread) 0x[0-9a-f]+ (?:\[[^\]\n]*\] )?\(most recent call first\):/m,
      /^Traceback \(most recent call last\):/m,
      /^Fatal Python error: /m,
      /^Python v\d+\.\d+\.\d+ \(.*\)\s*\n\s*\nThread /m,
      /^Thread (?:0x[0-9A-Fa-f]+|\d+) \((?:active|idle)[^)\n]*\)(?:: "[^"\n]*")?$/m,
    ],
  },
  {
    // dotnet-stack, SOS clrstack, an unhandled exception.
    id: 'dotnet',
    what: 'a .NET stack dump',
    any: [
      /^Unhandled exception\. [\w.]+Exception: /im,
      /^OS Thread Id: 0x[0-9a-f]+ \(\d+\)/m,
      /^Thread \(0x[0-9A-F]+\):\s*\n\s+(?:\[Native Frames\]|[\w.]+!)/m,
      /^ {3}at [\w.`<>[\]+,]+\(.*\) in .+:line \d+/m,
    ],
  },
  {
    // process.report; an uncaught error of V8.
    id: 'node',
    what: 'a Node.js report or stack trace',
    any: [
      /^\s*\{\s*"header"\s*:\s*\{[\s\S]{0,400}"reportVersion"/,
      /^ {4}at .*\((?:node:internal\/|file:\/\/\/|\/|[A-Z]:\\).*:\d+:\d+\)$/m,
      /^Node\.js v\d+\.\d+\.\d+$/m,
    ],
  },
  {
    id: 'ruby',
    what: 'a Ruby thread dump or backtrace',
    any: [/^-- Ruby level backtrace information/m, /^\s+from .+\.rb:\d+:in ['`]/m, /^.+\.rb:\d+:in ['`].+\(\w+\)$/m],
  },
  {
    id: 'rust',
    what: 'a Rust panic',
    any: [/^thread '[^'\n]*'(?: \(\d+\))? panicked at /m],
  },
  {
    id: 'beam',
    what: 'an Erlang crash dump',
    any: [/^=erl_crash_dump:\d/m],
  },
  {
    // gdb, pstack, eu-stack over native threads.
    id: 'native',
    what: 'a dump of native threads (gdb, pstack, lldb)',
    any: [
      /^Thread \d+ \((?:Thread 0x[0-9a-f]+ \()?LWP \d+\)/m,
      /^#0 {2}0x[0-9a-f]{8,16} in /m,
      /^\* thread #\d+, /m,
      /^TID \d+:\n#0 /m,
    ],
  },
]

/** Which other runtime wrote this head of a text; undefined when none of those known. */
export function detectOtherRuntime(head: Uint8Array): OtherRuntime | undefined {
  const text = new TextDecoder().decode(head.subarray(0, 64 * 1024)).replaceAll('\r\n', '\n')
  const row = runtimes.find((runtime) => runtime.any.some((pattern) => pattern.test(text)))
  return row === undefined ? undefined : { id: row.id, what: row.what }
}
