import { describe, expect, test } from 'vitest'
import type { NetworkHintListener, NetworkHints } from '../io/network-hints'
import { LIFE_MS, RENEWAL_MS, RETRY_MS, signIn } from '../testing-support/signed-in'

const tokensOf = ({ refreshes }: { readonly refreshes: readonly { readonly token: string | null }[] }) =>
  refreshes.map(({ token }) => token)
function listenerOf(listener: NetworkHintListener | null): NetworkHintListener {
  if (listener === null) throw new Error('Nobody watches the network.')
  return listener
}

function fail(): Promise<string> {
  return Promise.reject(new Error('no network'))
}

function unanswered(): Promise<string> {
  return new Promise(() => {})
}

describe('[C-33] credentials', () => {
  test('are renewed within the connection before they are over, and nobody sees anything', async () => {
    const { clock, server, socket, told, handshakes } = await signIn()
    const channel = socket.channel('room:lobby')
    await channel.join()
    const before = channel.presence.list()
    told.length = 0
    await clock.advance(4 * LIFE_MS)
    expect(tokensOf(server)).toEqual(['t2', 't3', 't4', 't5', 't6', 't7', 't8', 't9'])
    expect([told, handshakes, server.connectionCount]).toEqual([[], ['t1'], 1])
    expect(channel.presence.list()).toBe(before)
    await socket.disconnect()
    expect(clock.pending).toBe(0)
  })

  test('that are params are sent with the address’s own', async () => {
    let calls = 0
    const params = () => ({ user_id: 'ada', token: `p${++calls}`, none: null })
    const { clock, server } = await signIn({ params, authToken: null })
    await clock.advance(RENEWAL_MS)
    expect(server.refreshes).toEqual([
      {
        params: new Map([
          ['tenant', '7'],
          ['user_id', 'ada'],
          ['token', 'p2'],
        ]),
        token: null,
      },
    ])
  })

  test('are not renewed where they never end, or are always the same', async () => {
    const endless = await signIn({}, { expiresInMs: null })
    const fixed = await signIn({ authToken: 't' })
    for (const { clock, server } of [endless, fixed]) {
      await clock.advance(4 * LIFE_MS)
      expect(server.refreshes).toEqual([])
    }
  })

  test('are renewed at once where the program asks, and it is told', async () => {
    const { socket, server } = await signIn({}, { expiresInMs: null })
    await socket.refresh()
    expect(tokensOf(server)).toEqual(['t2'])
    server.refuseRefresh('token_expired')
    await expect(socket.refresh()).rejects.toMatchObject({ code: 'refused', reason: 'token_expired' })
    expect(socket.status).toBe('open')
  })

  test('that are asked for while others are under way are asked for once more, and never two at a time', async () => {
    const { clock, socket, server, source } = await signIn()
    const answers: ((token: string) => void)[] = []
    source.answer = () => new Promise((resolve) => answers.push(resolve))
    await clock.advance(RENEWAL_MS)
    const asked = [socket.refresh(), socket.refresh()]
    expect(source.calls).toBe(2)
    answers.shift()?.('old rights')
    await clock.advance(0)
    expect(source.calls).toBe(3)
    answers.shift()?.('new rights')
    await Promise.all(asked)
    expect(tokensOf(server)).toEqual(['old rights', 'new rights'])
  })

  test('cannot be renewed without a connection, nor at a Phoenix server', async () => {
    const { socket, server, clock } = await signIn()
    server.stop()
    await clock.advance(0)
    await expect(socket.refresh()).rejects.toMatchObject({ code: 'disconnected' })
    const phoenix = await signIn({ dialect: 'phoenix' })
    await expect(phoenix.socket.refresh()).rejects.toMatchObject({ code: 'unsupported' })
  })

  test('are not taken by an answer to something else', async () => {
    const { clock, socket, server } = await signIn({ heartbeatIntervalMs: 1_000 })
    server.refuseRefresh('silence')
    const outcome = expect(socket.refresh()).rejects.toMatchObject({ code: 'timeout' })
    await clock.advance(20_000)
    await outcome
    expect(socket.status).toBe('open')
  })

  test('are not renewed over a connection that was given up', async () => {
    let tell: NetworkHintListener | null = null
    const networkHints: NetworkHints = {
      isOnline: () => true,
      watch: (listener) => {
        tell = listener
        return () => {}
      },
    }
    const heartbeat = { heartbeatIntervalMs: 1_000, heartbeatTimeoutMs: 1_000 }
    const { clock, socket, server, source } = await signIn({ networkHints, ...heartbeat })
    server.freeze()
    const outcome = expect(socket.refresh()).rejects.toMatchObject({ code: 'disconnected' })
    await clock.advance(2_000)
    await outcome
    listenerOf(tell).suspended()
    await clock.advance(LIFE_MS)
    expect([socket.status, source.calls]).toEqual(['waiting', 2])
  })

  test('are in no snapshot and in no error', async () => {
    const { clock, socket, server, source } = await signIn()
    const errors: unknown[] = []
    socket.on('fault', (error) => errors.push(error.message, error.response))
    source.answer = () => 'very.secret'
    server.refuseRefresh('token_expired')
    await clock.advance(LIFE_MS)
    expect(errors.length).toBeGreaterThan(0)
    expect(JSON.stringify([socket.getSnapshot(), errors])).not.toContain('secret')
  })
})

describe('[C-34] what was good is kept', () => {
  const failing: [string, () => string | Promise<string>, string][] = [
    ['throws', fail, 'params_failed'],
    ['never answers', unanswered, 'timeout'],
    ['gives what is no token', () => '', 'invalid_argument'],
  ]
  test.each(failing)(
    'where the function %s, which is asked again until it answers',
    async (_how, answer, code) => {
      const { clock, server, source, told } = await signIn()
      source.answer = answer
      await clock.advance(RENEWAL_MS + 25_000)
      expect(source.calls).toBeGreaterThan(2)
      expect(told).toContain(`fault ${code}`)
      expect(server.refreshes).toEqual([])
      source.answer = () => 'at last'
      await clock.advance(11_000)
      expect([tokensOf(server), server.connectionCount]).toEqual([['at last'], 1])
      expect(told.filter((what) => !what.startsWith('fault'))).toEqual(['connecting', 'open'])
    },
  )

  test.each(['token_expired', 'identity_changed', 'store_unavailable', 'silence'])(
    'where the server answers %s, which is asked again until it takes them',
    async (reason) => {
      const { clock, server, socket, source } = await signIn()
      server.refuseRefresh(reason)
      await clock.advance(RENEWAL_MS + 25_000)
      expect(server.refreshes.length).toBeGreaterThan(1)
      expect(socket.status).toBe('open')
      server.allowRefresh()
      await clock.advance(11_000)
      const { length } = server.refreshes
      // Taken: the next is due when half of the life is over, and not before.
      await clock.advance(RENEWAL_MS - 12_000)
      expect([server.refreshes.length, source.calls]).toEqual([length, length + 1])
    },
  )

  test('and no try is made before the server says', async () => {
    const { clock, server } = await signIn()
    server.refuseRefresh('throttled', 20_000)
    await clock.advance(RENEWAL_MS)
    await clock.advance(19_999)
    expect(server.refreshes.length).toBe(1)
    await clock.advance(1)
    expect(server.refreshes.length).toBe(2)
  })

  const late: [string, () => Promise<string>, number][] = [
    ['throws', fail, RETRY_MS],
    ['never answers', unanswered, RETRY_MS + 5_000],
  ]
  test.each(late)('for a new connection, where the function %s', async (_how, answer, withinMs) => {
    const { clock, server, socket, source, handshakes } = await signIn()
    source.answer = answer
    server.drop()
    await clock.advance(withinMs)
    expect([socket.status, handshakes]).toEqual(['open', ['t1', 't1']])
    // The rest of its lifetime counts, not the whole.
    source.answer = (call) => `t${call}`
    await clock.advance(RENEWAL_MS)
    expect(server.refreshes.length).toBe(1)
  })

  test('unless they are over, or a renewal took their place', async () => {
    const { clock, server, socket, source, handshakes } = await signIn()
    await socket.refresh()
    source.answer = () => Promise.reject(new Error('no network'))
    server.drop()
    await clock.advance(RETRY_MS)
    expect(handshakes).toEqual(['t1', 't2'])
    clock.sleep(LIFE_MS)
    server.drop()
    const tries = handshakes.length
    await clock.advance(1_000)
    expect(handshakes.length).toBe(tries)
    expect(socket.getSnapshot()).toMatchObject({ error: { code: 'params_failed' } })
    source.answer = () => 'fresh'
    await clock.advance(RETRY_MS)
    expect([socket.status, handshakes.at(-1)]).toEqual(['open', 'fresh'])
  })

  test('and forgotten once the program disconnects', async () => {
    const { clock, socket, source, handshakes } = await signIn()
    await socket.disconnect()
    source.answer = () => Promise.reject(new Error('signed out'))
    socket.connect()
    await clock.advance(1_000)
    expect([handshakes, socket.getSnapshot().error?.code]).toEqual([['t1'], 'params_failed'])
  })
})

describe('[C-1] nothing goes on after disconnect', () => {
  test('while the function is asked', async () => {
    const { clock, server, socket, source } = await signIn()
    const answers: ((token: string) => void)[] = []
    source.answer = () => new Promise((resolve) => answers.push(resolve))
    await clock.advance(RENEWAL_MS)
    const outcome = expect(socket.refresh()).rejects.toMatchObject({ code: 'disconnected' })
    await socket.disconnect()
    for (const answer of answers) answer('too late')
    await outcome
    await clock.advance(LIFE_MS)
    expect([source.calls, server.refreshes, clock.pending]).toEqual([2, [], 0])
  })

  test('while the server is asked', async () => {
    const { clock, server, socket, source } = await signIn()
    server.refuseRefresh('silence')
    const outcome = expect(socket.refresh()).rejects.toMatchObject({ code: 'disconnected' })
    await clock.advance(0)
    expect(server.refreshes.length).toBe(1)
    await socket.disconnect()
    await outcome
    await clock.advance(LIFE_MS)
    expect([source.calls, server.refreshes.length, clock.pending]).toEqual([2, 1, 0])
  })

  test('while it waits to try again', async () => {
    const { clock, server, socket, source } = await signIn()
    server.refuseRefresh('token_expired')
    await clock.advance(RENEWAL_MS)
    await socket.disconnect()
    await clock.advance(LIFE_MS)
    expect([source.calls, clock.pending]).toEqual([2, 0])
    expect(socket.getSnapshot()).toMatchObject({ status: 'closed', error: null })
  })
})
