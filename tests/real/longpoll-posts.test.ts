import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startServer } from './support/server'

/* Posts of a long poll that come to nothing: broken off, or sent when the session is about to end. */

interface Answer {
  readonly status: number
  readonly token: string
  readonly messages?: readonly string[]
}

async function begin(port: number) {
  const path = '/socket/longpoll?vsn=2.0.0'
  const get = async (target: string) =>
    (await (await fetch(`http://127.0.0.1:${port}${target}`)).json()) as Answer
  const { token } = await get(`${path}&user_id=ada`)
  const own = `${path}&token=${token}`
  return {
    poll: () => get(own),
    say: (message: unknown) =>
      fetch(`http://127.0.0.1:${port}${own}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: JSON.stringify(message),
      }),
    /** The head of a post that says it has so many bytes, and what is sent of them. */
    async start(bytes: number, body: string) {
      const socket = connect(port, '127.0.0.1')
      onTestFinished(() => void socket.destroy())
      await once(socket, 'connect')
      socket.write(
        `POST ${own} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${bytes}\r\n\r\n${body}`,
      )
      return socket
    },
  }
}

test('[S-50, S-83] a post that is broken off is paid for', async () => {
  const { port } = await startServer({ rates: { bytes: { perSecond: 1, burst: 70_000 } } })
  const client = await begin(port)
  const join = ['1', '1', 'room:lobby', 'phx_join', {}]
  await client.say(join)
  expect((await client.poll()).messages?.join()).not.toContain('throttled')
  const broken = await client.start(500_000, 'x'.repeat(69_990))
  broken.end()
  await once(broken.resume(), 'close')
  await client.say(join)
  expect((await client.poll()).messages?.join()).toContain('throttled')
})

test('[S-83] the body of a post is not read once its session is about to end', async () => {
  const server = await startServer({ closeTimeoutMs: 10_000 })
  const client = await begin(server.port)
  await client.say(['1', '1', 'room:lobby', 'phx_join', {}])
  // What was said to it waits to be polled, so that the session ends only later.
  await server.kick({ identity: 'ada' }, 'enough')
  // No byte of the body is sent: whoever waits for it does not answer.
  const socket = await client.start(500_000, '')
  const [head] = (await once(socket, 'data')) as [Buffer]
  expect(String(head)).toMatch(/Connection: close[\s\S]*"status":410/)
})
