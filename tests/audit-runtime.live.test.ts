/** What the runtime says of a place in the source: names of functions as it prints them, goroutines made at a line. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { requireGo } from '../scripts/setup/go.ts'
import type { Finding } from '../src/model/contract.ts'
import type { AuditData } from '../src/model/trust/audit-data.ts'
import { runSightline } from './samples/run-sightline.ts'

const folder = mkdtempSync(join(tmpdir(), 'sightline-audit-runtime-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Serves requests to itself; each starts a goroutine without its context, and prints how the runtime calls it. */
const program = `package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"sync"
)

type shop struct {
	hold    chan bool
	started sync.WaitGroup
	once    sync.Once
}

func (s *shop) show(w http.ResponseWriter, r *http.Request) {
	func() {
		s.started.Add(1)
		go func() {
			pc, _, _, _ := runtime.Caller(0)
			s.once.Do(func() { fmt.Println(runtime.FuncForPC(pc).Name()) })
			http.Get("http://127.0.0.1:1/")
			s.started.Done()
			<-s.hold
		}()
	}()
	fmt.Fprintln(w, "ok")
}

func never(w http.ResponseWriter, r *http.Request) {
	go func() { http.Get("http://127.0.0.1:1/") }()
}

func main() {
	s := &shop{hold: make(chan bool)}
	server := httptest.NewServer(http.HandlerFunc(s.show))
	traceFile, _ := os.Create("trace.bin")
	_ = trace.Start(traceFile)
	for range 5 {
		response, err := http.Get(server.URL)
		if err != nil {
			panic(err)
		}
		response.Body.Close()
	}
	s.started.Wait()
	trace.Stop()
	traceFile.Close()
	dump, _ := os.Create("dump.txt")
	_ = pprof.Lookup("goroutine").WriteTo(dump, 2)
	dump.Close()
	if len(os.Args) > 9 {
		http.HandleFunc("/never", never)
	}
}
`

test('a goroutine that the runtime made at the line of a finding makes it certain; one that nobody made does not', async (t) => {
  const go = await requireGo(t, '1.26')
  if (go === undefined) return
  const source = join(folder, 'shop')
  mkdirSync(source)
  writeFileSync(join(source, 'go.mod'), 'module example.com/shop\n\ngo 1.26\n')
  writeFileSync(join(source, 'main.go'), program)
  execFileSync(go.goBin, ['build', '-o', 'shop', '.'], { cwd: source, env: go.env })
  const printed = execFileSync(join(source, 'shop'), { cwd: source, encoding: 'utf8' }).trim()
  for (const file of ['trace.bin', 'dump.txt']) {
    const args = ['audit', source, '--tier', 'a', '--json', '--trace', join(source, file)]
    const { code, stdout, stderr } = await runSightline(args)
    assert.equal(code, 0, stderr)
    const { data, findings } = JSON.parse(stdout) as { data: AuditData; findings: Finding[] }
    const mine = findings.filter(({ rule }) => rule === 'goroutine-without-context')
    const line = program.split('\n').findIndex((text) => text.includes('go func() {') && text.startsWith('\t\tgo')) + 1
    const [sure] = mine.filter(({ confidence }) => confidence === 'certain')
    assert.deepEqual([sure?.evidence[0].line, sure?.evidence[0].function], [line, 'main.(*shop).show.func1'], file)
    assert.match(sure?.evidence.at(-1)?.excerpt ?? '', /^5 goroutines/)
    assert.equal(data.seen?.confirmedByRuntime, 1)
    assert.equal(mine.filter(({ confidence }) => confidence !== 'certain').length, 1)
  }
  assert.equal(printed, 'main.(*shop).show.func1.1')
})
