import { once } from 'node:events'
import { connect, type Socket as TcpSocket } from 'node:net'
import { Socket } from '@rollcall/client'
import { createServer } from '@rollcall/server'
import { listenerConformance, type WirePeer, wireConformance } from '@rollcall/server/wire-conformance'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listenTcp } from './tcp-listener'

const HELLO = JSON.stringify({ path: '/socket', params: { user_id: 'lamp' } })

/** A device at the other end of the lines. */
class Device implements WirePeer {
  readonly socket: TcpSocket
  readonly received: string[] = []
  status = 0
  #rest = ''

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.socket.on('error', () => {})
    this.socket.setEncoding('utf8').on('data', (chunk) => this.#read(String(chunk)))
    this.socket.write(`${HELLO}\n`)
  }

  /** Resolves with the status of the answer. */
  async answered(): Promise<number> {
    await expect.poll(() => this.status, { interval: 1 }).toBeGreaterThan(0)
    return this.status
  }

  send(text: string): void {
    this.socket.write(`${text}\n`)
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  vanish(): void {
    this.socket.destroy()
  }

  leave(code: number, reason: string): void {
    this.send(`close ${code} ${reason}`)
  }

  async dispose(): Promise<void> {
    this.socket.destroy()
  }

  #read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (this.status === 0) this.status = JSON.parse(line).status
      else if (line === 'ping') this.send('pong')
      else if (line.startsWith('close ')) this.socket.end(`${line}\n`)
      else this.received.push(line)
    }
  }
}

describe('the wire', () =>
  wireConformance({ describe, test }, async (open) => {
    const listener = await listenTcp(async () => ({ subprotocol: null, open, abandon: () => {} }), 0, 500)
    const device = new Device(listener.port)
    await device.answered()
    listener.stop()
    return device
  }))

describe('the listener', () =>
  listenerConformance({ describe, test }, async (admit) => {
    const listener = await listenTcp(admit)
    const devices: Device[] = []
    const dial = () => {
      const device = new Device(listener.port)
      devices.push(device)
      return device
    }
    return {
      connect: async () => ((await dial().answered()) === 200 ? 'taken' : 'refused'),
      begin: async () => {
        const device = dial()
        return () => device.vanish()
      },
      stop: () => listener.stop(),
      dispose: async () => {
        listener.stop()
        for (const device of devices) device.vanish()
      },
    }
  }))

describe('with a server', () => {
  test('a device and a page see each other', async () => {
    const server = createServer({ port: 0, closeTimeoutMs: 500 })
    await server.listen()
    const listener = await listenTcp((request) => server.admit(request))
    onTestFinished(async () => {
      listener.stop()
      await server.close()
    })
    const page = new Socket(`ws://127.0.0.1:${server.address().port}/socket`, { params: { user_id: 'ada' } })
    onTestFinished(() => page.disconnect())
    page.connect()
    const channel = page.channel('room:lobby')
    await channel.join()

    const device = new Device(listener.port)
    expect(await device.answered()).toBe(200)
    device.send(JSON.stringify(['1', '1', 'room:lobby', 'phx_join', { meta: {} }]))
    await expect.poll(() => [...channel.presence.keys()].sort()).toEqual(['ada', 'lamp'])
    await expect.poll(() => device.received.join()).toContain('"key":"ada"')
    device.vanish()
    await expect.poll(() => [...channel.presence.keys()]).toEqual(['ada'])
  })

  test('a server that closes ends its connections', async () => {
    const server = createServer({ port: 0, closeTimeoutMs: 500 })
    await server.listen()
    const listener = await listenTcp((request) => server.admit(request))
    const device = new Device(listener.port)
    await device.answered()
    const ended = once(device.socket, 'close')
    await server.close()
    await ended
    listener.stop()
  })

  test('a first line that is no handshake is refused', async () => {
    const listener = await listenTcp(() => Promise.reject(new Error('not asked')))
    onTestFinished(() => listener.stop())
    const socket = connect(listener.port, '127.0.0.1')
    socket.write('hello\n')
    const [chunk] = await once(socket, 'data')
    expect(JSON.parse(String(chunk))).toMatchObject({ status: 400 })
  })
})
