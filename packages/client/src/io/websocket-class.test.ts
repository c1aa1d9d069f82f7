import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import isomorphicWs from 'isomorphic-ws'
import { expect, test } from 'vitest'
import { WebSocket as Ws } from 'ws'
import { chooseWebSocket, webSocketClass } from './websocket-transport'

const Platform = Object.assign(function Platform() {}, { CONNECTING: 0 })

// By its path: the package exports it only to bundlers.
const require = createRequire(import.meta.url)
const stub = require(join(dirname(require.resolve('ws')), 'browser.js')) as unknown

const made: [string, unknown, unknown][] = [
  ['the class itself', Ws, Ws],
  ['a namespace', { default: Ws }, Ws],
  ['a namespace in a namespace', { default: { default: Ws } }, Ws],
  ['the stub that ws has for browsers', stub, Platform],
  ['a namespace with the stub', { default: stub }, Platform],
  ['nothing', undefined, Platform],
  ['an empty module', {}, Platform],
  ['null', { default: null }, Platform],
]

test.each(made)('[C-50] a bundler gives %s, and the client connects', (_what, imported, expected) => {
  expect(chooseWebSocket(imported, Platform)).toBe(expected)
})

test('[C-50] the stub of ws is what the tests believe it is', () => {
  expect(stub).toBeTypeOf('function')
  expect(() => (stub as () => void)()).toThrow('ws does not work in the browser')
})

test('[C-50] without any WebSocket the error says what to do', () => {
  expect(() => chooseWebSocket(stub, undefined)).toThrow('this environment has no WebSocket')
})

test('[C-50] in Node it is ws', () => {
  expect(webSocketClass()).toBe(isomorphicWs)
})
