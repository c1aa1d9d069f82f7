import { readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SocketOptions } from '../options'
import { VirtualClock } from '../testing/virtual-clock'
import { eventsOf, PhoenixReplay } from '../testing-support/phoenix-replay'
import type { Channel } from './channel'

/* The client with the dialect `phoenix`, against what a real Phoenix server said (testing-support/phoenix-frames.txt). */

/** The lines of a scene of the recording. */
function sceneOf(title: string): string[] {
  const text = readFileSync(new URL('../testing-support/phoenix-frames.txt', import.meta.url), 'utf8')
  const scene = text.split('\n## ').find((part) => part.startsWith(`${title}\n`))
  if (scene === undefined) throw new Error(`There is no scene "${title}".`)
  return scene.split('\n').slice(1).filter(Boolean)
}

const replayWith = (options?: SocketOptions) => new PhoenixReplay(new VirtualClock(), options)

const shownIn = ({ presence }: Channel) =>
  presence.list().map(({ key, presences }) => [key, presences.map(({ meta }) => meta)])
const refsIn = ({ presence }: Channel, key: string) =>
  presence.get(key)?.presences.map(({ ref, rev }) => [ref, rev])

async function played(scene: string, topic: string) {
  const replay = replayWith()
  const channel = replay.socket.channel(topic)
  const events = eventsOf(channel)
  await replay.play(sceneOf(scene))
  expect(replay.differences).toEqual([])
  return { replay, channel, events }
}

describe('the connection', () => {
  test('[C-24] goes to /websocket with vsn=2.0.0 and the params, without a subprotocol, and is open with its transport', () => {
    const { urls, subprotocols, socket, sent } = replayWith({ params: { user_id: 'ada' } })
    expect(urls).toEqual(['ws://test/socket/websocket?vsn=2.0.0&user_id=ada'])
    expect([subprotocols, socket.status, socket.sessionId, sent]).toEqual([[null], 'open', null, []])
  })

  test('[C-27] a heartbeat goes out each interval, however much the server says', async () => {
    const replay = replayWith({ heartbeatIntervalMs: 15_000 })
    for (let second = 0; second < 60; second++) {
      replay.say([null, null, 'room:busy', 'new_msg', {}])
      await replay.clock.advance(1_000)
    }
    expect(replay.sent.length).toBeGreaterThanOrEqual(3)
    expect(new Set(replay.sent.map(([, , topic, event]) => `${topic} ${event}`))).toEqual(
      new Set(['phoenix heartbeat']),
    )
  })

  test('closed with 1001, as a client that is kicked is, it connects and joins again', async () => {
    const { replay, channel } = await played('kicked', 'room:ki')
    expect([replay.socket.status, channel.status, channel.presence.isStale]).toEqual([
      'waiting',
      'away',
      true,
    ])
    await replay.clock.advance(10)
    replay.open()
    replay.answer('phx_join')
    expect([replay.socket.status, channel.status]).toEqual(['open', 'joined'])
  })

  test('[C-30] closed with any code, as a proxy or a restart does with 1000, it connects again; disconnected it does not', async () => {
    const replay = replayWith()
    for (const code of [1000, 1008, 4002]) {
      replay.end(code)
      expect(replay.socket.getSnapshot()).toMatchObject({
        status: 'waiting',
        error: { code: 'disconnected' },
      })
      await replay.clock.advance(60_000)
      replay.open()
      expect(replay.socket.status).toBe('open')
    }
    await replay.socket.disconnect()
    expect([replay.socket.status, replay.clock.pending]).toEqual(['closed', 0])
  })

  test('an answer on the system’s topic that is to nothing of ours is none to a hello', async () => {
    const items = new Map<string, string>()
    const sessionStorage = {
      getItem: (name: string) => items.get(name) ?? null,
      setItem: (name: string, value: string) => void items.set(name, value),
      removeItem: (name: string) => void items.delete(name),
    }
    const replay = replayWith({ sessionStorage })
    const response = { token: 's.1', session: 's', settling_ms: 60_000 }
    replay.say([null, null, 'phoenix', 'phx_reply', { status: 'ok', response }])
    // The heartbeat's timer, and none for a server that settles.
    expect([items.size, replay.socket.sessionId, replay.clock.pending]).toEqual([0, null, 1])
  })

  test('[C-29] the token goes out as a subprotocol beside `phoenix`, and nowhere else', async () => {
    const replay = replayWith({ authToken: 'very.secret', params: { user_id: 'ada' } })
    expect([replay.subprotocols, replay.secrets]).toEqual([
      ['phoenix'],
      ['base64url.bearer.phx.dmVyeS5zZWNyZXQ'],
    ])
    replay.end(1006)
    const { socket, sent, urls } = replay
    const shown = JSON.stringify([
      socket,
      socket.getSnapshot(),
      socket.getSnapshot().error?.message,
      sent,
      urls,
    ])
    expect(shown).not.toMatch(/secret|dmVyeS5/)
  })
})

describe('a recorded session', () => {
  test('of A: its own diff comes before its state, others come, change and go', async () => {
    const { events } = await played('session_a', 'room:lobby')
    expect(events).toEqual([
      ...['join alice', 'sync 1', 'join bob', 'update bob 1'],
      ...['leave bob', 'join bob', 'leave bob', 'join bob', 'leave bob'],
    ])
  })

  test('of B: its own diff comes after its state; pushes are answered; it leaves and joins again', async () => {
    const { replay, events } = await played('session_b', 'room:lobby')
    expect(events).toEqual(['join alice', 'join bob', 'sync 2', 'update bob 1', 'leave bob', 'join bob'])
    // Whoever has left has left: the second join is another channel's.
    const again = replay.socket.channel('room:lobby')
    expect([replay.socket.status, again.status, [...again.presence.keys()]]).toEqual([
      ...['waiting', 'away'],
      ['alice', 'bob'],
    ])
    expect(refsIn(again, 'bob')).toEqual([['GOodWx5zwJYR7QER', 0]])
  })

  test('refusals become errors with their reason', async () => {
    const { replay, channel } = await played('refused', 'room:deny')
    expect(channel.getSnapshot().error).toMatchObject({ code: 'refused', reason: 'nope' })
    const other = replay.socket.channel('other:x')
    expect(other.getSnapshot().error).toMatchObject({ code: 'refused', reason: 'unmatched topic' })
  })

  test('a key with two devices stays present until the last one goes, and an update keeps its place', async () => {
    const replay = replayWith()
    const channel = replay.socket.channel('room:two')
    const lines = sceneOf('twoDevices').slice(0, -1)
    await replay.play(lines.slice(0, 5))
    const devices = () => channel.presence.get('same')?.presences.map(({ meta }) => meta.d)
    expect(devices()).toEqual(['laptop2', 'phone'])
    expect(refsIn(channel, 'same')).toEqual([
      ['GOodYuh1Rm8R7QLR', 1],
      ['GOodYuzV7n0R7QLx', 0],
    ])
    await replay.play(lines.slice(5))
    expect(devices()).toEqual(['phone'])
  })

  test('one whose socket dies is told as gone', async () => {
    const { events } = await played('watcher', 'room:m1')
    expect(events).toEqual(['sync 0', 'join multi', 'leave multi'])
  })

  test.each([
    ['crash', 'room:cr'],
    ['unhandled', 'room:nc'],
  ])('a channel that crashes is joined again: %s', async (scene, topic) => {
    const { replay, channel } = await played(scene, topic)
    expect(channel.getSnapshot()).toMatchObject({ status: 'away', error: { reason: 'channel_crash' } })
    expect(channel.presence.isStale).toBe(true)
    await replay.clock.advance(10)
    replay.answer('phx_join')
    expect(channel.status).toBe('joined')
  })

  test('[C-45] a join that crashes is told at once, and tried again', async () => {
    const replay = replayWith()
    const channel = replay.socket.channel('room:x')
    const first = channel.join()
    replay.answer('phx_join', { reason: 'join crashed' }, 'error')
    await expect(first).rejects.toMatchObject({ code: 'disconnected', reason: 'join crashed' })
    expect(channel.getSnapshot()).toMatchObject({ status: 'joining', error: { reason: 'join crashed' } })
    await replay.clock.advance(10)
    replay.answer('phx_join')
    expect(channel.status).toBe('joined')
  })

  test('[C-43] a rejoin that is refused is tried again, and the program can tell; a first join is not', async () => {
    const replay = replayWith({ backoff: { baseMs: 10, capMs: 10_000 } })
    const first = replay.socket.channel('room:full')
    first.join().catch(() => {})
    replay.answer('phx_join', { reason: 'full' }, 'error')
    expect(first.status).toBe('refused')
    const channel = replay.socket.channel('room:1')
    channel.join().catch(() => {})
    replay.answer('phx_join')
    replay.end(1012)
    await replay.clock.advance(10)
    replay.open()
    const waits: number[] = []
    for (let n = 0; n < 4; n++) {
      replay.answer('phx_join', { reason: 'starting' }, 'error')
      expect(channel.getSnapshot()).toMatchObject({
        status: 'away',
        error: { code: 'refused', reason: 'starting' },
      })
      const startedAt = replay.clock.now()
      while (channel.status === 'away') await replay.clock.advance(1)
      waits.push(replay.clock.now() - startedAt)
    }
    expect(waits).toEqual([5, 10, 20, 40])
    replay.answer('phx_join')
    expect([channel.status, channel.getSnapshot().error]).toEqual(['joined', null])
    expect(first.status).toBe('refused')
  })

  test('a refusal without a reason has none', async () => {
    const replay = replayWith()
    const joined = replay.socket.channel('room:1').join()
    replay.answer('phx_join', {}, 'error')
    await expect(joined).rejects.toMatchObject({
      code: 'refused',
      reason: null,
      message: 'The server refused the join of "room:1": it gave no reason',
    })
  })

  test('a channel that the server stops is left', async () => {
    const { channel } = await played('stop', 'room:st')
    expect([channel.status, channel.presence.size]).toEqual(['left', 0])
  })

  test('[C-19] odd keys are keys like others, and a forged phx_ref shows them all the same', async () => {
    const replay = replayWith()
    await replay.play(sceneOf('oddKeys'))
    const keys = replay.socket.channels.flatMap((channel) => [...channel.presence.keys()])
    expect(keys).toEqual(['', '__proto__', 'constructor', 'ключ 🙂', 'a"b\\', '42'])
  })

  test('of two joins of a topic, what the server says to the first one is over', async () => {
    const replay = replayWith({ timeoutMs: 100 })
    const channel = replay.socket.channel('room:dup', { user: 'd' })
    const lines = sceneOf('duplicateJoin')
    channel.join().catch(() => {})
    // Nothing is heard of the first join in time.
    await replay.clock.advance(110)
    expect(replay.sent.map((frame) => frame.slice(0, 4))).toEqual([
      ['1', '1', 'room:dup', 'phx_join'],
      ['2', '2', 'room:dup', 'phx_join'],
    ])
    await replay.play(lines.filter((line) => line.startsWith('<-')))
    expect([channel.status, channel.presence.keys().next().value]).toEqual(['joined', 'd'])
    expect(refsIn(channel, 'd')).toEqual([['GOodYq2rsa4R7QKB', 0]])
  })

  test('binary frames carry bytes, to a listener and to whoever pushed', async () => {
    const replay = replayWith()
    const channel = replay.socket.channel('room:bin')
    const heard: unknown[] = []
    channel.on('new_msg', (payload) => heard.push(payload))
    channel.join().catch(() => {})
    replay.answer('phx_join')
    const [broadcast, reply] = sceneOf('binary').map(
      (line) => new Uint8Array(Buffer.from(line.slice('<- BIN '.length), 'hex')),
    )
    replay.say(broadcast)
    expect(heard).toEqual([Uint8Array.of(1, 2, 3, 255)])
    // The recorded echo had the ref 3.
    channel.push('new_msg').catch(() => {})
    const answer = channel.push('echo')
    replay.say(reply)
    expect(await answer).toEqual(Uint8Array.of(9, 8, 7))
  })

  test('[C-31] a push that the channel never answers need not be caught, and fails for whoever waits', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown) => void unhandled.push(error)
    process.on('unhandledRejection', note)
    onTestFinished(() => void process.off('unhandledRejection', note))
    const replay = replayWith({ timeoutMs: 100 })
    const channel = replay.socket.channel('room:1')
    channel.join().catch(() => {})
    replay.answer('phx_join')
    void channel.push('typing')
    const waited = expect(channel.push('typing')).rejects.toMatchObject({ code: 'timeout' })
    await replay.clock.advance(100)
    await waited
    void channel.push('typing')
    replay.end(1006)
    // Node reports unhandled rejections after the turn.
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled).toEqual([])
  })

  test('a push of bytes is a binary frame, whatever holds them', async () => {
    const replay = replayWith()
    const channel = replay.socket.channel('room:bin')
    // One waits for the join.
    const first = channel.push('new_msg', Uint8Array.of(1, 2, 3, 255))
    channel.join().catch(() => {})
    replay.answer('phx_join')
    const bytes = Uint8Array.of(0, 9, 8, 7, 0)
    channel.push('echo', bytes.slice(1, 4).buffer).catch(() => {})
    channel.push('echo', new DataView(bytes.buffer, 1, 3)).catch(() => {})
    const shown = replay.sentBytes.map((frame) => Buffer.from(frame).toString('hex'))
    expect(shown).toEqual([
      '00010108073132726f6f6d3a62696e6e65775f6d7367010203ff',
      '00010108043133726f6f6d3a62696e6563686f090807',
      '00010108043134726f6f6d3a62696e6563686f090807',
    ])
    replay.say(['1', '2', 'room:bin', 'phx_reply', { status: 'ok', response: {} }])
    expect(await first).toEqual({})
  })

  test('a push of bytes whose topic or event is too long for a binary frame is refused, and others are not', async () => {
    const replay = replayWith()
    const channel = replay.socket.channel(`room:${'ü'.repeat(130)}`)
    channel.join().catch(() => {})
    replay.answer('phx_join')
    await expect(channel.push('new_msg', new ArrayBuffer(1))).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('its topic has 265 bytes'),
    })
    channel.push('new_msg', { n: 1 }).catch(() => {})
    expect([replay.sentBytes, replay.sent.at(-1)?.[3]]).toEqual([[], 'new_msg'])
  })
})

describe('after a lost connection', () => {
  const meta = (phx_ref: string, n: number, phx_ref_prev?: string) => ({
    ...{ phx_ref, n },
    ...(phx_ref_prev === undefined ? {} : { phx_ref_prev }),
  })

  test('[C-26] the last map is shown as stale until the new state, and only the net change is told', async () => {
    const replay = replayWith()
    const channel = replay.socket.channel('room:1')
    const told = eventsOf(channel)
    const state = (keys: Record<string, object[]>) => {
      const metas = Object.entries(keys).map(([key, list]) => [key, { metas: list }])
      replay.say([null, null, 'room:1', 'presence_state', Object.fromEntries(metas)])
    }
    channel.join().catch(() => {})
    replay.answer('phx_join')
    expect([channel.presence.isSynced, channel.presence.isStale]).toEqual([false, false])
    state({ ada: [meta('a', 1)], bob: [meta('b', 1)], cleo: [meta('c', 1)], dan: [meta('d', 1)] })
    const ada = channel.presence.get('ada')
    told.length = 0
    replay.end(1006)
    await replay.clock.advance(10)
    replay.open()
    replay.answer('phx_join')
    const { presence } = channel
    expect([presence.isSynced, presence.isStale, presence.size, told]).toEqual([true, true, 4, []])
    state({ ada: [meta('a', 1)], bob: [meta('b2', 2, 'b')], cleo: [meta('c2', 1)] })
    expect(told).toEqual(['update bob 1', 'leave dan', 'sync 3'])
    expect([presence.isStale, presence.get('ada') === ada]).toEqual([false, true])
    expect([refsIn(channel, 'bob'), refsIn(channel, 'cleo')]).toEqual([[['b', 1]], [['c', 0]]])
    expect(shownIn(channel)[1]).toEqual(['bob', [{ n: 2 }]])
  })
})

describe('what the recording does not have', () => {
  const entry = (phx_ref: string, phx_ref_prev?: string) => ({
    metas: [{ phx_ref, phx_ref_prev, said: phx_ref }],
  })

  function joined(topic = 'room:1') {
    const replay = replayWith()
    const channel = replay.socket.channel(topic)
    channel.join().catch(() => {})
    replay.answer('phx_join')
    replay.say([null, null, topic, 'presence_state', { bob: entry('a') }])
    const told = eventsOf(channel)
    const diff = (joins: object, leaves: object) =>
      replay.say([null, null, topic, 'presence_diff', { joins, leaves }])
    return { replay, channel, told, diff }
  }

  test('[C-25] updates that were merged on their way between nodes do not take the key away', () => {
    const { channel, told, diff } = joined()
    diff({ bob: entry('c', 'b') }, { bob: entry('a') })
    expect([told, refsIn(channel, 'bob')]).toEqual([['update bob 1'], [['c', 0]]])
    diff({ bob: entry('d', 'c') }, { bob: entry('c') })
    expect([told.length, refsIn(channel, 'bob')]).toEqual([2, [['c', 1]]])
  })

  test('[C-25] a leave of an unknown ref, of an unknown key, and one that is told twice change nothing', () => {
    const { channel, told, diff } = joined()
    const before = channel.presence.getSnapshot()
    diff({}, { bob: entry('zz'), eve: entry('a') })
    diff({ bob: entry('a') }, {})
    expect([told, channel.presence.getSnapshot() === before]).toEqual([[], true])
    diff({}, { bob: entry('a') })
    diff({}, { bob: entry('a') })
    expect(told).toEqual(['leave bob'])
  })

  test('[C-6] what is said to an earlier join is over, also the end of its channel and its failure', () => {
    const { replay, channel, told } = joined()
    for (const event of ['phx_close', 'phx_error', 'presence_state', 'new_msg'])
      replay.say(['0', '0', 'room:1', event, {}])
    expect([channel.status, told]).toEqual(['joined', []])
  })

  test('a push that the server has no channel for fails with its reason, and the channel stays', async () => {
    const { replay, channel } = joined()
    const pushed = channel.push('new_msg')
    const [, ref] = replay.sent.at(-1) ?? []
    const response = { reason: 'unmatched topic' }
    replay.say([null, ref, 'room:1', 'phx_reply', { status: 'error', response }])
    await expect(pushed).rejects.toMatchObject({ code: 'push_failed', reason: 'unmatched topic' })
    expect(channel.status).toBe('joined')
  })

  test('[C-28] a channel that crashes after each join is joined ever more slowly', async () => {
    const replay = replayWith({ backoff: { baseMs: 100, capMs: 10_000 } })
    const channel = replay.socket.channel('room:1')
    channel.join().catch(() => {})
    const waits: number[] = []
    for (let crash = 0; crash < 5; crash++) {
      replay.answer('phx_join')
      const [joinRef] = replay.sent.at(-1) ?? []
      replay.say([joinRef, joinRef, 'room:1', 'phx_error', { reason: 'channel_crash' }])
      let waited = 0
      for (; channel.status === 'away' && replay.sent.at(-1)?.[0] === joinRef; waited += 10)
        await replay.clock.advance(10)
      waits.push(waited)
    }
    expect(waits).toEqual([50, 100, 200, 400, 800])
    expect(replay.sent.every(([, , , event]) => event === 'phx_join')).toBe(true)
  })

  test('a connection that answers no heartbeat is given up, and its channels are joined over the next one', async () => {
    const { replay, channel } = joined()
    await replay.clock.advance(25_000)
    expect([replay.socket.getSnapshot().lastClose?.reason, channel.status]).toEqual([
      'heartbeat_timeout',
      'away',
    ])
    await replay.clock.advance(10)
    replay.open()
    replay.answer('phx_join')
    expect([replay.urls.length, channel.status, channel.presence.isStale]).toEqual([2, 'joined', true])
  })
})

describe('[C-24] nothing is sent that a Phoenix server has no clause for', () => {
  test('update and patch are refused as unsupported, and name what to do instead', async () => {
    const { channel, replay } = await played('session_a', 'room:lobby')
    const before = replay.sent.length
    const unsupported = { code: 'unsupported', message: expect.stringContaining('Push an event') }
    await expect(channel.presence.update({ color: 'red' })).rejects.toMatchObject(unsupported)
    await expect(channel.presence.patch({ color: 'red' })).rejects.toMatchObject(unsupported)
    expect(replay.sent.length).toBe(before)
  })

  test('in a long scenario every frame is a join, a leave, a heartbeat or an event of the application’s', async () => {
    const replay = replayWith({ timeoutMs: 1_000, heartbeatIntervalMs: 5_000 })
    const { socket, clock } = replay
    const channel = socket.channel('room:lobby', { meta: { n: 1 } })
    for (const code of [1006, 1001, 1012, 1011]) {
      channel.join().catch(() => {})
      await clock.advance(1_100)
      replay.answer('phx_join')
      channel.presence.update({ n: 2 }).catch(() => {})
      channel.presence.patch({ n: 3 }).catch(() => {})
      channel.push('new_msg', { body: 'hi' }).catch(() => {})
      // No state ever comes, and a diff of somebody unknown: still nothing is asked for.
      replay.say([null, null, 'room:lobby', 'presence_diff', { joins: {}, leaves: { x: { metas: [{}] } } }])
      replay.say([null, null, 'room:lobby', 'presence_state', { nonsense: 1 }])
      await clock.advance(5_000)
      replay.answer('heartbeat')
      void channel.leave()
      await clock.advance(1_100)
      channel.join().catch(() => {})
      replay.end(code)
      void channel.leave()
      await clock.advance(20)
      replay.open()
      channel.join().catch(() => {})
      await clock.advance(20)
    }
    await socket.disconnect()
    const kinds = new Set(replay.sent.map(([, , topic, event]) => `${topic} ${event}`))
    expect([...kinds].sort()).toEqual([
      'phoenix heartbeat',
      'room:lobby new_msg',
      'room:lobby phx_join',
      'room:lobby phx_leave',
    ])
    const joins = replay.sent.filter(([, , , event]) => event === 'phx_join')
    expect(joins.every(([, , , , payload]) => JSON.stringify(payload) === '{"meta":{"n":1}}')).toBe(true)
    expect(replay.sent.every((frame) => frame.length === 5)).toBe(true)
    expect(clock.pending).toBe(0)
  })
})
