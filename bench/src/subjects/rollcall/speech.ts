import { countOccurrences } from '../count-occurrences'
import type { Count, Mirror, Speech } from '../speech'
import { type Position, RollcallMirror } from './mirror'

const EVENT = Buffer.from('"presence_')
const STATE = Buffer.from('"presence_state"')
const DIFF = Buffer.from('"presence_diff"')
const REF = Buffer.from('{"ref":"')
const LEAVES = Buffer.from('"leaves":[')
const UPDATES = Buffer.from('"updates":[')
const RESPONSE = Buffer.from('"phx_reply"')

/** The topic is in front of the event, and the bench's topics are short. */
const HEAD_BYTES = 96

/** Who says no hello cannot come back, and so has left when the connection drops. */
const ungreeted: Speech = {
  target: (key) => `/socket?user=${key}`,
  subprotocol: 'rollcall.v1',
  join: (topic, _key, meta) => JSON.stringify(['2', '2', topic, 'phx_join', { meta }]),
  publish: (topic, body) => JSON.stringify(['2', null, topic, 'msg', body]),
  update: (topic, _key, meta) => JSON.stringify(['2', null, topic, 'presence_update', { meta }]),
  count,
  mirror: (): Mirror => new RollcallMirror(),
}

const greetWith = (payload: object): NonNullable<Speech['greeting']> => ({
  text: JSON.stringify([null, '1', 'rollcall', 'hello', payload]),
  isAnswer: (answer) => answer.includes(RESPONSE),
})

export const rollcallSpeech: Speech = { ...ungreeted, greeting: greetWith({}), withoutGrace: ungreeted }

/** Of a client that goes on where it was. */
export const resumingSpeech = (token: string, position: Position): Speech => ({
  ...ungreeted,
  greeting: greetWith({ token }),
  join: (topic, _key, meta) =>
    JSON.stringify(['2', '2', topic, 'phx_join', { meta, presence_since: position }]),
})

/** By a client that understands compressed messages. */
export const deflatedSpeech: Speech = {
  ...rollcallSpeech,
  extensions: 'permessage-deflate; client_no_context_takeover; server_no_context_takeover',
}

/** The metas of the bench hold no `{"ref":"`. */
function count(payload: Buffer): Count | undefined {
  const head = payload.subarray(0, HEAD_BYTES)
  if (!head.includes(EVENT)) return undefined
  if (head.includes(STATE)) return { isWhole: true, change: countOccurrences(payload, REF) }
  if (!head.includes(DIFF)) return undefined
  const updatesAt = payload.indexOf(UPDATES)
  const joins = countOccurrences(payload.subarray(0, updatesAt), REF)
  const leaves = countOccurrences(payload.subarray(payload.indexOf(LEAVES, updatesAt)), REF)
  return { isWhole: false, change: joins - leaves }
}
