// The arrows. Each rule's comment is printed when it is broken: it says what would go wrong.

const { readdirSync } = require('node:fs')
const { join } = require('node:path')
const layers = require('./lint/layers.json')

const tests = '\\.(test|test-d|spec)\\.tsx?$'

/** What a package offers others, by the files behind its `exports`. */
const entries = [
  '^packages/shared-protocol/src/index\\.ts$',
  '^packages/client/src/(react/|testing/)?index\\.ts$',
  '^packages/server/src/index\\.ts$',
  '^packages/server/src/conformance/store-conformance\\.ts$',
  '^packages/server/src/conformance/wire-conformance\\.ts$',
]

/** A module of this name from the registry, or its types. */
const fromRegistry = (name) => `(^|/)node_modules/(@types/)?${name}/`

/** Only `file` may import `name`: the rest of its package sees an interface, and tests a double of it. */
const onlyImporter = (name, file, comment) => ({
  name: `one-file-imports-${name}`,
  comment,
  severity: 'error',
  from: { path: `^packages/${file.split('/')[0]}/src/`, pathNot: [`^packages/${file}$`, tests] },
  to: { path: fromRegistry(name) },
})

/** Pure files are functions of state and event. A name such as `x-machine` is a promise that this lint keeps. */
const pureFiles = layers.pure

/** Folders of the server that may use Node's builtins. All others get time, sockets and files passed in. */
const nodeFolders = 'admission|cli|conformance|http|identity/jwt|io|store/redis|testing-support'

/**
 * One rule for each layer of a package: it imports nothing that lies above it. A file or folder of `src/` that
 * lint/layers.json does not name is an error, so that nobody forgets it.
 */
const orderRules = Object.entries(layers.layers).flatMap(([name, order]) => {
  const nameOf = (entry) => entry.name.replace(/\.tsx?$/, '')
  const entries = readdirSync(join(__dirname, 'packages', name, 'src'), { withFileTypes: true })
  const sources = entries.filter((entry) => entry.isDirectory() || !/\.(test|test-d)\./.test(entry.name))
  const unknown = sources.map(nameOf).filter((source) => !order.flat().includes(source))
  if (unknown.length > 0)
    throw new Error(`Give ${unknown.join(', ')} of ${name} a layer in lint/layers.json.`)
  const within = (nouns) => `^packages/${name}/src/(${nouns.join('|')})(\\.tsx?$|/)`
  return order.slice(0, -1).map((layer, index) => ({
    name: `${name}-order-${layer.join('-')}`,
    comment:
      'A layer imports only itself and what stands before it in lint/layers.json. An arrow upward ties two parts ' +
      'together, so that neither can be read, tested or moved without the other.',
    severity: 'error',
    from: { path: within(layer), pathNot: tests },
    to: { path: within(order.slice(index + 1).flat()) },
  }))
})

module.exports = {
  forbidden: [
    {
      name: 'protocol-imports-nothing',
      comment:
        'shared-protocol is the one thing both ends must agree on, and it runs anywhere: whatever it imported, ' +
        'every client and server in every runtime would have to carry.',
      severity: 'error',
      from: { path: '^packages/shared-protocol/src/', pathNot: tests },
      to: { pathNot: '^packages/shared-protocol/src/' },
    },
    {
      name: 'client-never-imports-server',
      comment:
        'A browser would download the server. What both need belongs in shared-protocol; what tests both at ' +
        'once belongs in tests/.',
      severity: 'error',
      from: { path: '^packages/client/' },
      to: { path: '^packages/server/' },
    },
    {
      name: 'server-never-imports-client',
      comment:
        'The server would then trust the client to be the one it ships with, and break for every other. What ' +
        'tests both at once belongs in tests/.',
      severity: 'error',
      from: { path: '^packages/server/' },
      to: { path: '^packages/client/' },
    },
    {
      name: 'demo-sees-only-the-client',
      comment:
        'The demo shows what a user can do with the published client; reaching past its entries would show ' +
        'something no user has.',
      severity: 'error',
      from: { path: '^apps/demo/src/' },
      to: { path: '^packages/', pathNot: '^packages/client/src/(react/|testing/)?index\\.ts$' },
    },
    {
      name: 'packages-by-their-entries',
      comment:
        'A path into another package is not there once the package is built, and ties its insides down while ' +
        'it is not. The simulator reaches in: it gives a node wires, time and chance of its own, which no user ' +
        'can. So does who means harm: the readers of frames and bodies have things thrown at them alone. ' +
        'Both, and the tests of other runtimes, write frames by hand, as the tests of the server do.',
      severity: 'error',
      from: {
        path: '^(packages/[^/]+|apps/[^/]+|tests|examples|bench)/',
        pathNot: '^tests/(sim|hostile|runtimes)/',
      },
      to: { path: '^packages/[^/]+/src/', pathNot: [...entries, '^$1/'] },
    },
    {
      name: 'client-core-without-react-or-testing',
      comment:
        'The core runs without React, in Node and in any framework, and ships no test double to production. ' +
        'The arrow points from react/ and testing/ to the core.',
      severity: 'error',
      from: {
        path: '^packages/client/src/',
        pathNot: ['^packages/client/src/(react|testing|testing-support)/', tests],
      },
      to: { path: ['^packages/client/src/(react|testing|testing-support)/', fromRegistry('react')] },
    },
    {
      name: 'client-react-and-testing-apart',
      comment: 'An application that imports one of the two entries should not be given the other.',
      severity: 'error',
      from: { path: '^packages/client/src/(react|testing)/', pathNot: tests },
      to: { path: '^packages/client/src/(react|testing)/', pathNot: '^packages/client/src/$1/' },
    },
    onlyImporter(
      'ws',
      'server/src/io/ws-listener.ts',
      'One file knows what a WebSocket is in the server, so that connections are tested without one.',
    ),
    onlyImporter(
      'isomorphic-ws',
      'client/src/io/websocket-transport.ts',
      'One file knows what a WebSocket is in the client, so that the transport stays injectable.',
    ),
    onlyImporter(
      'ioredis',
      'server/src/store/redis/ioredis-client.ts',
      'One file knows which Redis client is in use: reconnecting, Sentinel and Cluster are decided once.',
    ),
    ...orderRules,
    {
      name: 'pure-without-io',
      comment:
        'These files are functions of state and event, with time and chance passed in. A path from them to io/ or ' +
        'cli/, however long, would put a clock or a socket into every simulation that replays them.',
      severity: 'error',
      from: { path: pureFiles, pathNot: tests },
      to: { path: '^packages/[^/]+/src/(io|cli)/', reachable: true },
    },
    {
      name: 'node-only-at-the-edge',
      comment:
        'The client runs in browsers, which have no Node builtins. In the server only the folders at the edge, ' +
        'server.ts and the types of options.ts touch files, sockets and crypto. Everything else can be tested and ' +
        'simulated without them.',
      severity: 'error',
      from: {
        path: '^packages/(client|server)/src/',
        pathNot: [
          `^packages/server/src/(${nodeFolders})/`,
          '^packages/server/src/(server|options)\\.ts$',
          tests,
        ],
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'machines-without-node',
      comment: 'See pure-without-io: a pure file has no use for a builtin, wherever it lies.',
      severity: 'error',
      from: { path: pureFiles, pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-cycles',
      comment:
        'Two files in a cycle are one file that is hard to read, and which of them is ready first depends on ' +
        'who asked. Put what both need in a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nobody-imports-an-index',
      comment:
        'An index lists what the package offers to others. Imported from inside, it loads everything for one ' +
        'thing, and closes cycles.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src/', pathNot: '/index\\.(test|test-d)\\.tsx?$' },
      to: { path: '^packages/$1/src/.*index\\.tsx?$', pathNot: '[^/]index\\.tsx?$' },
    },
    {
      name: 'shipped-code-has-its-dependencies',
      comment:
        'A module that is only a devDependency, or that no package.json names, is here by luck and is missing ' +
        'where the package is installed.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: tests },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown'], dependencyTypesNot: ['npm', 'npm-peer'] },
    },
    {
      name: 'resolvable',
      comment:
        'An import that leads nowhere escapes every other rule. (The command is in `dist` after a build only.)',
      severity: 'error',
      from: { pathNot: '^packages/server/bin/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'shipped-code-without-tests',
      comment: 'A test file in the build drags the test runner into production.',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src/', pathNot: tests },
      to: { path: tests },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^((packages|apps)/[^/]+|bench)/dist/', '^tests/built/fixtures/', '^test-results/'] },
    // `import type` counts: a type that points the wrong way is followed by a value before long.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@rollcall/source', 'import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.tsx', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
}
