import type { DialectName } from '../dialect/dialect'
import type { ClientMessage, ServerMessage } from '../messages'
import type { FullDiff, Presence, PresenceSnapshot } from '../presence/presence'

/*
 * The wire, letter for letter. A client in another language is written against these frames (docs/reference/protocol.md shows
 * the same), so a frame changes only together with WIRE_REVISION; `wire.test.ts` sees to that.
 */

const ada: Presence = { ref: 'n1-0', key: 'ada', meta: { status: 'online' }, rev: 0 }
const bob: Presence = { ref: 'n1-1', key: 'bob', meta: {}, rev: 3 }
const cy: Presence = { ref: 'n2-4', key: 'cy', meta: { status: 'away' }, rev: 1 }

const snapshot: PresenceSnapshot = { epoch: 'n1-a', seq: 41, digest: 3_834_959_237, presences: [ada, bob] }

const diff: FullDiff = {
  epoch: 'n1-a',
  base: 41,
  seq: 42,
  digest: 2_998_955_414,
  joins: [cy],
  updates: [{ ref: 'n1-1', key: 'bob', rev: 4, meta: { status: 'busy' }, previous: bob }],
  leaves: [{ ref: 'n1-0', key: 'ada', reason: 'closed', presence: ada }],
  appeared: ['cy'],
  disappeared: ['ada'],
}

const lobby = { topic: 'room:lobby', joinRef: '3' } as const
const everybody = { topic: 'room:lobby', joinRef: null } as const

/** Every message of a native client with its frame. */
export const NATIVE_CLIENT_FRAMES: readonly (readonly [message: ClientMessage, frame: string])[] = [
  [{ kind: 'hello', ref: '1' }, '[null,"1","rollcall","hello",{}]'],
  [{ kind: 'hello', ref: '1', token: 's.t' }, '[null,"1","rollcall","hello",{"token":"s.t"}]'],
  [
    { kind: 'hello', ref: '1', token: 's.t', instance: 'i7' },
    '[null,"1","rollcall","hello",{"token":"s.t","instance":"i7"}]',
  ],
  [{ kind: 'heartbeat', ref: '2', topic: 'rollcall' }, '[null,"2","rollcall","heartbeat",{}]'],
  [{ kind: 'goodbye', ref: null }, '[null,null,"rollcall","goodbye",{}]'],
  [{ kind: 'refresh', ref: '9', params: new Map() }, '[null,"9","rollcall","refresh",{}]'],
  [
    {
      kind: 'refresh',
      ref: '9',
      params: new Map([
        ['user_id', 'ada'],
        ['token', 'h.p.s'],
      ]),
    },
    '[null,"9","rollcall","refresh",{"params":{"user_id":"ada","token":"h.p.s"}}]',
  ],
  [
    { kind: 'refresh', ref: '9', params: new Map(), token: 'h.p.s' },
    '[null,"9","rollcall","refresh",{"token":"h.p.s"}]',
  ],
  [
    { kind: 'join', ...lobby, ref: '3', payload: { meta: { status: 'online' } } },
    '["3","3","room:lobby","phx_join",{"meta":{"status":"online"}}]',
  ],
  [
    { kind: 'join', ...lobby, ref: '3', payload: { meta: {} }, since: { epoch: 'n1-a', seq: 41 } },
    '["3","3","room:lobby","phx_join",{"meta":{},"presence_since":{"epoch":"n1-a","seq":41}}]',
  ],
  [
    { kind: 'join', ...lobby, ref: '3', payload: {}, since: null },
    '["3","3","room:lobby","phx_join",{"presence_since":null}]',
  ],
  [{ kind: 'leave', ...lobby, ref: '4' }, '["3","4","room:lobby","phx_leave",{}]'],
  [
    { kind: 'push', ...lobby, ref: '5', event: 'message', payload: { text: 'hi' } },
    '["3","5","room:lobby","message",{"text":"hi"}]',
  ],
  [
    { kind: 'update', ...lobby, ref: '6', meta: { status: 'busy' } },
    '["3","6","room:lobby","presence_update",{"meta":{"status":"busy"}}]',
  ],
  [
    { kind: 'patch', ...lobby, ref: '7', patch: { status: null } },
    '["3","7","room:lobby","presence_patch",{"patch":{"status":null}}]',
  ],
  [{ kind: 'sync', ...lobby, ref: '8' }, '["3","8","room:lobby","presence_sync",{}]'],
]

const fault = {
  code: 'limit_exceeded',
  message: 'The meta takes 300 bytes; the limit is 256 (server option limits.metaBytes).',
  limit: { name: 'metaBytes', max: 256, actual: 300 },
} as const
const faultText =
  '{"reason":"limit_exceeded","message":"The meta takes 300 bytes; the limit is 256 (server option limits.metaBytes).","limit":"metaBytes","max":256,"actual":300,"option":"limits.metaBytes"}'
const throttled = { code: 'throttled', message: 'Slowly.', retryAfterMs: 250 } as const
const throttledText = '{"reason":"throttled","message":"Slowly.","retry_after_ms":250}'

/** Clients already know Bob's third update. His fourth changes the ref by which they know him. */
const phoenixStateText =
  '{"ada":{"metas":[{"phx_ref":"n1-0","status":"online"}]},"bob":{"metas":[{"phx_ref":"n1-1.3","phx_ref_prev":"n1-1.2"}]}}'
const phoenixDiffText =
  '{"joins":{"cy":{"metas":[{"phx_ref":"n2-4.1","status":"away"}]},"bob":{"metas":[{"phx_ref":"n1-1.4","phx_ref_prev":"n1-1.3","status":"busy"}]}},"leaves":{"ada":{"metas":[{"phx_ref":"n1-0","status":"online"}]},"bob":{"metas":[{"phx_ref":"n1-1.3","phx_ref_prev":"n1-1.2"}]}}}'

/** Every message of a server, in any dialect. */
const SERVER_MESSAGES = {
  okReply: { kind: 'reply', ...lobby, ref: '5', status: 'ok', response: { id: 7 } },
  errorReply: { kind: 'reply', ...lobby, ref: '6', status: 'error', fault },
  throttledReply: { kind: 'reply', ...lobby, ref: '6', status: 'error', fault: throttled },
  event: { kind: 'event', ...lobby, event: 'message', payload: { text: 'hi' } },
  broadcast: { kind: 'event', ...everybody, event: 'message', payload: { text: 'hi' } },
  state: { kind: 'state', ...everybody, snapshot },
  diff: { kind: 'diff', topic: 'room:lobby', diff },
  channelClosed: { kind: 'channel_closed', ...lobby, response: { reason: 'kicked' } },
  channelFailed: { kind: 'channel_failed', ...lobby, fault: throttled },
  fault: { kind: 'fault', fault },
  opened: { kind: 'opened', topic: 'room:lobby' },
} as const satisfies Record<string, ServerMessage>

type Said = keyof typeof SERVER_MESSAGES

const SERVER_FRAMES: Readonly<Record<DialectName, Readonly<Record<Said, readonly string[]>>>> = {
  rollcall: {
    okReply: ['["3","5","room:lobby","phx_reply",{"status":"ok","response":{"id":7}}]'],
    errorReply: [`["3","6","room:lobby","phx_reply",{"status":"error","response":${faultText}}]`],
    throttledReply: [`["3","6","room:lobby","phx_reply",{"status":"error","response":${throttledText}}]`],
    event: ['["3",null,"room:lobby","message",{"text":"hi"}]'],
    broadcast: ['[null,null,"room:lobby","message",{"text":"hi"}]'],
    state: [
      '[null,null,"room:lobby","presence_state",{"epoch":"n1-a","seq":41,"digest":3834959237,"presences":[{"ref":"n1-0","key":"ada","meta":{"status":"online"},"rev":0},{"ref":"n1-1","key":"bob","meta":{},"rev":3}]}]',
    ],
    diff: [
      '[null,null,"room:lobby","presence_diff",{"epoch":"n1-a","base":41,"seq":42,"digest":2998955414,"joins":[{"ref":"n2-4","key":"cy","meta":{"status":"away"},"rev":1}],"updates":[{"ref":"n1-1","rev":4,"meta":{"status":"busy"}}],"leaves":[{"ref":"n1-0","key":"ada","reason":"closed"}]}]',
    ],
    channelClosed: ['["3","3","room:lobby","phx_close",{"reason":"kicked"}]'],
    channelFailed: [`["3","3","room:lobby","phx_error",${throttledText}]`],
    fault: [`[null,null,"rollcall","fault",${faultText}]`],
    opened: [],
  },
  'phoenix-v2': {
    okReply: ['["3","5","room:lobby","phx_reply",{"status":"ok","response":{"id":7}}]'],
    errorReply: [`["3","6","room:lobby","phx_reply",{"status":"error","response":${faultText}}]`],
    throttledReply: [`["3","6","room:lobby","phx_reply",{"status":"error","response":${throttledText}}]`],
    event: ['["3",null,"room:lobby","message",{"text":"hi"}]'],
    broadcast: ['[null,null,"room:lobby","message",{"text":"hi"}]'],
    state: [`[null,null,"room:lobby","presence_state",${phoenixStateText}]`],
    diff: [`[null,null,"room:lobby","presence_diff",${phoenixDiffText}]`],
    channelClosed: ['["3","3","room:lobby","phx_close",{"reason":"kicked"}]'],
    channelFailed: [`["3","3","room:lobby","phx_error",${throttledText}]`],
    fault: [`[null,null,"phoenix","fault",${faultText}]`],
    opened: [],
  },
  'phoenix-v1': {
    okReply: [
      '{"topic":"room:lobby","event":"phx_reply","payload":{"status":"ok","response":{"id":7}},"ref":"5"}',
    ],
    errorReply: [
      `{"topic":"room:lobby","event":"phx_reply","payload":{"status":"error","response":${faultText}},"ref":"6"}`,
    ],
    throttledReply: [
      `{"topic":"room:lobby","event":"phx_reply","payload":{"status":"error","response":${throttledText}},"ref":"6"}`,
    ],
    event: ['{"topic":"room:lobby","event":"message","payload":{"text":"hi"},"ref":null}'],
    broadcast: ['{"topic":"room:lobby","event":"message","payload":{"text":"hi"},"ref":null}'],
    state: [`{"topic":"room:lobby","event":"presence_state","payload":${phoenixStateText},"ref":null}`],
    diff: [`{"topic":"room:lobby","event":"presence_diff","payload":${phoenixDiffText},"ref":null}`],
    channelClosed: ['{"topic":"room:lobby","event":"phx_close","payload":{"reason":"kicked"},"ref":"3"}'],
    channelFailed: [`{"topic":"room:lobby","event":"phx_error","payload":${throttledText},"ref":"3"}`],
    fault: [`{"topic":"phoenix","event":"fault","payload":${faultText},"ref":null}`],
    opened: [],
  },
  zzz: {
    okReply: [
      '{"topic":"room:lobby","event":"phx_reply","payload":{"status":"ok","response":{"id":7}},"ref":"5"}',
    ],
    errorReply: [
      `{"topic":"room:lobby","event":"phx_reply","payload":{"status":"error","response":${faultText}},"ref":"6"}`,
    ],
    throttledReply: [
      `{"topic":"room:lobby","event":"phx_reply","payload":{"status":"error","response":${throttledText}},"ref":"6"}`,
    ],
    event: ['{"topic":"room:lobby","event":"message","payload":{"text":"hi"},"ref":null}'],
    broadcast: ['{"topic":"room:lobby","event":"message","payload":{"text":"hi"},"ref":null}'],
    state: [
      '{"topic":"room:lobby","event":"presence_state","payload":[{"key":"ada","meta":{"status":"online"}},{"key":"bob","meta":{}}],"ref":null}',
    ],
    diff: [
      '{"topic":"room:lobby","event":"presence_diff","payload":{"joins":[{"key":"cy","meta":{"status":"away"}},{"key":"bob","meta":{"status":"busy"}}],"leaves":[{"key":"ada","meta":{"status":"online"}}]},"ref":null}',
    ],
    channelClosed: ['{"topic":"room:lobby","event":"phx_close","payload":{"reason":"kicked"},"ref":"3"}'],
    channelFailed: [`{"topic":"room:lobby","event":"phx_error","payload":${throttledText},"ref":"3"}`],
    fault: [`{"topic":"phoenix","event":"fault","payload":${faultText},"ref":null}`],
    opened: [],
  },
  vix: {
    okReply: [],
    errorReply: [`{"type":"presence.error","payload":${faultText}}`],
    throttledReply: [`{"type":"presence.error","payload":${throttledText}}`],
    event: ['{"type":"message","payload":{"text":"hi"}}'],
    broadcast: ['{"type":"message","payload":{"text":"hi"}}'],
    state: ['{"type":"presence.current","payload":{"users":["ada","bob"]}}'],
    diff: [
      '{"type":"presence.online","payload":{"user":"cy"}}',
      '{"type":"presence.offline","payload":{"user":"ada"}}',
    ],
    channelClosed: [],
    channelFailed: [`{"type":"presence.error","payload":${throttledText}}`],
    fault: [`{"type":"presence.error","payload":${faultText}}`],
    opened: ['{"type":"presence.system","payload":{"message":"A new connection opened"}}'],
  },
}

/** Every message of a server with its frames in one dialect: none, one or several. */
export function serverFrames(
  dialect: DialectName,
): readonly (readonly [what: string, message: ServerMessage, frames: readonly string[]])[] {
  const names = Object.keys(SERVER_MESSAGES) as Said[]
  return names.map((name) => [name, SERVER_MESSAGES[name], SERVER_FRAMES[dialect][name]])
}

/** A native server's replies about the session, which other dialects do not have. */
export const SESSION_ANSWERS: readonly (readonly [what: string, message: ServerMessage, frame: string])[] = [
  [
    'hello of a session that ends with its token',
    {
      kind: 'reply',
      ...{ topic: 'rollcall', ref: '1', joinRef: null },
      status: 'ok',
      response: {
        ...{
          session: 's1',
          token: 's1.t',
          resumed: false,
          identity: { id: 'ada' },
          expires_in_ms: 3_600_000,
        },
        ...{ wire: 2, ping_interval_ms: 20_000, pong_timeout_ms: 10_000, grace_ms: 10_000, settling_ms: 0 },
        limits: { topic_bytes: 128, key_bytes: 64, meta_bytes: 256, frame_bytes: 65_536 },
      },
    },
    '[null,"1","rollcall","phx_reply",{"status":"ok","response":{"session":"s1","token":"s1.t","resumed":false,"identity":{"id":"ada"},"expires_in_ms":3600000,"wire":2,"ping_interval_ms":20000,"pong_timeout_ms":10000,"grace_ms":10000,"settling_ms":0,"limits":{"topic_bytes":128,"key_bytes":64,"meta_bytes":256,"frame_bytes":65536}}}]',
  ],
  [
    'refresh',
    {
      kind: 'reply',
      ...{ topic: 'rollcall', ref: '9', joinRef: null },
      status: 'ok',
      response: { identity: { id: 'ada' }, expires_in_ms: null },
    },
    '[null,"9","rollcall","phx_reply",{"status":"ok","response":{"identity":{"id":"ada"},"expires_in_ms":null}}]',
  ],
]

/** Frames of the seed clients, letter for letter, with their messages. */
export const SEED_CLIENT_FRAMES: readonly (readonly [
  'zzz' | 'vix',
  frame: string,
  message: ClientMessage,
])[] = [
  [
    'zzz',
    '{"topic":"chat:lobby","event":"phx_join","payload":{},"ref":"1"}',
    { kind: 'join', topic: 'chat:lobby', ref: '1', joinRef: null, payload: {} },
  ],
  [
    'zzz',
    '{"topic":"chat:lobby","event":"get_presence","payload":{},"ref":"2"}',
    { kind: 'push', topic: 'chat:lobby', ref: '2', joinRef: null, event: 'get_presence', payload: {} },
  ],
  [
    'zzz',
    '{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"3"}',
    { kind: 'heartbeat', topic: 'phoenix', ref: '3' },
  ],
  [
    'zzz',
    '{"topic":"chat:lobby","event":"phx_leave","payload":{},"ref":"4"}',
    { kind: 'leave', topic: 'chat:lobby', ref: '4', joinRef: null },
  ],
  [
    'vix',
    '{"type":"presence.join","payload":{"user":"Alice"}}',
    { kind: 'appear', topic: 'room:lobby', key: 'Alice' },
  ],
  [
    'vix',
    '{"type":"presence.list","payload":{}}',
    { kind: 'sync', topic: 'room:lobby', ref: null, joinRef: null },
  ],
  [
    'vix',
    '{"type":"presence.leave","payload":{"user":"Alice"}}',
    { kind: 'disappear', topic: 'room:lobby', key: 'Alice' },
  ],
]
