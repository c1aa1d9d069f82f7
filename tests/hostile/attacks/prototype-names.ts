import assert from 'node:assert/strict'
import { defineAttack } from './attack'

const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '']

export const attack = defineAttack({
  name: 'prototype-names',
  tries: 'uses the names of prototypes as topic, event, field, ref, param and account',
  async run(arena) {
    const outcomes: unknown[] = []
    for (const name of NAMES.slice(0, 5)) {
      const mallory = await arena.stranger(name, { path: `/socket?${name}=1&user_id=${name}` })
      const { response } = await mallory.ask('rollcall', 'hello', { instance: name })
      const meta = `{"${name}":{"polluted":true},"a":{"__proto__":{"polluted":true}}}`
      const join = await mallory.askRaw(`["${name}","${name}","${name}","phx_join",{"meta":${meta}}]`, name)
      const push = await mallory.ask(name, name, JSON.parse(`{"${name}":{"polluted":true}}`))
      outcomes.push([response.identity.id === name, response.polluted, join.status, push.status])
    }
    const mallory = await arena.stranger()
    const fresh = await mallory.ask('rollcall', 'hello')
    return { outcomes, fresh }
  },
  check({ outcomes, fresh }) {
    for (const outcome of outcomes) assert.deepEqual(outcome, [true, undefined, 'ok', 'ok'])
    assert.equal(JSON.stringify(fresh).includes('polluted'), false)
    return 'ordinary names'
  },
})
