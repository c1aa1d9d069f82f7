import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type App, createApp } from './embed-http'
import { ZzzPeer } from './zzz-peer'

let app: App
let port: number
let peer: ZzzPeer | null = null

beforeEach(async () => {
  app = createApp()
  app.http.listen(0, '127.0.0.1')
  await once(app.http, 'listening')
  port = (app.http.address() as AddressInfo).port
})

afterEach(async () => {
  peer?.end()
  peer = null
  await app.rollcall.close()
  app.http.close()
})

const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })

test("the application's page tells who is in a topic", async () => {
  expect(await (await get('/who?topic=room:lobby')).json()).toEqual({ keys: [] })
  peer = await ZzzPeer.open(port, 'ada')
  await peer.ask('room:lobby', 'phx_join', { meta: {} })
  expect(await (await get('/who?topic=room:lobby')).json()).toEqual({ keys: ['ada'] })
})

test("requests that are none of Rollcall's stay the application's", async () => {
  const response = await get('/')
  expect([response.status, await response.text()]).toEqual([404, 'Not found\n'])
})
