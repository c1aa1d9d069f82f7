import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { clientFrame, text } from '../../../packages/server/src/testing-support/client-frames'
import { handMadeToken, nowSeconds } from '../../hostile/attacks/jwt'
import { type Dial, dial, dialTcp, handshakeHead, open, RawPeer } from '../../hostile/support/raw-peer'
import { CERTIFICATE, type Given, JWT_SECRET, STRICT } from './servers'
import { ask, PATIENCE_MS, someone, somewhere, Talker } from './talk'

const tokenOf = (sub: string) => handMadeToken({ sub, exp: nowSeconds() + 600 }, JWT_SECRET)

async function statusOf(request: Dial): Promise<number> {
  const answer = await dial(request)
  if (!(answer instanceof RawPeer)) return answer.status
  answer.destroy()
  return 101
}

export function handshakeChecks(given: Given): void {
  describe('a handshake', () => {
    test.each([
      ['rollcall', '/socket', 'rollcall.v1'],
      ['phoenix-v2', '/socket/websocket?vsn=2.0.0', undefined],
      ['phoenix-v1', '/socket/websocket', undefined],
      ['zzz', '/socket', undefined],
      ['vix', '/', undefined],
    ])('of the dialect %s is taken', async (_dialect, path, subprotocol) => {
      const { port } = given().open
      const peer = await open({ port, path, ...(subprotocol === undefined ? {} : { subprotocol }) })
      expect(peer.headers.toLowerCase().includes('sec-websocket-protocol: rollcall.v1')).toBe(
        subprotocol !== undefined,
      )
      expect(await peer.settled(PATIENCE_MS)).toBe(true)
      peer.destroy()
    })

    test('that is not to be taken is refused, with a status', async () => {
      const { port } = given().open
      expect(await statusOf({ port, path: '/nowhere' })).toBe(404)
      expect(await statusOf({ port, headers: { 'Sec-WebSocket-Version': '7' } })).toBe(400)
      expect(await statusOf({ port, headers: { 'Sec-WebSocket-Key': 'short' } })).toBe(400)
    })

    test('needs a token that is right, however it is sent, and a page of the right origin', async () => {
      const { port } = given().strict
      const asked = { port, subprotocol: 'rollcall.v1', localAddress: '127.0.0.21' }
      expect(await statusOf(asked)).toBe(401)
      expect(await statusOf({ ...asked, token: `${tokenOf('ada')}x` })).toBe(401)
      expect(await statusOf({ ...asked, token: tokenOf('ada') })).toBe(101)
      const secret = `base64url.bearer.phx.${Buffer.from(tokenOf('ada')).toString('base64url')}`
      expect(await statusOf({ ...asked, subprotocol: `rollcall.v1, ${secret}` })).toBe(101)
      const origin = (name: string) => ({ ...asked, token: tokenOf('ada'), headers: { Origin: name } })
      expect(await statusOf(origin('https://app.example.com'))).toBe(101)
      expect(await statusOf(origin('https://elsewhere.example.com'))).toBe(403)
    })

    test('of one address too many is refused, until one of the others has gone', async () => {
      const { port } = given().strict
      const asked = { port, subprotocol: 'rollcall.v1', localAddress: '127.0.0.22', token: tokenOf('bob') }
      const peers = await Promise.all(Array.from({ length: STRICT.maxPerAddress }, () => open(asked)))
      expect(await statusOf(asked)).toBe(429)
      peers[0]?.destroy()
      await expect.poll(() => statusOf(asked), { timeout: PATIENCE_MS }).toBe(101)
      for (const peer of peers) peer.destroy()
    })

    test('may have messages right behind it', async () => {
      const { port } = given().open
      const socket = await dialTcp({ port })
      const hello = clientFrame(text(JSON.stringify([null, '1', 'rollcall', 'hello', {}])))
      const asked = { port, path: `/socket?user_id=${someone()}`, subprotocol: 'rollcall.v1' }
      let answer = ''
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1')
      })
      socket.write(Buffer.concat([Buffer.from(handshakeHead(asked)), hello]))
      await expect.poll(() => answer, { timeout: PATIENCE_MS }).toContain('"resumed":false')
      socket.destroy()
    })

    test('that its peer breaks off at any byte disturbs nobody', async () => {
      const { port } = given().open
      const head = handshakeHead({ port, subprotocol: 'rollcall.v1' })
      for (let length = 1; length <= head.length; length += 20) {
        const socket = await dialTcp({ port })
        socket.write(head.slice(0, length))
        socket.resetAndDestroy()
      }
      expect((await ask(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
      const topic = somewhere()
      expect(await (await Talker.open(port)).join(topic)).toHaveLength(1)
    })

    test('over TLS, at the HTTPS server of an application, is taken too', async () => {
      const { port } = given().attached
      const url = `wss://127.0.0.1:${port}/socket?user_id=tilda`
      const socket = new WebSocket(url, 'rollcall.v1', { ca: CERTIFICATE })
      await once(socket, 'open')
      const heard: any[] = []
      socket.on('message', (data) => heard.push(JSON.parse(String(data))))
      socket.send(JSON.stringify(['1', '1', 'room:tls', 'phx_join', { meta: {} }]))
      await expect.poll(() => heard.length, { timeout: PATIENCE_MS }).toBe(2)
      expect(heard[1][4].presences.map(({ key }: { key: string }) => key)).toEqual(['tilda'])
      socket.close()
      const [code] = await once(socket, 'close')
      expect(code).toBe(1000)
    })
  })
}
