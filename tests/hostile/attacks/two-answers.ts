import assert from 'node:assert/strict'
import { handshakeHead } from '../support/raw-peer'
import { soon } from '../support/soon'
import type { Arena } from './arena'
import { defineAttack } from './attack'
import { OTHERS_GREETING } from './others-upgrades'
import { PATIENCE_MS } from './patience'
import { ATTACH_AGAIN, SLOW_MS } from './servers'

export const attack = defineAttack({
  name: 'two-answers',
  tries: 'shakes hands where two listeners answer: another library, or the same application loaded twice',
  server: 'attached',
  async run(arena) {
    const again = await (await fetch(`http://127.0.0.1:${arena.port}${ATTACH_AGAIN}`)).text()
    const [plain, ...claimed] = await Promise.all(
      ['', '?claimed=1', '?claimed=1&slowly=1'].map((query) => answersTo(arena, `/socket${query}`)),
    )
    return { again, plain, claimed }
  },
  check({ again, plain = '', claimed }) {
    assert.equal(again, 'already_attached')
    for (const text of [plain, ...claimed]) assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 101'])
    assert.ok(!plain.includes(OTHERS_GREETING), plain)
    for (const text of claimed) assert.ok(text.endsWith(OTHERS_GREETING), text)
    return 'one answer each; a second server is refused with already_attached'
  },
})

/** All that a handshake is answered with within the time that a slow one takes, and a little more. */
async function answersTo(arena: Arena, path: string): Promise<string> {
  const socket = await arena.tcp(arena.newAddress())
  assert.ok(socket, 'There is no connection to be had.')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  const token = arena.token()
  socket.write(handshakeHead({ port: arena.port, path, subprotocol: 'rollcall.v1', token }))
  await soon(
    () => text.includes('\r\n\r\n'),
    PATIENCE_MS,
    () => `${path} to be answered`,
  )
  // A second answer would come once the handshake is decided.
  await new Promise((resolve) => setTimeout(resolve, SLOW_MS * 2))
  socket.destroy()
  return text
}
