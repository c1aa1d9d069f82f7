// Errors of what was given up already: a second one of a socket, a request, an answer or a server ends nothing.

import { spawn } from 'node:child_process'
import { channel } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import { openSync } from 'node:fs'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { createServer, type Logger } from '@rollcall/server'
import { expect, onTestFinished, test, vi } from 'vitest'
import { freePort } from '../../scripts/lib/free-port.mjs'
import { commandPath } from './support/command'
import { connect } from './support/peer'
import { RawPeer } from './support/stranger'

const UPGRADE = [
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]
const upgrade = (path: string) => `${[`GET ${path} HTTP/1.1`, ...UPGRADE].join('\r\n')}\r\n\r\n`
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

/** Everything that can emit an `error` and that Node makes for a server, from now on. */
function emitters() {
  const sockets: EventEmitter[] = []
  const requests: EventEmitter[] = []
  const servers = new Set<Server>()
  const onSocket = (message: unknown) => void sockets.push((message as { socket: Socket }).socket)
  const onRequest = (message: unknown) => {
    const { request, response, server } = message as Record<'request' | 'response', EventEmitter> & {
      server: Server
    }
    requests.push(request, response)
    servers.add(server)
  }
  const subscriptions = [
    [channel('net.server.socket'), onSocket],
    [channel('http.server.request.start'), onRequest],
  ] as const
  for (const [source, listener] of subscriptions) source.subscribe(listener)
  onTestFinished(() => {
    for (const [source, listener] of subscriptions) source.unsubscribe(listener)
  })
  return { sockets, requests, servers }
}

/** An emitter throws an error that nobody listens for. */
function failTwice(emitter: EventEmitter): void {
  for (const n of [1, 2]) expect(() => emitter.emit('error', new Error(`late error ${n}`))).not.toThrow()
}

async function serve(logger?: Logger) {
  const server = createServer({ port: 0, ...(logger ? { logger } : {}) })
  const { port } = await server.listen()
  onTestFinished(() => server.close())
  return { server, port }
}

const SCENES: Readonly<Record<string, (port: number) => Promise<unknown>>> = {
  'an open WebSocket': (port) => connect(`ws://127.0.0.1:${port}/socket`, 'rollcall.v1'),
  'a WebSocket that was cut off': async (port) => {
    const peer = await connect(`ws://127.0.0.1:${port}/socket`, 'rollcall.v1')
    peer.socket.terminate()
  },
  'a refused upgrade': (port) => said(port, upgrade('/nowhere'), '404'),
  'what is not HTTP': (port) => said(port, 'no HTTP at all\r\n\r\n', '400'),
  'a TCP connection that says nothing': (port) => RawPeer.connect(port),
  'an answered request': (port) => said(port, get('/healthz'), '200'),
  'a page that does not exist': (port) => said(port, get('/nothing'), '404'),
  'the beginning of a long poll': (port) => said(port, get('/socket/longpoll?vsn=2.0.0'), '410'),
  'a post that was cut off': async (port) => {
    const peer = await RawPeer.connect(port)
    peer.socket.write(
      'POST /socket/longpoll?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\nhalf',
    )
    peer.socket.destroy()
  },
}

async function said(port: number, text: string, status: string): Promise<void> {
  const peer = await RawPeer.connect(port)
  peer.socket.write(text)
  await vi.waitFor(() => expect(peer.text).toContain(status))
}

test.each(Object.entries(SCENES))('[S-76] late errors of %s end nothing', async (_what, play) => {
  const { sockets, requests } = emitters()
  const { port } = await serve()
  await play(port)
  await vi.waitFor(() => expect(sockets.length).toBeGreaterThan(0))
  for (const emitter of [...sockets, ...requests]) failTwice(emitter)
})

test('[S-76] a connection that the system refuses to hand over is logged, and the server serves on', async () => {
  const warn = vi.fn()
  const { servers } = emitters()
  const { port } = await serve({ debug() {}, info() {}, warn, error() {} })
  await said(port, get('/healthz'), '200')
  // What Node emits where `accept` fails: no file descriptors, no memory.
  for (const server of servers)
    for (let i = 0; i < 3; i++)
      expect(() =>
        server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' })),
      ).not.toThrow()
  // One line for a flood of them.
  expect(warn.mock.calls.filter(([context]) => context.reason === 'EMFILE')).toHaveLength(1)
  await said(port, get('/healthz'), '200')
})

test('[S-76] an upgrade on a connection that was opened before the server closed is refused, and not forgotten', async () => {
  const { sockets } = emitters()
  const { server, port } = await serve()
  const peer = await RawPeer.connect(port)
  await vi.waitFor(() => expect(sockets).toHaveLength(1))
  const closing = server.close()
  peer.socket.write(upgrade('/socket'))
  await vi.waitFor(() => expect(peer.text).toContain('503'))
  for (const socket of sockets) failTwice(socket)
  await closing
})

test.each([1, 2])('[S-76] a command whose output %i cannot be written serves on', async (descriptor) => {
  const full = openSync('/dev/full', 'w')
  const stdio = [0, 1, 2].map((n) => (n === descriptor ? full : n === 0 ? 'ignore' : 'pipe') as 'pipe')
  const port = await freePort()
  const args = [commandPath, 'serve', '--port', String(port), '--log-level', 'debug']
  const child = spawn(process.execPath, args, { stdio, env: { PATH: process.env.PATH ?? '' } })
  onTestFinished(() => void child.kill('SIGKILL'))
  await vi.waitFor(
    async () => expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200),
    10_000,
  )
  await connect(`ws://127.0.0.1:${port}/socket`, 'rollcall.v1')
  await said(port, upgrade('/nowhere'), '404')
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
  expect(child.exitCode).toBe(null)
})
