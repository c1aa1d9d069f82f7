import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createIoredis } from './ioredis-client'

test.each(['while it connects', 'when it is connected'])(
  '[S-55, S-76] a connection that is discarded %s may fail repeatedly',
  async (when) => {
    const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
    onTestFinished(() => void silent.close())
    await once(silent, 'listening')
    const side = createIoredis(`redis://127.0.0.1:${(silent.address() as AddressInfo).port}`, 1000)
    side.on('error', () => {})
    const connected = once(silent, 'connection')
    side.connect().catch(() => {})
    // ioredis asks its connector for the socket in a later turn.
    await new Promise((resolve) => setImmediate(resolve))
    if (when === 'when it is connected') await connected
    const { stream } = (side as unknown as { connector: { stream: Socket } }).connector
    side.disconnect()
    for (const n of [1, 2, 3]) expect(() => stream.emit('error', new Error(`late error ${n}`))).not.toThrow()
  },
)
