import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { statusesIn, writeUntilClosed } from './write-until-closed'

const REQUESTS = ['GET / HTTP/1.1\r\nHost: x\r\nExpect: x\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n']
const CONNECTIONS = 40
/** The default of `http.maxPipelined`. */
const MOST_ANSWERS = 32

export const attack = defineAttack({
  name: 'expect-flood',
  tries: 'sends requests without end that Node would answer itself: with an unknown Expect, and without Host',
  async run(arena) {
    const answers: (readonly number[])[] = []
    for (const request of REQUESTS) {
      for (let i = 0; i < CONNECTIONS; i++) {
        const block = request.repeat(1000)
        answers.push(statusesIn((await writeUntilClosed(arena, arena.newAddress(), '', block)).answer))
      }
    }
    return answers
  },
  check(answers) {
    for (const statuses of answers) {
      assert.ok(statuses.length <= MOST_ANSWERS, `${statuses.length} requests of a connection were answered`)
      for (const status of statuses) assert.ok([400, 417].includes(status), `answered with ${status}`)
    }
    return `${answers.length} connections, each closed at the first answer or before it (http.maxPipelined)`
  },
})
