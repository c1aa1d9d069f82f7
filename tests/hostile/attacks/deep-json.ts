import assert from 'node:assert/strict'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'deep-json',
  tries: 'nests brackets within brackets',
  async run(arena) {
    const mallory = await arena.stranger()
    const faults: any[] = []
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const)
      for (const depth of [40, 9000])
        faults.push(
          await mallory.faultOf(
            `["1","1","${arena.room}","new_msg",${open.repeat(depth)}1${close.repeat(depth)}]`,
          ),
        )
    faults.push(await mallory.faultOf('['.repeat(60_000)))
    return faults
  },
  check(faults) {
    for (const { reason, option } of faults)
      assert.deepEqual([reason, option], ['limit_exceeded', 'limits.jsonDepth'])
    return 'limit_exceeded (limits.jsonDepth)'
  },
})
