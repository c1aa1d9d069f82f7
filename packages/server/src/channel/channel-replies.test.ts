import { fault, type ServerMessage } from '@rollcall/shared-protocol'
import { expect, test } from 'vitest'
import { ChannelReplies } from './channel-replies'
import { Refusal } from './reply'

const closed: ServerMessage = { kind: 'channel_closed', topic: 't', joinRef: '1', response: {} }

function open(older: ChannelReplies | null = null) {
  const said: ServerMessage[] = []
  const outlet = { send: (message: ServerMessage) => void said.push(message) }
  return { said, answers: new ChannelReplies(outlet, 't', '1', older) }
}

test('a close message goes out at once if no reply must go first', () => {
  const { said, answers } = open()
  answers.deferClose()
  answers.resumeClose()
  answers.close({})
  expect(said).toEqual([closed])
})

test('a close message goes out once, after the last reply that must go first', () => {
  const { said, answers } = open()
  answers.deferClose()
  answers.deferClose()
  answers.close({})
  answers.resumeClose()
  expect(said).toEqual([])
  answers.resumeClose()
  expect(said).toEqual([closed])
  answers.deferClose()
  answers.resumeClose()
  expect(said).toEqual([closed])
})

test('without a close message, nothing is sent', () => {
  const { said, answers } = open()
  answers.deferClose()
  answers.resumeClose()
  expect(said).toEqual([])
})

test('a reply names the join that the client knows at that time', () => {
  const { said, answers } = open()
  answers.reply('2', { pong: true })
  answers.setJoinRef('7')
  answers.reply('8', undefined)
  answers.reply('9', new Refusal(fault('unauthorized', 'No.')))
  expect(said).toEqual([
    { kind: 'reply', topic: 't', ref: '2', joinRef: '1', status: 'ok', response: { pong: true } },
    { kind: 'reply', topic: 't', ref: '8', joinRef: '7', status: 'ok', response: {} },
    {
      kind: 'reply',
      topic: 't',
      ref: '9',
      joinRef: '7',
      status: 'error',
      fault: fault('unauthorized', 'No.'),
    },
  ])
})

test('a message without a ref receives only a refusal, and a message from before the silence receives nothing', () => {
  const { said, answers } = open()
  answers.reply(null, { pong: true })
  expect(said).toEqual([])
  answers.reply(null, new Refusal(fault('unauthorized', 'No.')))
  expect(said).toHaveLength(1)
  answers.silence()
  answers.reply('2', { pong: true })
  answers.reply(null, new Refusal(fault('unauthorized', 'No.')))
  expect(said).toHaveLength(1)
})

test('[S-21] the close of the replaced channel waits for the new join, unless a reloaded page does not know it', () => {
  const { said, answers: older } = open()
  older.deferClose()
  older.close({})
  const newer = open(older)
  newer.answers.reply('2', {})
  expect([said, newer.said]).toEqual([[], [expect.objectContaining({ kind: 'reply' })]])
  newer.answers.resumePrevious()
  newer.answers.resumePrevious()
  expect(said).toEqual([closed])

  const unknown = open()
  unknown.answers.deferClose()
  unknown.answers.close({})
  const stranger = open(unknown.answers)
  stranger.answers.forgetPrevious()
  stranger.answers.resumePrevious()
  expect(unknown.said).toEqual([])
})

test.each([
  ['unauthorized', 'channel_closed'],
  ['handler_failed', 'channel_failed'],
  ['handler_timeout', 'channel_failed'],
] as const)('[S-33] who is put out for %s is told %s', (code, kind) => {
  const { said, answers } = open()
  answers.closeWithFault(fault(code, 'Out.'))
  expect(said.map((message) => message.kind)).toEqual([kind])
})
