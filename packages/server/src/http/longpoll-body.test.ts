import { describe, expect, test } from 'vitest'
import { readPostedMessages } from './longpoll-body'

const read = (text: string, type = 'application/x-ndjson') =>
  readPostedMessages(Buffer.from(text), type).map(({ data, isBinary }) =>
    isBinary ? [...data] : data.toString('utf8'),
  )

describe('the body of a post', () => {
  test('has a message in each line: V2, V1, or base64', () => {
    expect(read('["1","1","t","e",{"ü":1}]\n{"topic":"t"}\nAAECAw==')).toEqual([
      '["1","1","t","e",{"ü":1}]',
      '{"topic":"t"}',
      [0, 1, 2, 3],
    ])
  })

  test('may have Windows’ line ends, and lines with nothing in them', () => {
    expect(read('[1]\r\n\r\n[2]\n')).toEqual(['[1]', '[2]'])
    expect(read('')).toEqual([])
  })

  test.each(['application/x-ndjson; charset=utf-8', 'Application/X-NDJSON'])('of %s', (type) => {
    expect(read('[1]\n[2]', type)).toEqual(['[1]', '[2]'])
  })

  test.each(['application/json', 'text/plain', ''])('is one message where it is %j', (type) => {
    expect(read('[1,\n2]', type)).toEqual(['[1,\n2]'])
  })

  test('that makes no sense is handed on: whoever decodes it answers', () => {
    expect(read('hello')).toEqual([[...Buffer.from('hello', 'base64')]])
  })
})
