import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import * as phoenix from 'phoenix'
import { describe, expect, test } from 'vitest'
import { findFiles } from '../../../scripts/lib/find-files.mjs'
import { at } from '../../../scripts/lib/repository.mjs'

/*
 * The whole of what the official client lets a program do, found in the client itself: its exports, the methods on its
 * prototypes, the options that its source and its types name. Each is called by a test of this folder. A version of the
 * client that adds one fails here, until a test drives it.
 */

const resolve = createRequire(import.meta.url).resolve
/** The client's source, which comes with the package, and the types of what it lets a program do. */
const sourceOf = (file: string) =>
  readFileSync(resolve('phoenix').replace(/priv\/.*/, `assets/js/phoenix/${file}`), 'utf8')
const types = readFileSync(at('node_modules/@types/phoenix/index.d.ts'), 'utf8')

const tests = findFiles((path) => /^tests\/real\/phoenix\/(.*\.test|support\/client)\.ts$/.test(path))
  .filter((path) => !path.endsWith('surface.test.ts'))
  .map((path) => withoutComments(readFileSync(at(path), 'utf8')))
  .join('\n')

const { Channel, LongPoll, Presence, Socket } = phoenix as any
const socket = new Socket('ws://127.0.0.1/socket', { transport: class {} })
const channel = socket.channel('t')
const Push = channel.joinPush.constructor
const { Serializer } = phoenix as any

/** By class: where its methods are, and which of them the client keeps for itself, without a word of docs. */
const surface: Record<
  string,
  { readonly of: object; readonly file: string; readonly own: readonly string[] }
> = {
  Socket: {
    of: Socket.prototype,
    file: 'socket.js',
    own: words(`cancelFallback clearHeartbeats connectWithFallback flushSendBuffer getSession handleVisibilityChange
      heartbeatTimeout isOutdated leaveOpenTopic onConnClose onConnError onConnMessage onConnOpen pageHidden
      resetHeartbeat send sendHeartbeat stillUses storeSession teardown teardownAndReconnect transportConnect
      transportName triggerChanError waitForBufferDone waitForSocketClosed`),
  },
  Channel: {
    of: Channel.prototype,
    file: 'channel.js',
    own: words(
      `canPush isClosed isErrored isJoined isJoining isLeaving isMember joinRef rejoin replyEventName trigger`,
    ),
  },
  Push: {
    of: Push.prototype,
    file: 'push.js',
    own: words(`cancelRefEvent cancelTimeout hasReceived matchReceive reset startTimeout trigger`),
  },
  Presence: { of: Presence.prototype, file: 'presence.js', own: [] },
  'Presence, static': { of: Presence, file: 'presence.js', own: words(`clone map toNullProtoObj`) },
  LongPoll: { of: LongPoll.prototype, file: 'longpoll.js', own: words(`ajax batchSend isActive`) },
  Serializer: {
    of: Serializer,
    file: 'serializer.js',
    own: words(`HEADER_LENGTH KINDS META_LENGTH assertFieldSize binaryDecode binaryEncode decodeBroadcast decodePush
      decodeReply`),
  },
}

/** Of a constructor, a function: no methods. */
const inherent = new Set(['constructor', 'length', 'name', 'prototype'])
const namesOf = (of: object) => Object.getOwnPropertyNames(of).filter((name) => !inherent.has(name))

test('the client exports what is driven here, and nothing else', () => {
  const names = Object.keys(phoenix).filter((name) => name !== 'default' && name !== 'module.exports')
  expect(names.sort()).toEqual(['Channel', 'LongPoll', 'Presence', 'Serializer', 'Socket'])
})

describe.each(Object.entries(surface))('%s', (title, { of, file, own }) => {
  const called = namesOf(of).filter((name) => !own.includes(name))

  test('keeps for itself only what neither its docs nor its types speak of', () => {
    expect(own.filter((name) => !namesOf(of).includes(name))).toEqual([])
    const documented = documentedIn(sourceOf(file))
    const typed = typedIn(title)
    expect(own.filter((name) => documented.has(name) || typed.has(name))).toEqual([])
  })

  test.each(called)('%s is called by a test', (name) => {
    const [owner = ''] = title.split(',')
    const isStatic = typeof of === 'function' || owner === 'Serializer'
    const isRead = Object.getOwnPropertyDescriptor(of, name)?.get !== undefined
    const call = `\\b${isStatic ? owner : receiverOf(owner)}\\.${name}${isRead ? '\\b' : '( = )?\\('}`
    expect(new RegExp(call).test(tests), `a call of ${name}`).toBe(true)
  })
})

describe('options', () => {
  const options = [
    ...[...sourceOf('socket.js').matchAll(/@param \{.*\} \[opts\.(\w+)\]/g)].map(([, name]) => name),
    ...memberNames(blockOf('interface SocketConnectOption')),
    // What a presence takes.
    ...memberNames(blockOf('interface PresenceOpts')),
    // And what its constructor reads without a word of docs.
    ...[...sourceOf('socket.js').matchAll(/\bopts\.(\w+)/g)].map(([, name]) => name),
    ...[...sourceOf('presence.js').matchAll(/\bopts\.(\w+)/g)].map(([, name]) => name),
  ]

  test('are found in the docs and in the types', () => {
    expect(new Set(options).size).toBeGreaterThanOrEqual(17)
  })

  test.each([...new Set(options)])('%s is given by a test', (name) => {
    const given = new RegExp(`(?<![.\\w]|const |let )${name}(: |,| \\}|\\()`)
    expect(given.test(tests), `an option ${name}`).toBe(true)
  })
})

/** The names under which the tests hold one. */
function receiverOf(owner: string): string {
  return {
    Socket: '(socket|again|refused|phone|laptop)',
    Channel: '(\\w*[cC]hannel|first|second|ada|bob|onLaptop|room\\w*)',
    // A push is what `push`, `join` and `leave` return.
    Push: '(push|joining|leaving)',
    Presence: '(presence|people)',
    LongPoll: 'longPoll',
  }[owner] as string
}

/** Methods with a doc comment that does not call them private. */
function documentedIn(source: string): Set<string> {
  const found = source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+(?:static |get )?(\w+)\(/g)
  return new Set(
    [...found].flatMap(([, doc = '', name = '']) => (/@private|@internal/.test(doc) ? [] : [name])),
  )
}

/** Methods that the types declare. */
function typedIn(title: string): Set<string> {
  const [owner, isStatic] = title.split(', ')
  if (!types.includes(`class ${owner} `)) return new Set()
  const lines = blockOf(`class ${owner} `).split('\n')
  return new Set(
    memberNames(lines.filter((line) => line.includes('static ') === Boolean(isStatic)).join('\n')),
  )
}

function blockOf(head: string): string {
  const from = types.indexOf(head)
  return types.slice(types.indexOf('{', from) + 1, types.indexOf('\n}', from))
}

function memberNames(block: string): string[] {
  const names = [...block.matchAll(/^ {4}(?:static )?(\w+)\??[:(<]/gm)].map(([, name = '']) => name)
  return names.filter((name) => name !== 'constructor')
}

function words(text: string): string[] {
  return text.split(/\s+/)
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}
