import assert from 'node:assert/strict'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'huge-numbers',
  tries: 'sends numbers that no double holds, as refs, positions and metas',
  async run(arena) {
    const mallory = await arena.stranger()
    const frames = [
      `["1","1","${arena.room}","phx_join",{"meta":{"n":1e400}}]`,
      `["1","1","${arena.room}","phx_join",{"meta":{"n":-${'9'.repeat(400)}}}]`,
      `["1",1e400,"${arena.room}","phx_join",{}]`,
      `["1","1","${arena.room}","phx_join",{"presence_since":{"epoch":"e","seq":1e999}}]`,
    ]
    const reasons: unknown[] = []
    for (const frame of frames) {
      const answered = mallory.peer.hear(
        (message) => message[3] === 'fault' || message[3] === 'phx_reply',
        5000,
      )
      mallory.peer.say(frame)
      const payload = (await answered)[4]
      reasons.push(payload.reason ?? payload.response.reason)
    }
    return reasons
  },
  check(reasons) {
    assert.deepEqual(new Set(reasons), new Set(['invalid_message']))
    return 'invalid_message'
  },
})
