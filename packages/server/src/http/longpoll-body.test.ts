import { describe, expect, test } from 'vitest'
import { type Post, readPost } from './longpoll-body'

const NDJSON = 'application/x-ndjson'

function taken(body: string | Buffer, type = NDJSON, maxMessages = 1024): Post {
  const post = readPost(Buffer.from(body), type, maxMessages)
  if ('status' in post) throw new Error(post.message)
  return post
}

const read = (text: string, type?: string) =>
  taken(text, type).messages.map(({ data, isBinary }) => (isBinary ? [...data] : data.toString('utf8')))

describe('the body of a post', () => {
  test('has a message in each line: V2, V1, or base64', () => {
    expect(read('["1","1","t","e",{"ü":1}]\n{"topic":"t"}\nAAECAw==')).toEqual([
      '["1","1","t","e",{"ü":1}]',
      '{"topic":"t"}',
      [0, 1, 2, 3],
    ])
  })

  test('[S-50] tells what each message took in it, which is more than a binary one has', () => {
    const { messages } = taken('[1]\nAAECAw==\r\n[22]')
    expect(messages.map(({ data, wireBytes }) => [data.length, wireBytes])).toEqual([
      [3, 3],
      [4, 8],
      [4, 4],
    ])
    expect(taken('[1]\n', 'text/plain').messages.map(({ wireBytes }) => wireBytes)).toEqual([4])
  })

  test('may have Windows’ line ends, and lines with nothing in them', () => {
    expect(read('[1]\r\n\r\n[2]\n')).toEqual(['[1]', '[2]'])
  })

  test.each(['application/x-ndjson; charset=utf-8', 'Application/X-NDJSON'])('of %s', (type) => {
    expect(read('[1]\n[2]', type)).toEqual(['[1]', '[2]'])
  })

  test.each(['application/json', 'text/plain', ''])('is one message where it is %j', (type) => {
    expect(read('[1,\n2]', type)).toEqual(['[1,\n2]'])
  })

  test('[S-9] has no more messages than it may', () => {
    const lines = (count: number) => '[1]\n'.repeat(count)
    expect(taken(lines(3), NDJSON, 3).messages).toHaveLength(3)
    expect(taken(lines(4), 'application/json', 3).messages).toHaveLength(1)
    expect(readPost(Buffer.from(lines(4)), NDJSON, 3)).toEqual({
      status: 413,
      error: 'limit_exceeded',
      message: 'The post has more than 3 messages (server option longPoll.maxMessages).',
    })
  })

  test.each([
    ['nothing', ''],
    ['a million line ends', '\n'.repeat(1_000_000)],
    ['a million line ends of Windows', '\r\n'.repeat(500_000)],
    ['what is no UTF-8', Buffer.from([0x5b, 0xff, 0x5d])],
  ])('of %s is refused', (_what, body) => {
    expect(readPost(Buffer.from(body), NDJSON, 1024)).toMatchObject({ status: 400, error: 'invalid_message' })
  })

  test('[S-36] tells how much of it is in no line', () => {
    const idleBytesOf = (text: string) => taken(text).idleBytes
    expect(idleBytesOf('[1]')).toBe(0)
    expect(idleBytesOf('[1]\n[2]\r\n')).toBe(3)
    expect(idleBytesOf('\n\r\n\n\r[1]\n\n')).toBe(7)
    expect(idleBytesOf(`${'\n'.repeat(1_000_000)}[1]`)).toBe(1_000_000)
    expect(read(`${'\n'.repeat(1000)}[1]\r\n\r\n`)).toEqual(['[1]'])
  })

  test('that makes no sense is handed on: whoever decodes it answers', () => {
    expect(read('hello')).toEqual([[...Buffer.from('hello', 'base64')]])
  })
})
