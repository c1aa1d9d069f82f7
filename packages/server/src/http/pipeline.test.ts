import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { boundPipeline } from './http-server'

function bounded(max: number) {
  const [onCut, handle] = [vi.fn(), vi.fn()]
  const listener = boundPipeline(max, onCut, handle)
  const request = (socket: Socket) => {
    const message = new IncomingMessage(socket)
    const response = new ServerResponse(message)
    listener(message, response)
    return response
  }
  return { onCut, handle, request }
}

test('[S-9] a connection with too many requests that wait is cut off, once, and no other', () => {
  const { onCut, handle, request } = bounded(3)
  const [socket, other] = [new Socket(), new Socket()]
  request(other)
  for (let i = 0; i < 3; i++) request(socket)
  expect([handle.mock.calls.length, socket.destroyed]).toEqual([4, false])
  for (let i = 0; i < 3; i++) request(socket)
  expect([handle.mock.calls.length, socket.destroyed, onCut.mock.calls.length]).toEqual([4, true, 1])
  request(other)
  expect([handle.mock.calls.length, other.destroyed]).toEqual([5, false])
})

test('requests whose answers are through are not counted', () => {
  const { handle, request } = bounded(2)
  const socket = new Socket()
  for (let i = 0; i < 10; i++) request(socket).emit('close')
  request(socket)
  request(socket)
  expect([handle.mock.calls.length, socket.destroyed]).toEqual([12, false])
  request(socket)
  expect(socket.destroyed).toBe(true)
})
