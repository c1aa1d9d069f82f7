import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { PATIENCE_MS } from './patience'

export const attack = defineAttack({
  name: 'twice-named',
  tries: 'names a field twice, so that one reader may see the one and another the other',
  async run(arena) {
    const [zzz, native] = [
      await arena.open({ token: arena.token('mallory-zzz') }),
      await arena.stranger('mallory'),
    ]
    zzz.say({ topic: 'room:twice', event: 'phx_join', payload: { meta: {} }, ref: '1' })
    await zzz.hear(({ event }) => event === 'presence_state', PATIENCE_MS)
    const told = zzz.hear(
      ({ event, payload }) => event === 'presence_diff' && payload.joins.length > 0,
      PATIENCE_MS,
    )
    const { status } = await native.askRaw(
      '["7","7","room:twice","phx_join",{"meta":{"role":"admin"},"meta":{"role":"guest","role":"nobody"}}]',
      '7',
    )
    const [entry] = (await told).payload.joins
    const topics = zzz.hear(({ event, ref }) => event === 'phx_reply' && ref === '2', PATIENCE_MS)
    zzz.say('{"topic":"room:first","event":"phx_join","payload":{},"ref":"2","topic":"room:second"}')
    return { status, entry, topic: (await topics).topic }
  },
  check({ status, entry, topic }) {
    assert.equal(status, 'ok')
    assert.deepEqual(entry, { key: 'mallory', meta: { role: 'nobody' } })
    assert.equal(topic, 'room:second')
    return 'the last one counts, for everybody'
  },
})
