/**
 * Frames that only carry a wait: the runtime's park calls, the poller, buffered and encrypted readers, and the
 * `Read` or `Accept` of any wrapper around a connection. They may lie below the first frame of an idle row, because
 * what waits is the function that called them. User code never counts, except under the two method names.
 */
import { baseName, packageOf } from './names.ts'

const plumbingPackages: ReadonlySet<string> = new Set([
  'runtime',
  'internal/poll',
  'internal/sync',
  'internal/runtime/syscall',
  'internal/runtime/sys',
  'internal/syscall/unix',
  'runtime/internal/syscall',
  'sync',
  'syscall',
  'bufio',
  'io',
  'bytes',
  'crypto/tls',
  'golang.org/x/sys/unix',
  'google.golang.org/grpc/internal/transport/readyreader',
])

const plumbingFunctions: ReadonlySet<string> = new Set([
  'time.Sleep',
  'net.(*netFD).Read',
  'net.(*netFD).readFrom',
  'net.(*netFD).readFromInet4',
  'net.(*netFD).readFromInet6',
  'net.(*netFD).readMsg',
  'net.(*netFD).accept',
  'net.(*conn).Read',
  'net.(*rawConn).Read',
  'os.(*rawConn).Read',
  'net.(*TCPListener).accept',
  'net.(*TCPListener).AcceptTCP',
  'net.(*UnixListener).accept',
  'net.(*UnixListener).AcceptUnix',
  'net.(*UDPConn).readFrom',
  'net.(*UDPConn).readFromUDP',
  'net.(*UDPConn).readMsg',
  'net.genericReadFrom',
  'net.genericWriteTo',
  'net.(*TCPConn).readFrom',
  'net.(*TCPConn).ReadFrom',
  'net.(*TCPConn).writeTo',
  'net.(*TCPConn).WriteTo',
  'os.genericWriteTo',
  'os.(*File).WriteTo',
  'os.(*File).read',
  'os.(*file).read',
  'net/http.(*onceCloseListener).Accept',
])

const readerMethods: ReadonlySet<string> = new Set(['Read', 'Accept'])

/** `name` is canonical. Wrapped readers count only where the goroutine waits for input. */
export function isPlumbing(name: string, waitReason: string): boolean {
  if (plumbingFunctions.has(name) || plumbingPackages.has(packageOf(name))) return true
  return waitReason === 'IO wait' && readerMethods.has(baseName(name))
}
