import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { type Refusal, refusalOf } from '../support/raw-peer'
import type { Arena } from './arena'
import { PATIENCE_MS } from './patience'

/** A request for a file; `lines` are more headers. */
export function requestFor(path: string, ...lines: readonly string[]): string {
  return `${[`GET ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...lines].join('\r\n')}\r\n\r\n`
}

/** The answer to one request, from an address of its own. */
export async function visit(arena: Arena, path: string, ...lines: readonly string[]): Promise<Refusal> {
  const socket = await arena.tcp(arena.newAddress())
  assert.ok(socket, 'There is no connection to be had.')
  socket.write(requestFor(path, ...lines, 'Connection: close'))
  return refusalOf(await textOf(socket))
}

/** The path of the page's program, which is its largest file. */
export async function scriptOf(arena: Arena): Promise<string> {
  const { status, body } = await visit(arena, '/', 'Accept: text/html')
  const path = /<script type="module"[^>]* src="\.?(\/[^"]+)"/.exec(body)?.[1]
  assert.ok(status === 200 && path !== undefined, `There is no page: ${status} ${body.slice(0, 200)}`)
  return path
}

/** All that comes until the connection ends, which has to be soon. */
export function textOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const timer = setTimeout(() => reject(new Error('The connection does not end.')), PATIENCE_MS)
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString('latin1'))
    })
  })
}
