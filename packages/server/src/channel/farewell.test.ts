import type { ServerMessage } from '@rollcall/shared-protocol'
import { expect, test } from 'vitest'
import { Farewell } from './farewell'

const closed: ServerMessage = { kind: 'channel_closed', topic: 't', joinRef: '1', response: {} }

function open() {
  const said: ServerMessage[] = []
  return { said, farewell: new Farewell({ send: (message) => void said.push(message) }) }
}

test('a farewell that waits for nothing is said at once', () => {
  const { said, farewell } = open()
  farewell.hold()
  farewell.release()
  farewell.say(closed)
  expect(said).toEqual([closed])
})

test('a farewell is said once, when the last of what goes first has gone', () => {
  const { said, farewell } = open()
  farewell.hold()
  farewell.hold()
  farewell.say(closed)
  farewell.release()
  expect(said).toEqual([])
  farewell.release()
  expect(said).toEqual([closed])
  farewell.hold()
  farewell.release()
  expect(said).toEqual([closed])
})

test('where nothing was to be said, nothing is', () => {
  const { said, farewell } = open()
  farewell.hold()
  farewell.release()
  expect(said).toEqual([])
})
