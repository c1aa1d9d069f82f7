import { act, cleanup, render } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Channel } from '../channel/channel'
import { Socket } from '../socket'
import { createFakeServer } from '../testing/fake-server'
import { VirtualClock } from '../testing/virtual-clock'
import { fakeFrames } from '../testing-support/fake-frames'
import { RollcallProvider } from './provider'
import { useChannel } from './use-channel'
import { usePresence, usePresenceEntry } from './use-presence'

beforeEach(() => void vi.useFakeTimers(fakeFrames()))
afterEach(() => {
  cleanup()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

type Meta = { n: number }

const paint = () => act(() => void vi.advanceTimersToNextFrame())

function look(visibilityState: DocumentVisibilityState) {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(visibilityState)
  document.dispatchEvent(new Event('visibilitychange'))
}

const renders = { whole: 0, entry: 0 }

function Whole({ channel }: { channel: Channel<Meta> | null }) {
  renders.whole += 1
  const { size, list } = usePresence(channel)
  return <>{`${size} here, last ${list.at(-1)?.meta.n}; `}</>
}

function Entry({ channel }: { channel: Channel<Meta> | null }) {
  renders.entry += 1
  return <>{`bob ${usePresenceEntry(channel, 'bob')?.meta.n}`}</>
}

function Lobby() {
  const { channel } = useChannel<Meta>('room:lobby', { meta: { n: 0 } })
  return (
    <>
      <Whole channel={channel} />
      <Entry channel={channel} />
    </>
  )
}

/** Ada's page is in the lobby, and what she has joined is painted. */
async function inLobby({ isStrict = false } = {}) {
  const server = createFakeServer()
  const socket = new Socket('ws://test/socket', {
    transport: server.transport,
    clock: new VirtualClock(),
    params: { user_id: 'ada' },
  })
  const lobby = () => (
    <RollcallProvider socket={socket}>
      <Lobby />
    </RollcallProvider>
  )
  const page = render(lobby(), { reactStrictMode: isStrict })
  socket.connect()
  await act(() => server.settle())
  paint()
  renders.whole = renders.entry = 0

  const room = server.presence('room:lobby')
  let heard = 0
  socket.channel('room:lobby').presence.subscribe(() => {
    heard += 1
  })
  return {
    page,
    lobby,
    text: () => page.container.textContent,
    heard: () => heard,
    /** Bob comes and changes: as many diffs as that, each a frame on the wire. */
    bobCounts: (from: number, to: number) =>
      act(async () => {
        for (let n = from; n <= to; n++) {
          if (n === 1) room.join('bob', { n })
          else room.update('bob', { n })
          await server.settle()
        }
      }),
  }
}

test('[C-32] ten diffs within one animation frame render once, with what is true by then', async () => {
  const { text, heard, bobCounts } = await inLobby()
  const request = vi.spyOn(globalThis, 'requestAnimationFrame')
  expect(text()).toBe('1 here, last 0; bob undefined')
  await bobCounts(1, 10)
  expect(heard()).toBe(10)
  expect([renders, text()]).toEqual([{ whole: 0, entry: 0 }, '1 here, last 0; bob undefined'])
  paint()
  expect([renders, text()]).toEqual([{ whole: 1, entry: 1 }, '2 here, last 10; bob 10'])
  expect(request).toHaveBeenCalledTimes(1)
  paint()
  expect(renders).toEqual({ whole: 1, entry: 1 })
  await bobCounts(11, 12)
  paint()
  expect([renders, text()]).toEqual([{ whole: 2, entry: 2 }, '2 here, last 12; bob 12'])
})

test('[C-32] a page that nobody looks at renders at once: it has no animation frames', async () => {
  const { text, bobCounts } = await inLobby()
  act(() => look('hidden'))
  for (const n of [1, 2, 3]) {
    await bobCounts(n, n)
    expect([renders, text()]).toEqual([{ whole: n, entry: n }, `2 here, last ${n}; bob ${n}`])
  }
  expect(vi.getTimerCount()).toBe(0)
})

test('[C-32] a page that is hidden while a change waits renders it then', async () => {
  const { text, bobCounts } = await inLobby()
  await bobCounts(1, 3)
  expect(renders.whole).toBe(0)
  act(() => look('hidden'))
  expect([renders, text()]).toEqual([{ whole: 1, entry: 1 }, '2 here, last 3; bob 3'])
  act(() => look('visible'))
  paint()
  expect(renders).toEqual({ whole: 1, entry: 1 })
})

test('[C-32] a page that is unmounted while a change waits leaves no request behind', async () => {
  const { page, bobCounts } = await inLobby()
  await bobCounts(1, 3)
  expect(vi.getTimerCount()).toBeGreaterThan(0)
  page.unmount()
  expect(vi.getTimerCount()).toBe(0)
  paint()
  expect(renders).toEqual({ whole: 0, entry: 0 })
})

test('StrictMode subscribes twice and loses nothing', async () => {
  const { text, bobCounts } = await inLobby({ isStrict: true })
  await bobCounts(1, 10)
  expect(renders.whole).toBe(0)
  paint()
  // It renders each component twice for every time that it renders.
  expect([renders, text()]).toEqual([{ whole: 2, entry: 2 }, '2 here, last 10; bob 10'])
})

test('what renders for another reason meanwhile shows what is true already, and not once more with the frame', async () => {
  const { page, lobby, text, bobCounts } = await inLobby()
  await bobCounts(1, 2)
  page.rerender(lobby())
  expect([renders, text()]).toEqual([{ whole: 1, entry: 1 }, '2 here, last 2; bob 2'])
  paint()
  expect(renders).toEqual({ whole: 1, entry: 1 })
})
