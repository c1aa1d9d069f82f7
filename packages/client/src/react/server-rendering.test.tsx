import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import { Socket } from '../socket'
import { createFakeServer } from '../testing/fake-server'
import { VirtualClock } from '../testing/virtual-clock'
import { RollcallProvider } from './provider'
import { useChannel } from './use-channel'
import { useConnection, useRetryCountdown } from './use-connection'
import { usePresence, usePresenceEntry } from './use-presence'

function Room() {
  const { channel, status } = useChannel('room:lobby', { meta: { name: 'Ada' } })
  const { size, isSynced } = usePresence(channel)
  const entry = usePresenceEntry(channel, 'ada')
  const connection = useConnection()
  return (
    <p>
      {[connection.status, status, size, isSynced, entry?.key, useRetryCountdown()].map(String).join(' ')}
    </p>
  )
}

const NOTHING = '<p>idle idle 0 false undefined null</p>'

test('on a server everything renders, empty, and nothing connects', () => {
  const server = createFakeServer()
  const options = { transport: server.transport, clock: new VirtualClock() }
  const html = renderToString(
    <RollcallProvider url="wss://test/socket" options={options}>
      <Room />
    </RollcallProvider>,
  )
  expect(html).toBe(NOTHING)
  expect(server.connectionCount).toBe(0)
})

test('a socket that is open already renders the same there: a page must hydrate with what it was sent', async () => {
  const server = createFakeServer()
  const socket = new Socket('ws://test/socket', {
    transport: server.transport,
    clock: new VirtualClock(),
    params: { user_id: 'ada' },
  })
  socket.connect()
  await socket.channel('room:lobby').join()
  const html = renderToString(
    <RollcallProvider socket={socket}>
      <Room />
    </RollcallProvider>,
  )
  expect(html).toBe(NOTHING)
  await socket.disconnect()
})
