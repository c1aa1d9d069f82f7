import { countOccurrences } from '../count-occurrences'
import { KeyedMirror, type KeyedNews } from '../keyed-mirror'
import type { Count, Speech } from '../speech'

// Engine.IO's packet type (4, a message) and Socket.IO's (0 connect, 2 event, 3 answer) come before the JSON.
const ANSWER = Buffer.from('43')
const CONNECTED = Buffer.from('40{')
const JOINED = Buffer.from('42["user_joined"')
const LEFT = Buffer.from('42["user_left"')
const ID = Buffer.from('{"id":"')

export const socketIoSpeech: Speech = {
  target: () => '/socket.io/?EIO=4&transport=websocket',
  greeting: { text: '40', isAnswer: (payload) => startsWith(payload, CONNECTED) },
  keepAlive: { ping: '2', pong: '3' },
  join: (topic, id, meta) => `420${JSON.stringify(['join', topic, { id, ...meta }])}`,
  publish: (_topic, body) => `42${JSON.stringify(['msg', body])}`,
  update: (_topic, _id, meta) => `42${JSON.stringify(['update', meta])}`,
  count,
  mirror: () => new KeyedMirror(read),
}

const startsWith = (payload: Buffer, start: Buffer) =>
  payload.length >= start.length && payload.compare(start, 0, start.length, 0, start.length) === 0

function count(payload: Buffer): Count | undefined {
  if (startsWith(payload, JOINED)) return { isWhole: false, change: 1 }
  if (startsWith(payload, LEFT)) return { isWhole: false, change: -1 }
  if (startsWith(payload, ANSWER)) return { isWhole: true, change: countOccurrences(payload, ID) }
  return undefined
}

function read(text: string): KeyedNews {
  if (text.startsWith('430')) {
    const [users] = JSON.parse(text.slice(3))
    return { all: users.map(({ id }: { id: string }) => id) }
  }
  if (!text.startsWith('42')) return {}
  const [event, subject] = JSON.parse(text.slice(2))
  if (event === 'user_joined') return { came: [subject.id] }
  if (event === 'user_left') return { went: [subject] }
  return {}
}
