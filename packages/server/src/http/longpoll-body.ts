import type { PostedMessage } from './longpoll-wire'

/**
 * The messages in the body of a post. Phoenix's client sends a line for each (`application/x-ndjson`): JSON text, or
 * base64 where the message is binary. Clients from before that send one message, as JSON.
 */
export function readPostedMessages(body: Buffer, contentType: string): PostedMessage[] {
  if (!/^application\/x-ndjson\b/i.test(contentType)) return [{ data: body, isBinary: false }]
  return body
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) =>
      line.startsWith('[') || line.startsWith('{')
        ? { data: Buffer.from(line, 'utf8'), isBinary: false }
        : { data: Buffer.from(line, 'base64'), isBinary: true },
    )
}
