/**
 * The servers of `npm run judge:servers`: real Go programs from Debian, healthy, on loopback, under a small load.
 * `heldOut`: nobody looked at dumps of these while rows were written, so that what they show is not a tuned figure.
 * Each says how it is started, where its pprof is, and what its clients do; ports are free ones of this run.
 */
import type { Load } from './load.ts'

export type Server = {
  readonly name: string
  readonly package: string
  readonly suite: 'bookworm' | 'sid'
  /** Below the unpacked package. */
  readonly binary: string
  readonly heldOut: boolean
  readonly start: (place: Place) => Start
}

/** A folder of its own, the unpacked package, and four free ports. */
export type Place = {
  readonly dir: string
  readonly root: string
  readonly ports: readonly [number, number, number, number]
}

export type Start = {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Written below `dir` before the start. */
  readonly files?: Readonly<Record<string, string>>
  /** Command run to its end before the start, with the same binary. */
  readonly prepare?: readonly string[]
  /** Text replacements in files that `prepare` made. */
  readonly edit?: Readonly<Record<string, readonly (readonly [RegExp, string])[]>>
  readonly pprof: string
  readonly load: Load
}

const local = '127.0.0.1'
const url = (port: number, path = ''): string => `http://${local}:${port}${path}`

const prometheus = (place: Place): Start => {
  const [port] = place.ports
  return {
    args: [
      `--config.file=${place.dir}/p.yml`,
      `--storage.tsdb.path=${place.dir}/data`,
      `--web.listen-address=${local}:${port}`,
    ],
    files: {
      'p.yml': `global: {scrape_interval: 1s}\nrule_files: [${place.dir}/r.yml]\nscrape_configs:\n- job_name: self\n  static_configs: [{targets: ['${local}:${port}']}]\n`,
      'r.yml': 'groups:\n- name: g\n  interval: 1s\n  rules: [{record: a, expr: up}]\n',
    },
    pprof: url(port),
    load: { gets: [url(port, '/api/v1/query?query=up'), url(port, '/metrics')] },
  }
}

const etcd = (place: Place): Start => {
  const [port, peer] = place.ports
  const key = { key: 'YQ==', value: 'Yg==' }
  return {
    args: [
      ...['--data-dir', `${place.dir}/data`, '--enable-pprof', '--logger', 'zap', '--log-level', 'error'],
      ...['--listen-client-urls', url(port), '--advertise-client-urls', url(port)],
      ...['--listen-peer-urls', url(peer), '--initial-advertise-peer-urls', url(peer)],
      ...['--initial-cluster', `default=${url(peer)}`],
    ],
    pprof: url(port),
    load: {
      posts: [
        [url(port, '/v3/kv/put'), JSON.stringify(key)],
        [url(port, '/v3/kv/range'), JSON.stringify({ key: 'YQ==' })],
      ],
      streams: [[url(port, '/v3/watch'), JSON.stringify({ create_request: { key: 'YQ==' } })]],
    },
  }
}

export const servers: readonly Server[] = [
  {
    name: 'prometheus',
    package: 'prometheus',
    suite: 'sid',
    binary: 'usr/bin/prometheus',
    heldOut: false,
    start: prometheus,
  },
  { name: 'etcd', package: 'etcd-server', suite: 'sid', binary: 'usr/bin/etcd', heldOut: false, start: etcd },
  {
    name: 'nats-server',
    package: 'nats-server',
    suite: 'sid',
    binary: 'usr/sbin/nats-server',
    heldOut: false,
    start: ({ dir, ports: [port, profile, monitor] }) => ({
      args: ['-c', `${dir}/n.conf`],
      files: {
        'n.conf': `listen: "${local}:${port}"\nhttp: "${local}:${monitor}"\nprof_port: ${profile}\njetstream { store_dir: "${dir}/js" }\n`,
      },
      pprof: url(profile),
      load: {
        gets: [url(monitor, '/varz'), url(monitor, '/connz')],
        sockets: [[port, 'CONNECT {"verbose":false}\r\nSUB a 1\r\nPUB a 2\r\nhi\r\n', 'PUB a 2\r\nhi\r\n']],
      },
    }),
  },
  {
    name: 'caddy',
    package: 'caddy',
    suite: 'sid',
    binary: 'usr/bin/caddy',
    heldOut: false,
    start: ({ dir, ports: [port, admin, behind] }) => ({
      args: ['run', '--config', `${dir}/c.json`],
      env: { XDG_CONFIG_HOME: dir, XDG_DATA_HOME: dir, HOME: dir },
      files: {
        'c.json': JSON.stringify({
          admin: { listen: `${local}:${admin}` },
          apps: {
            http: {
              servers: {
                front: {
                  listen: [`${local}:${port}`],
                  routes: [{ handle: [{ handler: 'reverse_proxy', upstreams: [{ dial: `${local}:${behind}` }] }] }],
                },
                back: {
                  listen: [`${local}:${behind}`],
                  routes: [{ handle: [{ handler: 'static_response', body: 'ok' }] }],
                },
              },
            },
          },
        }),
      },
      pprof: url(admin),
      load: { gets: [url(port)] },
    }),
  },
  {
    name: 'node-exporter',
    package: 'prometheus-node-exporter',
    suite: 'sid',
    binary: 'usr/bin/prometheus-node-exporter',
    heldOut: false,
    start: ({ ports: [port] }) => ({
      args: [`--web.listen-address=${local}:${port}`],
      pprof: url(port),
      load: { gets: [url(port, '/metrics')] },
    }),
  },
  {
    name: 'rclone',
    package: 'rclone',
    suite: 'sid',
    binary: 'usr/bin/rclone',
    heldOut: false,
    start: ({ dir, ports: [port] }) => ({
      args: ['rcd', `--rc-addr=${local}:${port}`, '--rc-no-auth', `--config=${dir}/r.conf`, `--cache-dir=${dir}/cache`],
      env: { HOME: dir },
      pprof: url(port),
      load: {
        posts: [
          [url(port, '/rc/noop'), '{}'],
          [url(port, '/operations/list'), JSON.stringify({ fs: dir, remote: '' })],
        ],
      },
    }),
  },
  {
    name: 'ntfy',
    package: 'ntfy',
    suite: 'sid',
    binary: 'usr/bin/ntfy',
    heldOut: false,
    start: ({ dir, ports: [port, profile] }) => ({
      args: ['serve', '--config', `${dir}/n.yml`],
      files: {
        'n.yml': `base-url: "${url(port)}"\nlisten-http: "${local}:${port}"\ncache-file: "${dir}/cache.db"\nprofile-listen-http: "${local}:${profile}"\n`,
      },
      pprof: url(profile),
      load: {
        posts: [[url(port, '/t'), 'hello']],
        gets: [url(port, '/t/json?poll=1')],
        streams: [[url(port, '/t/json'), '']],
      },
    }),
  },
  {
    name: 'pushgateway',
    package: 'prometheus-pushgateway',
    suite: 'sid',
    binary: 'usr/bin/prometheus-pushgateway',
    heldOut: false,
    start: ({ dir, ports: [port] }) => ({
      args: [`--web.listen-address=${local}:${port}`, `--persistence.file=${dir}/p`],
      pprof: url(port),
      load: { posts: [[url(port, '/metrics/job/x'), 'a 1\n']], gets: [url(port, '/metrics')] },
    }),
  },
  {
    name: 'soju',
    package: 'soju',
    suite: 'sid',
    binary: 'usr/bin/soju',
    heldOut: true,
    start: ({ dir, ports: [port, profile] }) => ({
      args: ['-config', `${dir}/s.conf`],
      files: {
        's.conf': `listen irc+insecure://${local}:${port}\nlisten http+pprof://localhost:${profile}\ndb sqlite3 ${dir}/s.db\nhostname judge\n`,
      },
      pprof: `http://localhost:${profile}`,
      load: { sockets: [[port, 'NICK a\r\nUSER a 0 * :a\r\n', 'PING a\r\n']] },
    }),
  },
  {
    name: 'syncthing',
    package: 'syncthing',
    suite: 'sid',
    binary: 'usr/bin/syncthing',
    heldOut: true,
    start: ({ dir, ports: [port, profile, sync] }) => ({
      prepare: ['generate', `--home=${dir}`, '--no-default-folder'],
      edit: {
        'config.xml': [
          [
            /<(globalAnnounceEnabled|localAnnounceEnabled|relaysEnabled|natEnabled|crashReportingEnabled)>true/g,
            '<$1>false',
          ],
          [/<listenAddress>default/g, `<listenAddress>tcp://${local}:${sync}`],
          [/<urAccepted>0/g, '<urAccepted>-1'],
        ],
      },
      args: [
        'serve',
        '--no-browser',
        `--home=${dir}`,
        `--gui-address=${local}:${port}`,
        '--no-restart',
        '--no-upgrade',
      ],
      env: { HOME: dir, STPROFILER: `${local}:${profile}`, STNOUPGRADE: '1' },
      pprof: url(profile),
      load: { gets: [url(port, '/rest/noauth/health')] },
    }),
  },
  {
    name: 'victoria-metrics',
    package: 'victoria-metrics',
    suite: 'sid',
    binary: 'usr/bin/victoria-metrics',
    heldOut: true,
    start: ({ dir, ports: [port] }) => ({
      args: [`-httpListenAddr=${local}:${port}`, `-storageDataPath=${dir}/data`],
      pprof: url(port),
      load: { posts: [[url(port, '/api/v1/import/prometheus'), 'a 1\n']], gets: [url(port, '/api/v1/query?query=a')] },
    }),
  },
  {
    name: 'docker-registry',
    package: 'docker-registry',
    suite: 'sid',
    binary: 'usr/bin/docker-registry',
    heldOut: true,
    start: ({ dir, ports: [port, debug] }) => ({
      args: ['serve', `${dir}/r.yml`],
      files: {
        'r.yml': `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${dir}/data}}\nhttp: {addr: "${local}:${port}", debug: {addr: "${local}:${debug}"}}\n`,
      },
      pprof: url(debug),
      load: { gets: [url(port, '/v2/'), url(port, '/v2/_catalog')], posts: [[url(port, '/v2/a/blobs/uploads/'), '']] },
    }),
  },
  {
    name: 'influxdb',
    package: 'influxdb',
    suite: 'sid',
    binary: 'usr/bin/influxd',
    heldOut: true,
    start: ({ dir, ports: [port, backup] }) => ({
      args: ['-config', `${dir}/i.conf`],
      env: { HOME: dir },
      files: {
        'i.conf': `reporting-disabled = true\nbind-address = "${local}:${backup}"\n[meta]\ndir = "${dir}/meta"\n[data]\ndir = "${dir}/data"\nwal-dir = "${dir}/wal"\n[http]\nbind-address = "${local}:${port}"\nlog-enabled = false\n`,
      },
      pprof: url(port),
      load: {
        posts: [
          [url(port, '/query?q=create+database+d'), ''],
          [url(port, '/write?db=d'), 'a v=1'],
        ],
        gets: [url(port, '/query?db=d&q=select+*+from+a')],
      },
    }),
  },
  {
    name: 'mtail',
    package: 'mtail',
    suite: 'sid',
    binary: 'usr/bin/mtail',
    heldOut: true,
    start: ({ dir, ports: [port] }) => ({
      args: [`--progs=${dir}/a.mtail`, `--logs=${dir}/*.log`, `--address=${local}`, `--port=${port}`],
      files: { 'a.mtail': 'counter lines\n/$/ { lines++ }\n', 'a.log': 'one\n' },
      pprof: url(port),
      load: { gets: [url(port, '/metrics')] },
    }),
  },
  {
    name: 'blackbox-exporter',
    package: 'prometheus-blackbox-exporter',
    suite: 'sid',
    binary: 'usr/bin/prometheus-blackbox-exporter',
    heldOut: true,
    start: ({ dir, ports: [port] }) => ({
      args: [`--config.file=${dir}/b.yml`, `--web.listen-address=${local}:${port}`],
      files: { 'b.yml': 'modules: {http: {prober: http}}\n' },
      pprof: url(port),
      load: { gets: [url(port, `/probe?module=http&target=${encodeURIComponent(url(port, '/metrics'))}`)] },
    }),
  },
  {
    name: 'prometheus-2.42',
    package: 'prometheus',
    suite: 'bookworm',
    binary: 'usr/bin/prometheus',
    heldOut: true,
    start: prometheus,
  },
  { name: 'etcd-3.4', package: 'etcd-server', suite: 'bookworm', binary: 'usr/bin/etcd', heldOut: true, start: etcd },
]
