import {
  type ClientMessage,
  DEFAULT_LIMITS,
  type Dialect,
  type Frame,
  isErrorCode,
  PhoenixPresences,
  PresenceSet,
  phoenixV1Dialect,
  phoenixV2ClientDialect,
  phoenixV2Dialect,
  type ReceivedMessage,
  type ReceivedMetas,
  type Result,
  rollcallDialect,
  utf8Bytes,
  vixDialect,
  zzzDialect,
} from '@rollcall/shared-protocol'
import { readPost } from '../../../packages/server/src/http/longpoll-body'
import type { Chance } from './chance'
import { clientBytes, clientText, PLAIN_VOCABULARY } from './client-grammar'
import { anyText, anyValue } from './json-text'
import { mutateBytes, mutateText } from './mutate'
import { serverBytes, serverText } from './server-grammar'
import type { Target } from './target'

const DIALECTS: readonly Dialect[] = [
  rollcallDialect,
  phoenixV2Dialect,
  phoenixV1Dialect,
  zzzDialect,
  vixDialect,
]
const KINDS: readonly ClientMessage['kind'][] = [
  ...(['heartbeat', 'hello', 'goodbye', 'refresh', 'join', 'leave', 'push'] as const),
  ...(['update', 'patch', 'sync', 'appear', 'disappear'] as const),
]
const context = { limits: DEFAULT_LIMITS, implicitTopic: 'room:lobby' }

const clientSide: readonly Target[] = DIALECTS.map((dialect) => ({
  name: `client-frames-${dialect.name}`,
  make: (chance) => clientFrameOf(chance, dialect),
  judge: (frame) => judgeClientFrame(dialect, frame),
}))

const serverSide: readonly Target[] = [
  {
    name: 'server-frames-rollcall',
    make: serverFrame,
    judge: (frame) => judgeServerFrame(rollcallDialect.decodeServer(frame)),
  },
  {
    name: 'server-frames-phoenix-v2',
    make: serverFrame,
    judge: (frame) => judgeServerFrame(phoenixV2ClientDialect.decodeServer(frame)),
  },
]

/** A body as a client of Phoenix's long poll posts it: a line for each message. */
const longPollBody: Target = {
  name: 'longpoll-body',
  make(chance) {
    const lines = Array.from({ length: 1 + chance.below(5) }, () => {
      const frame = clientFrameOf(chance, phoenixV2Dialect)
      return typeof frame === 'string' ? frame : Buffer.from(frame).toString('base64')
    })
    return mutateSometimes(chance, Buffer.from(lines.join(chance.pick(['\n', '\r\n', '\n\n', '\r']))))
  },
  judge(body) {
    const bytes = Buffer.from(body)
    for (const contentType of ['application/x-ndjson', 'application/json']) {
      const post = readPost(bytes, contentType, 1024)
      for (const { data, isBinary } of 'status' in post ? [] : post.messages) {
        const what = judgeClientFrame(phoenixV2Dialect, isBinary ? data : data.toString('utf8'))
        if (what !== null) return what
      }
    }
    return null
  },
}

/** All that reads a frame or a body, on either side. */
export const DECODER_TARGETS: readonly Target[] = [...clientSide, ...serverSide, longPollBody]

/** A frame as its clients send it, or nearly. */
export function clientFrameOf(chance: Chance, dialect: Dialect, words = PLAIN_VOCABULARY): Frame {
  const isBinary = dialect.name === 'phoenix-v2' ? chance.oneIn(3) : chance.oneIn(20)
  if (isBinary) return mutateSometimes(chance, clientBytes(chance, words))
  const text = clientText(chance, dialect.name, words)
  return chance.weighted<() => string>([
    [10, () => text],
    [6, () => mutateText(chance, text, () => clientText(chance, chance.pick(DIALECTS).name, words))],
    [1, () => anyText(chance)],
    [1, () => anyValue(chance)],
  ])()
}

function serverFrame(chance: Chance): Frame {
  if (chance.oneIn(4)) return mutateSometimes(chance, serverBytes(chance))
  const text = serverText(chance)
  return chance.oneIn(3) ? mutateText(chance, text, () => serverText(chance)) : text
}

function mutateSometimes(chance: Chance, bytes: Buffer): Buffer {
  return chance.oneIn(3) ? mutateBytes(chance, bytes) : bytes
}

const SILENT_IN_ZZZ: ReadonlySet<string> = new Set(['unknown_event', 'not_joined'])

function judgeClientFrame(dialect: Dialect, frame: Frame): string | null {
  const decoded = dialect.decodeClient(frame, context)
  if (decoded.ok) return judgeMessage(decoded.message)
  const { fault, replyTo } = decoded
  if (!isErrorCode(fault.code)) return `a fault with the unknown code ${fault.code}`
  if (!fault.message.endsWith('.')) return `a fault without a sentence: ${fault.message}`
  // What it quotes of a stranger's frame is no amplifier.
  if (fault.message.length > 2000) return `a fault of ${fault.message.length} characters`
  // The answer is written in the words of the question, and must be a frame.
  const answer = replyTo
    ? dialect.encodeServer({ kind: 'reply', ...replyTo, status: 'error', fault })
    : dialect.encodeServer({ kind: 'fault', fault })
  // zzz's server says nothing to some of what it does not take, and neither does its dialect. (P-23)
  const isSilent = dialect.name === 'zzz' && replyTo !== null && SILENT_IN_ZZZ.has(fault.code)
  return answer.length === (isSilent ? 0 : 1) ? null : `${answer.length} frames in answer`
}

/** What a message promises to whoever takes it. */
function judgeMessage(message: ClientMessage): string | null {
  if (!KINDS.includes(message.kind)) return `a message of kind ${message.kind}`
  const names = [
    ...('topic' in message ? [[message.topic, 'topicBytes'] as const] : []),
    ...('event' in message ? [[message.event, 'eventBytes'] as const] : []),
    ...('key' in message ? [[message.key, 'keyBytes'] as const] : []),
  ]
  for (const [name, limit] of names) {
    const shown = JSON.stringify(name)
    // How long a key may be is for whoever tracks it to say.
    if (limit !== 'keyBytes' && (name === '' || utf8Bytes(name) > DEFAULT_LIMITS[limit]))
      return `a name beyond ${limit}: ${shown}`
    if (UNSEEN.test(name) || /\p{Cs}/u.test(name)) return `a name that is not what is seen: ${shown}`
  }
  for (const ref of ['ref' in message ? message.ref : null, 'joinRef' in message ? message.joinRef : null]) {
    if (utf8Bytes(String(ref)) > DEFAULT_LIMITS.refBytes) return `a ref of ${utf8Bytes(String(ref))} bytes`
  }
  return hasOnlyJson(message) ? null : 'a number that is none in JSON'
}

/** Ends a line, is not seen, or turns the text around it. */
const UNSEEN = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u

/** Whether what is passed on to others is what they will be told: an infinite number would be null for them. */
function hasOnlyJson(message: ClientMessage): boolean {
  let isSound = true
  JSON.stringify(message, (_name, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) isSound = false
    return ArrayBuffer.isView(value) ? null : value
  })
  return isSound
}

function judgeServerFrame(decoded: Result<ReceivedMessage | ReceivedMetas>): string | null {
  if (!decoded.ok) {
    const { code, message } = decoded.fault
    return isErrorCode(code) && message.endsWith('.') ? null : `the fault ${code}: ${message}`
  }
  const message = decoded.value
  switch (message.kind) {
    case 'state':
      return judgeSet(new PresenceSet(), (set) => void set.replace(message.snapshot.presences))
    case 'diff':
      return judgeSet(populated(), (set) => void set.apply(message.diff))
    case 'metas_state': {
      const presences = new PhoenixPresences()
      presences.replace(message.metas)
      return judgeSet(new PresenceSet(), (set) => void set.replace(presences.presences()))
    }
    default:
      return null
  }
}

function populated(): PresenceSet {
  const set = new PresenceSet()
  set.replace([
    { ref: 'n1-0', key: 'ada', meta: {}, rev: 0 },
    { ref: 'n1-1', key: 'bob', meta: {}, rev: 1 },
  ])
  return set
}

/** A map that was told anything at all is still one: as many keys as it lists, each with somebody. */
function judgeSet(set: PresenceSet, change: (set: PresenceSet) => void): string | null {
  change(set)
  const keys = [...set.keys()]
  if (keys.length !== set.keyCount) return `${set.keyCount} keys, of which ${keys.length} are listed`
  const listed = keys.reduce((sum, key) => sum + set.ofKey(key).length, 0)
  if (listed !== set.size) return `${set.size} presences, of which the keys have ${listed}`
  return Number.isInteger(set.digest) ? null : `the digest ${set.digest}`
}
