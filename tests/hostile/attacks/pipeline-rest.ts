import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { statusesIn, writeUntilClosed } from './write-until-closed'

/** A read of the socket, full of the shortest requests. */
const BLOCK = 'GET / HTTP/1.1\r\nHost:x\r\n\r\n'.repeat(2400)
const AT_ONCE = 8
const ROUNDS = 10
/** The default of `http.maxPipelined`. */
const MOST_ANSWERS = 32

export const attack = defineAttack({
  name: 'pipeline-rest',
  tries: 'opens connections one after the other, each with thousands of requests at once',
  async run(arena) {
    const answers: string[] = []
    const flood = async () => {
      for (let i = 0; i < ROUNDS; i++)
        answers.push((await writeUntilClosed(arena, arena.newAddress(), '', BLOCK)).answer)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, flood))
    return answers
  },
  check(answers) {
    for (const answer of answers) assert.ok(statusesIn(answer).length <= MOST_ANSWERS)
    return `${answers.length} connections, each closed with the rest of its requests unread (http.maxPipelined)`
  },
})
