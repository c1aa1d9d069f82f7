import { once } from 'node:events'
import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from '@rollcall/server'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connect, refusedHandshake } from './support/peer'
import { rollcall } from './support/speakers'

async function listen(http: Server): Promise<number> {
  onTestFinished(() => void http.close())
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return (http.address() as AddressInfo).port
}

test('an existing HTTP server gets presence, and keeps its own pages', async () => {
  const http = createHttpServer((_request, response) => response.end('mine'))
  const server = createServer({ server: http })
  const port = await listen(http)
  const guest = await rollcall.speak(port, 'ada')
  expect((await guest.ask('room:lobby', 'phx_join', { meta: {} })).status).toBe('ok')
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('mine')
  expect(server.address().port).toBe(port)

  await server.close()
  expect((await guest.peer.whenClosed()).code).toBe(1012)
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('mine')
})

test('upgrades that are none of ours are left to the others, and refused where there are none', async () => {
  const http = createHttpServer()
  const server = createServer({ server: http })
  onTestFinished(() => server.close())
  const port = await listen(http)
  expect((await refusedHandshake(`ws://127.0.0.1:${port}/hot-reload`)).status).toBe(404)

  const others = vi.fn((_request: unknown, socket: { end(text: string): void }) =>
    socket.end('HTTP/1.1 418 Mine\r\n\r\n'),
  )
  http.on('upgrade', (request, socket) => {
    if (request.url === '/hot-reload') others(request, socket)
  })
  expect((await refusedHandshake(`ws://127.0.0.1:${port}/hot-reload`)).status).toBe(418)
  expect(others).toHaveBeenCalledOnce()
  await connect(`ws://127.0.0.1:${port}/socket`, 'rollcall.v1')
})

test('production without a way to tell who connects takes nobody', async () => {
  const http = createHttpServer()
  const server = createServer({
    server: http,
    mode: 'production',
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
  onTestFinished(() => server.close())
  const port = await listen(http)
  expect(await refusedHandshake(`ws://127.0.0.1:${port}/socket`, 'rollcall.v1')).toMatchObject({
    status: 401,
    // As RFC 9110, 11.6.1 wants it.
    headers: { 'www-authenticate': 'Bearer' },
  })
})

test('a server that listens by itself refuses to do so insecurely, or twice, or on a port that is taken', async () => {
  const insecure = createServer({ mode: 'production', port: 0 })
  await expect(insecure.listen()).rejects.toMatchObject({ code: 'insecure_configuration' })
  const server = createServer({ port: 0, mode: 'production', allowAnonymous: true })
  onTestFinished(() => server.close())
  const { port } = await server.listen()
  await expect(server.listen()).rejects.toMatchObject({ code: 'already_listening' })
  const second = createServer({ port, mode: 'production', allowAnonymous: true })
  await expect(second.listen()).rejects.toMatchObject({ code: 'listen_failed' })
  await second.close()
  await insecure.close()
})
