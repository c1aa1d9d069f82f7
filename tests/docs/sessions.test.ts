// The sessions that the pages show, played against a real server. See session.ts for how they are written.

import { createServer, HandshakeError, type RollcallServer, type ServerOptions } from '@rollcall/server'
import { afterEach, describe, expect, test } from 'vitest'
import { chatChannel } from '../../examples/zzz-chat'
import { documentPaths, readDocument } from './markdown'
import { parseSession, playSession } from './session'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Bob may stay for ever, Ada for as long as her second token lasts. */
const TOKENS = new Map([
  ['bob', { id: 'bob', lifeMs: Number.POSITIVE_INFINITY }],
  ['ada-1', { id: 'ada', lifeMs: 3_600_000 }],
  ['ada-2', { id: 'ada', lifeMs: 500 }],
])

/** The servers that a session may name: "```text session reference". */
const setUps: Record<string, ServerOptions> = {
  reference: {},
  'zzz-chat': { channels: [chatChannel] },
  'named-by-the-server': {
    mode: 'production',
    authenticate: ({ params }) => ({ id: params.get('token') ?? 'nobody' }),
  },
  tokens: {
    authenticate({ params }) {
      const token = TOKENS.get(params.get('token') ?? '')
      if (!token) throw new HandshakeError(401, 'Who is that?')
      return { id: token.id, expiresAtMs: Date.now() + token.lifeMs }
    },
  },
}

const sessions = documentPaths().flatMap((path) =>
  readDocument(path)
    .fences.filter(({ words }) => words[0] === 'session')
    .map((fence) => ({ where: `${path}:${fence.line}`, setUp: fence.words[1] ?? 'reference', fence })),
)

let server: RollcallServer | null = null

afterEach(async () => {
  await server?.close()
  server = null
})

test('the pages of all three dialects show a session', () => {
  const pages = new Set(sessions.map(({ where }) => where.split(':')[0]))
  expect([...pages]).toEqual(
    expect.arrayContaining(['docs/reference/protocol.md', 'docs/guides/vix.md', 'docs/guides/zzz.md']),
  )
})

describe('a session shown is what happens', () => {
  test.each(sessions)('$where', async ({ setUp, fence }) => {
    const options = setUps[setUp]
    if (!options) throw new Error(`There is no server called ${setUp}; there are ${Object.keys(setUps)}.`)
    server = createServer({ port: 0, logger: silent, ...options })
    const { port } = await server.listen()
    await playSession(parseSession(fence), port)
  })
})
