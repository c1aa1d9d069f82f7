import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { PATIENCE_MS } from './patience'

export const attack = defineAttack({
  name: 'others-names',
  tries: 'says that it is somebody honest, in each dialect, and that somebody honest is gone',
  async run(arena) {
    const native = await arena.stranger('mallory', { path: '/socket?user_id=honest-0' })
    const hello = await native.ask('rollcall', 'hello')
    await native.ask(arena.room, 'phx_join', { key: 'honest-0', user_id: 'honest-0', meta: {} })
    const path = `/?topic=${encodeURIComponent(arena.room)}&user_id=honest-0`
    const vix = await arena.open({ path, token: arena.token('mallory-vix') })
    vix.say({ type: 'presence.leave', payload: { user: 'honest-1' } })
    vix.say({ type: 'presence.join', payload: { user: 'honest-0' } })
    const users: string[] = []
    // Its own join may still be on its way when it first asks.
    for (let asked = 0; asked < 50 && !users.includes('mallory-vix'); asked++) {
      const heard = vix.hear(({ type }) => type === 'presence.current', PATIENCE_MS)
      vix.say({ type: 'presence.list', payload: {} })
      users.splice(0, users.length, ...(await heard).payload.users)
    }
    return { identity: hello.response.identity, users }
  },
  check({ identity, users }) {
    assert.equal(identity.id, 'mallory')
    assert.ok(users.includes('mallory-vix') && users.includes('honest-0'))
    return 'present under its own name'
  },
})
