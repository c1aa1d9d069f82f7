import assert from 'node:assert/strict'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'forged-session',
  tries: 'makes up session tokens, some from one of its own',
  async run(arena) {
    const first = await arena.stranger()
    const hello = await first.ask('rollcall', 'hello', { instance: 'i1' })
    const own = String(hello.response.token)
    const flipped = own.slice(0, -1) + (own.endsWith('0') ? '1' : '0')
    const tokens = [
      flipped,
      own.slice(0, -1),
      `${own}0`,
      own.split('').reverse().join(''),
      '',
      '.',
      `${hello.response.session}.`,
    ]
    const resumed: unknown[] = []
    for (const token of [...tokens, '__proto__.constructor', 'a'.repeat(4000)]) {
      const next = await arena.stranger()
      const { response } = await next.ask('rollcall', 'hello', { token, instance: 'i1' })
      resumed.push(response.resumed)
      next.peer.destroy()
    }
    return { resumed, isOpen: await first.peer.settled(5000) }
  },
  check({ resumed, isOpen }) {
    assert.deepEqual(new Set(resumed), new Set([false]))
    assert.ok(isOpen, 'The session that was imitated lost its connection.')
    return 'a session of its own'
  },
})
