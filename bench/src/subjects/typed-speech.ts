import { countOccurrences } from './count-occurrences'
import { KeyedMirror, type KeyedNews } from './keyed-mirror'
import type { Count, Speech } from './speech'

const STATE = Buffer.from('{"type":"state"')
const JOIN = Buffer.from('{"type":"join"')
const LEAVE = Buffer.from('{"type":"leave"')
const ID = Buffer.from('{"id":"')

/** `{type, …}` in JSON: what people write on a bare WebSocket. Spoken to plain-ws and to bun. */
export const typedSpeech: Speech = {
  target: () => '/',
  join: (topic, id, meta) => JSON.stringify({ type: 'join', topic, user: { id, ...meta } }),
  publish: (_topic, body) => JSON.stringify({ type: 'msg', body }),
  update: (_topic, _id, meta) => JSON.stringify({ type: 'update', meta }),
  count,
  mirror: () => new KeyedMirror(read),
}

const startsWith = (payload: Buffer, start: Buffer) =>
  payload.compare(start, 0, start.length, 0, start.length) === 0

function count(payload: Buffer): Count | undefined {
  if (payload.length < STATE.length) return undefined
  if (startsWith(payload, JOIN)) return { isWhole: false, change: 1 }
  if (startsWith(payload, LEAVE)) return { isWhole: false, change: -1 }
  if (startsWith(payload, STATE)) return { isWhole: true, change: countOccurrences(payload, ID) }
  return undefined
}

function read(text: string): KeyedNews {
  const news = JSON.parse(text)
  if (news.type === 'state') return { all: news.users.map(({ id }: { id: string }) => id) }
  if (news.type === 'join') return { came: [news.user.id] }
  if (news.type === 'leave') return { went: [news.id] }
  return {}
}
