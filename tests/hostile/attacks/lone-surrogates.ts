import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { PATIENCE_MS } from './patience'

export const attack = defineAttack({
  name: 'lone-surrogates',
  tries: 'puts halves of pairs into its meta, so that what others are sent may be no UTF-8',
  async run(arena) {
    const [mallory, witness] = [await arena.stranger('mallory'), await arena.stranger('mallory-2')]
    await witness.ask(arena.room, 'phx_join', { meta: {} })
    let text = ''
    const note = witness.peer.onMessage
    witness.peer.onMessage = (frame, isBinary) => {
      note(frame, isBinary)
      if (frame.includes('"halves"')) text = frame
    }
    const told = witness.peer.hear(([, , , event]) => event === 'presence_diff', PATIENCE_MS)
    const join = await mallory.askRaw(
      `["9","9","${arena.room}","phx_join",{"meta":{"halves":"\\ud83d","\\udc00":1}}]`,
      '9',
    )
    await told
    await witness.peer.until(() => text !== '', PATIENCE_MS, 'the join to be told')
    return { join, text }
  },
  check({ join, text }) {
    assert.equal(join.status, 'ok')
    assert.ok(text.includes('"\\ud83d"') && !text.includes('\ufffd'), text)
    return 'passed on, escaped'
  },
})
