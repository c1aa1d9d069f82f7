// The page of docs/guides/zzz.md that uses no library: it joins, lists, pushes and leaves.

import { readFile } from 'node:fs/promises'
import { createServer, type RollcallServer } from '@rollcall/server'
import { Window } from 'happy-dom'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { at } from '../../scripts/lib/repository.mjs'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

let server: RollcallServer
const open: { window: Window; sockets: WebSocket[] }[] = []

beforeEach(async () => {
  server = createServer({ port: 0, logger: silent })
  await server.listen()
})

afterEach(async () => {
  for (const { window, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.terminate()
    await window.happyDOM.close()
  }
  await server.close()
})

/** Opens the page as `?name=…` and runs its script, as a browser would. */
async function openPage(name: string): Promise<Window> {
  const html = await readFile(at('examples/zzz-page.html'), 'utf8')
  const window = new Window({ url: `http://127.0.0.1/zzz-page.html?name=${name}` })
  const sockets: WebSocket[] = []
  open.push({ window, sockets })
  window.document.write(html.replace(/<script>[\s\S]*<\/script>/, ''))
  const [, script = ''] = /<script>([\s\S]*)<\/script>/.exec(html) ?? []
  class OwnWebSocket extends WebSocket {
    constructor(url: string) {
      super(url.replace('9090', String(server.address().port)))
      sockets.push(this)
    }
  }
  new Function('document', 'location', 'WebSocket', script)(window.document, window.location, OwnWebSocket)
  return window
}

const peopleIn = ({ document }: Window) =>
  [...document.querySelectorAll('#people li')].map((item) => item.textContent)
const logIn = ({ document }: Window) => document.getElementById('log')?.textContent

test('two pages see each other join, talk and leave', async () => {
  const alice = await openPage('alice')
  await expect.poll(() => peopleIn(alice)).toEqual(['alice'])
  const bob = await openPage('bob')
  await expect.poll(() => peopleIn(bob)).toEqual(['alice', 'bob'])
  await expect.poll(() => peopleIn(alice)).toEqual(['alice', 'bob'])

  const input = bob.document.querySelector('input')
  if (input) input.value = 'Hello'
  bob.document.querySelector('form')?.dispatchEvent(new bob.Event('submit'))
  await expect.poll(() => logIn(alice)).toBe('bob: Hello\n')
  await expect.poll(() => logIn(bob)).toBe('bob: Hello\n')

  bob.document.getElementById('leave')?.dispatchEvent(new bob.Event('click'))
  await expect.poll(() => peopleIn(alice)).toEqual(['alice'])
})

test('a page that is closed is no longer there', async () => {
  const alice = await openPage('alice')
  await openPage('bob')
  await expect.poll(() => peopleIn(alice)).toEqual(['alice', 'bob'])
  for (const socket of open.at(-1)?.sockets ?? []) socket.close()
  await expect.poll(() => peopleIn(alice)).toEqual(['alice'])
})
