import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type Clock, systemClock } from '../io/clock'
import { PacedReads } from './paced-reads'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** A clock by which each look at it takes 4 ms, so that a turn is over after a few pieces. */
function slowClock(): Clock {
  let nowMs = 0
  return { ...systemClock, now: () => (nowMs += 4) }
}

async function listen(clock: Clock, handle: RequestListener) {
  // Otherwise Node drops the responses that are due when a client ends its side.
  const server = Object.assign(createServer(handle), { httpAllowHalfOpen: true })
  new PacedReads(clock).attach(server)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const dial = async () => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  return { server, dial }
}

/** Resolves with all that a socket receives. */
async function textOf(socket: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk.toString('latin1')
  return text
}

test('[S-109] what was read of a connection that is closed is not parsed', async () => {
  let count = 0
  const { dial } = await listen(systemClock, ({ socket }) => {
    count++
    socket.destroy()
  })
  const socket = await dial()
  socket.on('error', () => {})
  socket.write(GET.repeat(2000))
  await once(socket.resume(), 'end')
  expect(count).toBeGreaterThan(0)
  expect(count).toBeLessThanOrEqual(2048 / GET.length + 1)
})

test('[S-109] nothing more is parsed of a connection that is paused', async () => {
  const requests: IncomingMessage[] = []
  const { dial } = await listen(systemClock, (request) => {
    requests.push(request)
    request.socket.pause()
  })
  const socket = await dial()
  const chunk = '1\r\nx\r\n'
  socket.write(`${GET.trimEnd()}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(10_000)}`)
  while (requests.length === 0) await nextTurn()
  for (let i = 0; i < 20; i++) await nextTurn()
  expect(requests[0]?.readableLength).toBeLessThanOrEqual(2048 / chunk.length)
})

test('[S-109] many requests take many turns, and all are answered in order before the end of the connection', async () => {
  let turn = 0
  const perTurn = new Map<number, number>()
  const { dial } = await listen(slowClock(), (request, response) => {
    perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1)
    response.end(request.url)
  })
  let isOver = false
  const countTurns = async () => {
    for (; !isOver; turn++) await nextTurn()
  }
  const counting = countTurns()
  const socket = await dial()
  // The end arrives with the requests, and must not be told before they are.
  const paths = Array.from({ length: 1500 }, (_, i) => `/${i}`)
  socket.end(paths.map((path) => GET.replace('/', path)).join(''))
  const answers = await textOf(socket)
  isOver = true
  await counting
  expect([...answers.matchAll(/^(\/\d+)/gm)].map(([path]) => path.replace(/HTTP.*/, ''))).toEqual(paths)
  // A turn has room for three pieces, and a resumed connection for as many before the count goes up.
  expect(Math.max(...perTurn.values())).toBeLessThan((8 * 2048) / GET.length)
})

test('[S-109] a connection that sends without end does not keep others from being read', async () => {
  const { dial } = await listen(slowClock(), (_request, response) => void response.end('ok'))
  const flood = await dial()
  flood.on('error', () => {})
  flood.resume()
  const pump = () => {
    while (flood.write(GET.repeat(2000)));
  }
  flood.on('drain', pump)
  pump()
  for (let i = 0; i < 3; i++) {
    const socket = await dial()
    socket.end(GET)
    expect(await textOf(socket)).toContain('200 OK')
  }
})

test('[S-109] what follows an upgrade reaches its listener in order', async () => {
  const { server, dial } = await listen(slowClock(), () => {})
  const letters = Array.from({ length: 20_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('')
  const upgraded = new Promise<string>((resolve) => {
    server.on('upgrade', (_request, socket, head) => {
      // As the server does: it reads on only after it has decided.
      void nextTurn().then(async () => {
        resolve(head.toString() + (await textOf(socket)))
        socket.end()
      })
    })
  })
  const socket = await dial()
  socket.end(`${GET.trimEnd()}\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n${letters}`)
  expect(await upgraded).toBe(letters)
})
