import { act, cleanup, renderHook } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Channel } from '../channel/channel'
import type { PresenceView } from '../presence/presence'
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
  vi.useRealTimers()
})

const paint = () => void vi.advanceTimersToNextFrame()

type Meta = { name: string }

/** Ada is in the lobby; `hook` is rendered with her channel, and its renders are counted. */
async function inLobby<T>(hook: (channel: Channel<Meta> | null) => T) {
  const server = createFakeServer()
  const clock = new VirtualClock()
  const socket = new Socket('ws://test/socket', {
    transport: server.transport,
    clock,
    params: { user_id: 'ada' },
  })
  const wrapper = ({ children }: { children: ReactNode }) => (
    <RollcallProvider socket={socket}>{children}</RollcallProvider>
  )
  const keeper = renderHook(() => useChannel<Meta>('room:lobby', { meta: { name: 'Ada' } }), { wrapper })
  const { channel } = keeper.result.current
  let renders = 0
  const { result, rerender } = renderHook(
    () => {
      renders += 1
      return hook(channel)
    },
    { wrapper },
  )
  socket.connect()
  await act(() => server.settle())
  act(paint)
  const room = server.presence('room:lobby')
  return {
    result,
    rerender,
    socket,
    clock,
    server,
    room,
    /** Does it, lets it arrive, and returns how often the hook rendered for it. */
    change: async (run: () => void) => {
      renders = 0
      await act(async () => {
        run()
        await server.settle()
        paint()
      })
      return renders
    },
  }
}

const names = (view: PresenceView<Meta>) => view.list.map(({ meta }) => meta.name)
const sameWords = (a: readonly string[], b: readonly string[]) => a.join() === b.join()

test('the view follows who comes, changes and goes', async () => {
  const { result, room, change } = await inLobby((channel) => usePresence(channel))
  expect(result.current).toMatchObject({ size: 1, isSynced: true, isStale: false })
  await change(() => room.join('bob', { name: 'Bob' }))
  expect(names(result.current)).toEqual(['Ada', 'Bob'])
  await change(() => room.update('bob', { name: 'Robert' }))
  expect(names(result.current)).toEqual(['Ada', 'Robert'])
  await change(() => room.leave('bob'))
  expect(names(result.current)).toEqual(['Ada'])
})

test('without a channel nobody is there', async () => {
  const { result } = await inLobby(() => usePresence<Meta>(null))
  expect(result.current).toEqual({ list: [], size: 0, isSynced: false, isStale: false })
})

test('a selector renders again only when what it selects has changed', async () => {
  const { result, room, change } = await inLobby((channel) => usePresence(channel, (view) => view.size))
  expect(await change(() => room.join('bob', { name: 'Bob' }))).toBe(1)
  expect(result.current).toBe(2)
  // A second device of a person is no second person.
  expect(await change(() => room.join('bob', { name: 'Bob' }))).toBe(0)
  expect(await change(() => room.update('bob', { name: 'Robert' }))).toBe(0)
  expect(await change(() => room.leave('bob'))).toBe(1)
  expect(result.current).toBe(1)
})

test('what is selected anew but equal is the same object, and renders nothing', async () => {
  const { result, rerender, room, change } = await inLobby((channel) =>
    usePresence(channel, names, sameWords),
  )
  const before = result.current
  expect(await change(() => room.join('ada', { name: 'Ada' }))).toBe(0)
  expect(result.current).toBe(before)
  rerender()
  expect(result.current).toBe(before)
  expect(await change(() => room.join('bob', { name: 'Bob' }))).toBe(1)
  expect(result.current).toEqual(['Ada', 'Bob'])
})

test('a selector made anew at each render, of a list made anew, does not render for ever', async () => {
  const { result, rerender, room, change } = await inLobby((channel) =>
    usePresence(channel, (view) => view.list.map(({ key }) => key)),
  )
  rerender()
  expect(result.current).toEqual(['ada'])
  await change(() => room.join('bob', { name: 'Bob' }))
  expect(result.current).toEqual(['ada', 'bob'])
})

test('a selector that closes over something else sees it at once', async () => {
  let wanted = 'ada'
  const { result, rerender, room, change } = await inLobby((channel) =>
    usePresence(channel, (view) => view.list.find(({ key }) => key === wanted)?.meta.name),
  )
  await change(() => room.join('bob', { name: 'Bob' }))
  wanted = 'bob'
  rerender()
  expect(result.current).toBe('Bob')
})

test('an entry renders again only when that entry changes', async () => {
  const { result, room, change } = await inLobby((channel) => usePresenceEntry(channel, 'bob'))
  expect(result.current).toBeUndefined()
  expect(await change(() => room.join('bob', { name: 'Bob' }))).toBe(1)
  expect(result.current?.meta.name).toBe('Bob')
  expect(await change(() => room.join('cleo', { name: 'Cleo' }))).toBe(0)
  expect(await change(() => room.update('cleo', { name: 'Cleopatra' }))).toBe(0)
  expect(await change(() => room.join('bob', { name: 'Bob, on the phone' }))).toBe(1)
  expect(result.current?.presences).toHaveLength(2)
  expect(await change(() => room.leave('bob'))).toBe(1)
  expect(result.current).toBeUndefined()
})

test('keys that are names of object properties are keys like others', async () => {
  const { result, room, change } = await inLobby((channel) => usePresenceEntry(channel, '__proto__'))
  expect(result.current).toBeUndefined()
  await change(() => room.join('__proto__', { name: 'Mallory' }))
  expect(result.current?.meta.name).toBe('Mallory')
})

test('over a lost connection the list stays, stale, and is never empty in between', async () => {
  const seen: string[] = []
  const { socket, clock, server, room, change } = await inLobby((channel) => {
    const view = usePresence(channel)
    seen.push(`${view.size}${view.isStale ? ' stale' : ''}`)
  })
  await change(() => room.join('bob', { name: 'Bob' }))
  seen.length = 0
  await change(() => server.drop())
  expect(seen.at(-1)).toBe('2 stale')
  await act(() => clock.advance(60_000))
  act(paint)
  expect(socket.status).toBe('open')
  expect(seen.at(-1)).toBe('2')
  expect(seen.filter((view) => !view.startsWith('2'))).toEqual([])
})
