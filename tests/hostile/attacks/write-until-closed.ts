import assert from 'node:assert/strict'
import type { Arena } from './arena'
import { PATIENCE_MS } from './patience'

/** How a connection that was written to without end came to its own. */
export interface Flooded {
  readonly answer: string
  readonly sentBytes: number
}

/**
 * Writes `head`, and then `block` over and over, on a TCP connection of this address until the server closes it. Throws where
 * it does not.
 */
export async function writeUntilClosed(
  arena: Arena,
  localAddress: string,
  head: string,
  block: string,
): Promise<Flooded> {
  const socket = await arena.tcp(localAddress)
  assert.ok(socket, 'There is no connection to be had.')
  const bytes = Buffer.from(block)
  let answer = ''
  let sentBytes = 0
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1')
  })
  const pump = () => {
    let hasRoom = true
    while (hasRoom && !socket.destroyed) {
      hasRoom = socket.write(bytes)
      sentBytes += bytes.length
    }
  }
  socket.on('drain', pump)
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`After ${PATIENCE_MS} ms and ${sentBytes} bytes the connection is still open.`))
    }, PATIENCE_MS)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.write(head)
    pump()
  })
  return { answer, sentBytes }
}

/** The statuses in what a server has answered. */
export function statusesIn(answer: string): readonly number[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
}
