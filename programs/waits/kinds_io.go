package main

import (
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

func init() {
	register(
		kind{name: "sleep", start: func(n int) func() {
			end := time.Now().Add(900 * time.Millisecond)
			spawn(n, func(int) { time.Sleep(time.Until(end)) })
			return func() {}
		}},
		kind{name: "net-read", start: func(n int) func() {
			return pairs(n, func(local net.Conn) { local.Read(make([]byte, 1)) }, func(peer net.Conn) { peer.Close() })
		}},
		kind{name: "net-read-deadline", start: func(n int) func() {
			end := time.Now().Add(900 * time.Millisecond)
			return pairs(n, func(local net.Conn) {
				local.SetReadDeadline(end)
				local.Read(make([]byte, 1))
			}, func(net.Conn) {})
		}},
		kind{name: "net-write", start: func(n int) func() {
			full := make([]byte, 16<<20)
			return pairs(n, func(local net.Conn) { local.Write(full) }, func(peer net.Conn) { peer.Close() })
		}},
		kind{name: "net-accept", start: func(n int) func() {
			listeners := make([]net.Listener, n)
			for i := range listeners {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				must(err)
				listeners[i] = l
			}
			spawn(n, func(i int) { listeners[i].Accept() })
			return func() {
				for _, l := range listeners {
					l.Close()
				}
			}
		}},
		kind{name: "pipe-read", start: func(n int) func() {
			reads, writes := pipes(n)
			spawn(n, func(i int) { reads[i].Read(make([]byte, 1)) })
			return func() {
				for _, w := range writes {
					w.Close()
				}
			}
		}},
		kind{name: "pipe-write", start: func(n int) func() {
			reads, writes := pipes(n)
			full := make([]byte, 1<<20)
			spawn(n, func(i int) { writes[i].Write(full) })
			return func() {
				for _, r := range reads {
					go io.Copy(io.Discard, r)
				}
			}
		}},
		kind{name: "syscall-read", start: func(n int) func() {
			fds := make([][2]int, n)
			for i := range fds {
				must(syscall.Pipe(fds[i][:]))
			}
			spawn(n, func(i int) { syscall.Read(fds[i][0], make([]byte, 1)) })
			return func() {
				for i := range fds {
					syscall.Close(fds[i][1])
				}
			}
		}},
		kind{name: "syscall-nanosleep", start: func(n int) func() {
			left := syscall.NsecToTimespec(int64(900 * time.Millisecond))
			spawn(n, func(int) {
				left := left
				for syscall.Nanosleep(&left, &left) == syscall.EINTR {
				}
			})
			return func() {}
		}},
		kind{name: "syscall-flock", start: func(n int) func() {
			first, err := os.CreateTemp("", "waits-flock")
			must(err)
			must(syscall.Flock(int(first.Fd()), syscall.LOCK_EX))
			files := make([]*os.File, n)
			for i := range files {
				files[i], err = os.Open(first.Name())
				must(err)
			}
			must(os.Remove(first.Name()))
			spawn(n, func(i int) {
				syscall.Flock(int(files[i].Fd()), syscall.LOCK_EX)
				files[i].Close()
			})
			return func() { first.Close() }
		}},
		kind{name: "exec-wait", start: func(n int) func() {
			ends := make([]io.Closer, n)
			children := make([]*exec.Cmd, n)
			for i := range children {
				self, err := os.Executable()
				must(err)
				children[i] = exec.Command(self, "child")
				end, err := children[i].StdinPipe()
				must(err)
				ends[i] = end
				must(children[i].Start())
			}
			spawn(n, func(i int) { children[i].Wait() })
			return func() {
				for _, end := range ends {
					end.Close()
				}
			}
		}},
	)
}

// runChild is the process that exec-wait waits for: it ends when its stdin does.
func runChild() { io.Copy(io.Discard, os.Stdin) }

func pipes(n int) (reads, writes []*os.File) {
	for i := 0; i < n; i++ {
		r, w, err := os.Pipe()
		must(err)
		reads, writes = append(reads, r), append(writes, w)
	}
	return reads, writes
}

func pairs(n int, wait func(local net.Conn), end func(peer net.Conn)) (release func()) {
	locals, peers := make([]net.Conn, n), make([]net.Conn, n)
	for i := range locals {
		locals[i], peers[i] = connect()
	}
	spawn(n, func(i int) { wait(locals[i]) })
	return func() {
		for _, peer := range peers {
			end(peer)
		}
	}
}
