import assert from 'node:assert/strict'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'stolen-session',
  tries: "goes on with a victim's session: its token and its instance, but an account of its own",
  async run(arena) {
    const victim = await arena.stranger('victim')
    const { response } = await victim.ask('rollcall', 'hello', { instance: 'i1' })
    await victim.ask('room:victims', 'phx_join', { meta: {} })
    const thief = await arena.stranger('mallory')
    const stolen = await thief.ask('rollcall', 'hello', { token: response.token, instance: 'i1' })
    return {
      stolen,
      isOpen: await victim.peer.settled(5000),
      there: await victim.ask('room:victims', 'presence_sync'),
    }
  },
  check({ stolen, isOpen, there }) {
    assert.deepEqual([stolen.response.resumed, stolen.response.identity.id], [false, 'mallory'])
    assert.ok(isOpen, 'The victim lost its connection.')
    assert.equal(there.status, 'ok')
    return 'a session of its own'
  },
})
