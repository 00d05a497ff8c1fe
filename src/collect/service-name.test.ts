/** Who a target says it is: in the order of the contract, and never a guess. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Profile } from '../model/profile.ts'
import { type IdentityInput, resolveIdentity } from './service-name.ts'

const ADDRESS = { instance: 'h:1' }
const who = (input: Partial<IdentityInput>): string => {
  const { service, serviceFrom } = resolveIdentity({ ...ADDRESS, ...input })
  return `${service} by ${serviceFrom}`
}

/** Functions with their source files, as a goroutine profile names them; nothing else of it is read. */
function profileOf(functions: Readonly<Record<string, string>>): Profile {
  const strings = ['', ...Object.keys(functions), ...Object.values(functions)]
  const count = Object.keys(functions).length
  const indices = Uint32Array.from({ length: count }, (_, index) => index + 1)
  const none = new Uint32Array(0)
  return {
    sampleTypes: [{ type: 'goroutine', unit: 'count' }],
    defaultSampleType: '',
    dropFrames: '',
    keepFrames: '',
    docUrl: '',
    comments: [],
    strings,
    sampleCount: 0,
    values: new BigInt64Array(0),
    locationStart: none,
    sampleLocations: none,
    labelStart: none,
    labelKeys: none,
    labelStrings: none,
    labelNumbers: new BigInt64Array(0),
    labelUnits: none,
    labelIsNumber: new Uint8Array(0),
    locationCount: 0,
    locationAddresses: new BigUint64Array(0),
    locationMappings: none,
    locationFolded: new Uint8Array(0),
    lineStart: none,
    lineFunctions: none,
    lineNumbers: new Float64Array(0),
    lineColumns: new Float64Array(0),
    functionCount: count,
    functionNames: indices,
    functionSystemNames: none,
    functionFiles: indices.map((index) => index + count),
    functionStartLines: new Float64Array(0),
    mappings: [],
  }
}

const VARS = '{"resource":{"service.name":"till"},"memstats":{}}'
const METRICS =
  'target_info{service_name="desk",service_version="v2"} 1\ngo_build_info{path="example.com/shop/v3",version="v3.1.0"} 1\ngo_info{version="go1.26.8"} 1\n'

test('the flag beats expvar, which beats metrics, which beat the module, which beats the address', () => {
  assert.equal(who({ flag: 'x', varsText: VARS, metricsText: METRICS }), 'x by flag')
  assert.equal(who({ varsText: VARS, metricsText: METRICS }), 'till by expvar')
  assert.equal(who({ varsText: '{}', metricsText: METRICS }), 'desk by metrics')
  assert.equal(who({ metricsText: METRICS.replace(/target_info.*\n/, '') }), 'shop by module')
  assert.equal(who({}), 'h:1 by address')
})

test('an environment that expvar exposes names the service', () => {
  assert.equal(who({ varsText: '{"env":["PATH=/bin","OTEL_SERVICE_NAME=till"]}' }), 'till by environment')
  assert.equal(who({ varsText: '{"env":{"OTEL_RESOURCE_ATTRIBUTES":"service.name=till,a=b"}}' }), 'till by environment')
})

test('a service_name label with several values is not the service’s own', () => {
  assert.equal(who({ metricsText: 'calls{service_name="a"} 1\n' }), 'a by metrics')
  assert.equal(who({ metricsText: 'calls{service_name="a"} 1\ncalls{service_name="b"} 1\n' }), 'h:1 by address')
})

test('version and Go version come from what names them', () => {
  const identity = resolveIdentity({ ...ADDRESS, metricsText: METRICS })
  assert.deepEqual([identity.version, identity.goVersion], ['v2', 'go1.26.8'])
  assert.deepEqual(identity.buildInfo?.mainModule, { path: 'example.com/shop/v3', version: 'v3.1.0' })
  assert.equal(
    resolveIdentity({ ...ADDRESS, metricsText: 'go_build_info{path="a/b",version="(devel)"} 1\n' }).version,
    undefined,
  )
})

const STACKS: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  [
    'packages below main',
    { 'main.main': '/src/x/main.go', 'example.com/shop/api.Serve': '/src/x/api/a.go' },
    'shop by module',
  ],
  [
    'main in cmd/',
    { 'main.main': '/src/x/cmd/d/main.go', 'example.com/shop/api.(*S).Serve': '/src/x/api/a.go' },
    'shop by module',
  ],
  [
    'a folder named like the module',
    { 'main.main': '/src/shop/main.go', 'example.com/shop/api.Serve': '/src/shop/api/a.go' },
    'shop by module',
  ],
  ['-trimpath', { 'main.main': 'example.com/shop/cmd/d/main.go' }, 'shop by module'],
  [
    'dependencies only',
    {
      'main.main': '/src/x/main.go',
      'example.com/lib.F': '/home/a/go/pkg/mod/example.com/lib@v1/f.go',
      'net/http.Serve': '/usr/lib/go/src/net/http/server.go',
    },
    'h:1 by address',
  ],
  ['main only', { 'main.main': '/src/x/main.go' }, 'h:1 by address'],
]

for (const [what, functions, expected] of STACKS) {
  test(`by stacks, ${what}: ${expected}`, () => assert.equal(who({ profile: profileOf(functions) }), expected))
}

test('the path of a downloaded toolchain tells the Go version', () => {
  const file = '/root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64/src/runtime/proc.go'
  assert.equal(resolveIdentity({ ...ADDRESS, profile: profileOf({ 'runtime.gopark': file }) }).goVersion, 'go1.27.3')
})

test('noise in place of expvar or metrics names nothing', () => {
  assert.equal(who({ varsText: '[[[', metricsText: '\0\0{{' }), 'h:1 by address')
  assert.equal(who({ varsText: '['.repeat(50_000) }), 'h:1 by address')
})

test('a page of one endless label names no service, and is done with at once', () => {
  const long = 'x'.repeat(2 ** 25)
  const beganMs = performance.now()
  for (const metricsText of [`up{service_name="${long}"} 1\n`, `target_info{${'.'.repeat(2 ** 21)}} 1\n`]) {
    assert.equal(who({ metricsText }), 'h:1 by address')
  }
  assert.equal(who({ varsText: `{"service.name":"${long}"}` }), 'h:1 by address')
  assert.ok(performance.now() - beganMs < 4_000)
})
