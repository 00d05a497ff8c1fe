import assert from 'node:assert/strict'
import { test } from 'node:test'
import { detectOtherRuntime } from './other-runtimes.ts'

/** As the tools print them, shortened. */
const texts: Readonly<Record<string, string>> = {
  java: `2026-11-22 18:28:26
Full thread dump OpenJDK 64-Bit Server VM (21.0.5+11-LTS mixed mode, sharing):

"main" #1 [4711] prio=5 os_prio=0 cpu=59.11ms elapsed=12.60s tid=0x00007f0b1c02b4f0 nid=4711 waiting on condition
   java.lang.Thread.State: TIMED_WAITING (sleeping)
\tat java.lang.Thread.sleep0(java.base@21.0.5/Native Method)
`,
  python: `Fatal Python error: Segmentation fault

Current thread 0x00007f3b5d5c6740 (most recent call first):
  File "app.py", line 12 in handle
`,
  dotnet: `Thread (0x3A41):
  [Native Frames]
  System.Private.CoreLib!System.Threading.Thread.Sleep(int32)
`,
  node: `{
  "header": {
    "reportVersion": 5,
    "event": "JavaScript API",
`,
  ruby: "app.rb:3:in 'Object#wait': boom (RuntimeError)\n\tfrom app.rb:7:in '<main>'\n",
  rust: "thread 'main' panicked at src/main.rs:2:5:\nboom\n",
  beam: '=erl_crash_dump:0.5\nSun Nov 22 18:28:26 2026\n',
  native:
    'Thread 1 (Thread 0x7f0b1c02b4f0 (LWP 4711) "app"):\n#0  0x00007f0b1bd0f117 in __futex_abstimed_wait () from libc.so.6\n',
}

for (const [id, text] of Object.entries(texts)) {
  test(`a dump of ${id} is recognised, with carriage returns too`, () => {
    assert.equal(detectOtherRuntime(new TextEncoder().encode(text))?.id, id)
    assert.equal(detectOtherRuntime(new TextEncoder().encode(text.replaceAll('\n', '\r\n')))?.id, id)
  })
}

test('goroutine dumps, logs, metrics and noise are of no other runtime', () => {
  const others = [
    'goroutine 1 [select]:\nmain.f(0x1)\n\t/x.go:1 +0x1\n',
    'panic: thread starved\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:1 +0x1\n',
    'fatal error: all goroutines are asleep - deadlock!\n',
    '2026/11/22 18:28:26 level=info msg="Thread pool started"\n',
    '# HELP go_threads Number of OS threads created.\ngo_threads 7\n',
    '',
  ]
  for (const text of others) assert.equal(detectOtherRuntime(new TextEncoder().encode(text)), undefined, text)
})
