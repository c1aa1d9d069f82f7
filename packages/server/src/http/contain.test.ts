import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { RecordingLog } from '../testing-support/recording-log'
import { contain } from './respond'

function unanswered() {
  const socket = new PassThrough()
  const response = new ServerResponse(new IncomingMessage(socket as unknown as Socket))
  response.assignSocket(socket as unknown as Socket)
  return { response, socket, log: new RecordingLog() }
}

const thrown = new Error('of a bug')
const throws = () => {
  throw thrown
}

test.each([
  ['throws', throws],
  ['rejects', () => Promise.reject(thrown)],
])('[S-35] an answer that %s is logged, and is 500', async (_how, answer) => {
  const { response, log } = unanswered()
  response.setHeader('Content-Length', 5)
  response.setHeader('Content-Encoding', 'gzip')
  await contain(log, response, answer)
  expect(log.lines).toEqual([
    { level: 'error', context: { err: thrown }, message: 'a request could not be answered' },
  ])
  expect([response.statusCode, response.writableEnded]).toEqual([500, true])
  expect(response.hasHeader('content-encoding')).toBe(false)
  expect(response.shouldKeepAlive).toBe(false)
})

test('[S-35] one that fails when it has begun ends its connection', async () => {
  const { response, socket, log } = unanswered()
  await contain(log, response, () => {
    response.writeHead(200, { 'Content-Length': 100 })
    response.write('the first of it')
    throws()
  })
  expect(socket.destroyed).toBe(true)
  expect(log.of('error')).toHaveLength(1)
})

test('neither a log nor a response that fails gets any further', async () => {
  const { response, socket } = unanswered()
  response.writeHead = throws
  const log = { debug: throws, info: throws, warn: throws, error: throws }
  await expect(contain(log, response, throws)).resolves.toBeUndefined()
  expect(socket.destroyed).toBe(true)
})

test('what does not fail is left alone', async () => {
  const { response, log } = unanswered()
  await contain(log, response, () => response.end('well'))
  expect([response.statusCode, log.lines]).toEqual([200, []])
})
