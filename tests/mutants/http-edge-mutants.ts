import { type Mutant, server } from './mutant.ts'

/** What strangers send before there is a connection: headers, targets, posts, upgrades. */
export const httpEdgeMutants: readonly Mutant[] = [
  {
    name: 'searched-extensions',
    law: 'S-43',
    breaks: 'a run of spaces in Sec-WebSocket-Extensions is searched from each of them',
    file: `${server}/io/websocket/deflate-offers.ts`,
    find: "if (name.toLowerCase() !== 'permessage-deflate') return false",
    replace:
      "parameters.map((one) => one.replace(/\\s*=.*/, ''))\n    if (name.toLowerCase() !== 'permessage-deflate') return false",
    tests: ['tests/real/text-cost'],
  },
  {
    name: 'decoded-host',
    law: 'S-43',
    breaks: 'the international host of a target is decoded',
    file: `${server}/io/read-handshake.ts`,
    find: '  const path = url.startsWith',
    replace: "  if (!URL.canParse(url, 'http://localhost')) return null\n  const path = url.startsWith",
    tests: [`${server}/io/read-handshake`],
  },
  {
    name: 'normalized-path',
    law: 'S-43',
    breaks: 'the path of a request is normalized, whatever its length',
    file: `${server}/http/page-files.ts`,
    find: 'decodeURIComponent(path)\n',
    replace: 'decodeURIComponent(path).normalize()\n',
    tests: [`${server}/http/page-files`],
  },
  {
    name: 'held-pieces',
    law: 'S-43',
    breaks: 'a body is held as the pieces that it came in',
    file: `${server}/io/websocket/growing-buffer.ts`,
    find: 'this.#bytes.set(piece, this.#length)',
    replace: 'this.#bytes = piece as Buffer<ArrayBuffer>',
    tests: [`${server}/http/read-body`],
  },
]
