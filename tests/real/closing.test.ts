import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { dial, dialTcp, handshakeHead, refusalOf } from '../hostile/support/raw-peer'
import { startServer } from './support/server'

/* A server that closes answers the handshakes that are on their way, and waits for nobody longer than it says. */

const closeTimeoutMs = 300

/** Everything that the peer says until the connection ends. */
async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  await once(socket, 'close')
  return text
}

test('[S-81] a handshake that comes in while the server closes is refused, and does not keep it open', async () => {
  const server = await startServer({ closeTimeoutMs })
  const socket = await dialTcp(server)
  const head = handshakeHead({ port: server.port, subprotocol: 'rollcall.v1' })
  // The answer to the first request shows that the server has the beginning of the second one, too.
  const answered = once(socket, 'data')
  socket.write(`GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n${head.slice(0, -2)}`)
  await answered
  const rest = readAll(socket)
  const startedMs = performance.now()
  const closed = server.close()
  socket.write(head.slice(-2))
  const answer = await rest
  expect(refusalOf(answer.slice(answer.indexOf('HTTP/1.1 503'))).body).toContain('"closing"')
  await closed
  expect(performance.now() - startedMs).toBeLessThan(closeTimeoutMs + 2000)
})

test('[S-81] nobody waits for authenticate once the server closes: the handshake is refused, the server closed', async () => {
  let asked = () => {}
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  const authenticate = () => {
    asked()
    return new Promise<never>(() => {})
  }
  const server = await startServer({ closeTimeoutMs, authenticate })
  const answer = dial({ port: server.port, subprotocol: 'rollcall.v1' })
  await isAsked
  const startedMs = performance.now()
  await server.close()
  expect(performance.now() - startedMs).toBeLessThan(closeTimeoutMs + 2000)
  expect(await answer).toMatchObject({ status: 503, body: expect.stringContaining('"closing"') })
})
