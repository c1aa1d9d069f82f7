import { describe, expect, test } from 'vitest'
import { LIFE_MS, RETRY_MS, signIn } from '../testing-support/signed-in'

describe('[C-35] who is told that what proved them is over', () => {
  test('comes back with what the function then gives, in a session of its own', async () => {
    const { clock, server, socket, handshakes, told } = await signIn()
    const channel = socket.channel('room:lobby')
    await channel.join()
    told.length = 0
    server.expire()
    await clock.advance(RETRY_MS)
    expect([handshakes, told]).toEqual([
      ['t1', 't2'],
      ['waiting', 'connecting', 'open'],
    ])
    expect(channel.status).toBe('joined')
  })

  test('ends where the function gives the same again', async () => {
    const { clock, server, socket, source, handshakes } = await signIn()
    source.answer = () => 't1'
    const channel = socket.channel('room:lobby')
    await channel.join()
    const waiting = socket.channel('room:other').join()
    server.expire()
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'disconnected' })
    await clock.advance(1_000)
    await outcome
    expect(socket.getSnapshot()).toMatchObject({
      status: 'closed',
      error: { code: 'expired' },
      lastClose: { code: 4004, reason: 'expired' },
      identity: null,
    })
    expect([channel.status, channel.presence.isStale, handshakes, clock.pending]).toEqual([
      'away',
      true,
      ['t1'],
      0,
    ])
  })

  test('ends at once where nothing makes others', async () => {
    const { clock, server, socket, told } = await signIn({ authToken: 'fixed' })
    told.length = 0
    server.expire()
    await clock.advance(0)
    expect([told, socket.getSnapshot().error?.code]).toEqual([['closed'], 'expired'])
    expect(clock.pending).toBe(0)
  })

  test('begins anew with connect, and its channels with it', async () => {
    const { clock, server, socket } = await signIn({ authToken: 'fixed' })
    const channel = socket.channel('room:lobby')
    await channel.join()
    server.expire()
    await clock.advance(0)
    expect(socket.status).toBe('closed')
    socket.connect()
    await clock.advance(0)
    expect([socket.status, socket.getSnapshot().error, channel.status]).toEqual(['open', null, 'joined'])
  })

  test('asks again while the function fails, and does not use what is over', async () => {
    const { clock, server, socket, source, handshakes } = await signIn()
    source.answer = () => Promise.reject(new Error('no network yet'))
    server.expire()
    await clock.advance(1_000)
    expect(socket.getSnapshot()).toMatchObject({ error: { code: 'params_failed' } })
    expect(handshakes).toEqual(['t1'])
    source.answer = () => 't9'
    await clock.advance(1_000)
    expect([socket.status, handshakes]).toEqual(['open', ['t1', 't9']])
  })
})

test('[C-30] [C-35] at a Phoenix server 4004 is a code of the application’s, and no verdict', async () => {
  const { clock, server, socket, handshakes } = await signIn({ dialect: 'phoenix', authToken: 'fixed' })
  server.expire()
  await clock.advance(RETRY_MS)
  expect([socket.status, handshakes]).toEqual(['open', ['fixed', 'fixed']])
})

describe('[C-35] who wakes up after what proved them is over', () => {
  test.each([
    ['is told so', 4004],
    ['finds the connection broken', 1006],
  ])('%s, and comes back with fresh credentials, once', async (_how, code) => {
    const { clock, server, socket, source, handshakes } = await signIn()
    clock.sleep(2 * LIFE_MS)
    server.drop(code)
    await clock.advance(RETRY_MS)
    expect([socket.status, handshakes.length, handshakes.at(-1)]).toEqual(['open', 2, `t${source.calls}`])
  })

  test('with nothing else than that tries once more, as the clock may be wrong', async () => {
    const { clock, server, socket, handshakes } = await signIn({ authToken: 'fixed' })
    clock.sleep(2 * LIFE_MS)
    server.drop()
    await clock.advance(RETRY_MS)
    expect([socket.status, handshakes]).toEqual(['open', ['fixed', 'fixed']])
    clock.sleep(2 * LIFE_MS)
    server.stop()
    await clock.advance(1_000)
    expect([socket.getSnapshot().error?.code, handshakes]).toEqual(['expired', ['fixed', 'fixed', 'fixed']])
  })
})

describe('[C-1] nothing goes on after disconnect', () => {
  test('while others are asked for in place of those that are over', async () => {
    const { clock, server, socket, source, handshakes } = await signIn()
    const answers: ((token: string) => void)[] = []
    source.answer = () => new Promise((resolve) => answers.push(resolve))
    server.expire()
    await clock.advance(RETRY_MS)
    await socket.disconnect()
    expect(answers.length).toBe(1)
    answers[0]?.('too late')
    await clock.advance(1_000)
    expect([handshakes, socket.getSnapshot().error, clock.pending]).toEqual([['t1'], null, 0])
  })
})
