import { type Mutant, server } from './mutant.ts'

/** What a listener and a wire have to do, whatever carries the messages. */
export const wireMutants: readonly Mutant[] = [
  {
    name: 'end-within-a-call',
    law: 'S-69',
    breaks: 'a long poll tells its end from within the call that ends it',
    file: `${server}/http/longpoll-wire.ts`,
    find: 'this.#context.clock.soon(() => this.#events?.onClose(code, reason))',
    replace: 'this.#events?.onClose(code, reason)',
    tests: [`${server}/conformance/wire-conformance`],
  },
  {
    name: 'close-without-end',
    law: 'S-70',
    breaks: 'a peer that reads nothing has for ever to answer a close',
    file: `${server}/io/ws-wire.ts`,
    find: 'const timer = clock.after(closeTimeoutMs, () => this.#socket.destroy())',
    replace: 'const timer = setTimeout(() => {}, this.#context.closeTimeoutMs)',
    tests: [`${server}/conformance/wire-conformance`],
  },
  {
    name: 'polls-unanswered',
    law: 'S-71',
    breaks: 'a poll is no sign of life',
    file: `${server}/http/longpoll-wire.ts`,
    find: 'if (!this.#unread) this.#events?.onPong()',
    replace: '',
    tests: [`${server}/conformance/wire-conformance`],
  },
  {
    name: 'bytes-of-nobody',
    law: 'S-72',
    breaks: 'what waits for a long poll counts nothing',
    file: `${server}/http/longpoll-wire.ts`,
    find: 'return this.#queuedBytes + this.#unreadBytes',
    replace: 'return 0',
    tests: [`${server}/conformance/wire-conformance`],
  },
  {
    name: 'stopped-and-not-abandoned',
    law: 'S-73',
    breaks: 'a handshake that is answered after the listener has stopped holds its place for ever',
    file: `${server}/io/ws-listener.ts`,
    find: "      if ('abandon' in answer) answer.abandon()\n",
    replace: '',
    tests: [`${server}/conformance/wire-conformance`],
  },
  {
    name: 'upgrades-while-closing',
    law: 'S-81',
    breaks:
      'a handshake that comes in while the server closes is left without an answer, and the server open',
    file: `${server}/io/ws-listener.ts`,
    find: "} else this.#server.off('upgrade', this.#onUpgrade)",
    replace: "}\n    this.#server.off('upgrade', this.#onUpgrade)",
    tests: ['tests/real/closing'],
  },
  {
    name: 'close-waits-for-authenticate',
    law: 'S-81',
    breaks: 'a server that closes waits for handshakes that are being decided',
    file: `${server}/io/ws-listener.ts`,
    find: 'for (const socket of this.#undecided) this.#refuse(socket, closing)\n      this.#undecided.clear()\n',
    replace: '',
    tests: ['tests/real/closing'],
  },
]
