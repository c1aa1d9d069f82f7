import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { PATIENCE_MS } from './patience'
import { statusesIn } from './write-until-closed'

/** As much as fits into `http.maxHeaderBytes`. */
const BYTES = 15_000
const REQUESTS = [
  `GET /index.html HTTP/1.1\r\nHost: x\r\nIf-None-Match: ${','.repeat(BYTES)}\r\n\r\n`,
  `GET /healthz?${'a&'.repeat(BYTES / 2)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET /socket/longpoll?vsn=2.0.0&${'a&'.repeat(BYTES / 2)} HTTP/1.1\r\nHost: x\r\n\r\n`,
]
/** Requests that each of these counts for. */
const COST = 15
/** The defaults of `admission.requestBurstPerAddress` and `admission.requestsPerSecondPerAddress`. */
const [BURST, PER_SECOND] = [5000, 1000]
const MOST_REQUESTS = 5000

export const attack = defineAttack({
  name: 'dear-requests',
  tries: 'sends requests of 15 KB that are made to be slow to read, as fast as its address may',
  async run(arena) {
    const localAddress = arena.newAddress()
    const startedMs = performance.now()
    const statuses: number[] = []
    while (statuses.at(-1) !== 429 && statuses.length < MOST_REQUESTS) {
      const request = REQUESTS[statuses.length % REQUESTS.length] ?? ''
      statuses.push(await ask(request))
    }
    return { statuses, seconds: (performance.now() - startedMs) / 1000 }

    async function ask(request: string): Promise<number> {
      const socket = await arena.tcp(localAddress)
      assert.ok(socket, 'There is no connection to be had.')
      let answer = ''
      return new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('There was no answer.')), PATIENCE_MS)
        const settle = () => {
          clearTimeout(timer)
          socket.destroy()
          resolve(statusesIn(answer)[0] ?? 0)
        }
        socket.once('close', settle)
        socket.on('data', (chunk) => {
          answer += chunk.toString('latin1')
          if (answer.includes('\r\n\r\n')) settle()
        })
        socket.write(request)
      })
    }
  },
  check({ statuses, seconds }) {
    assert.equal(statuses.pop(), 429)
    for (const status of statuses) assert.ok([200, 400, 404].includes(status), `answered with ${status}`)
    const most = Math.ceil((BURST + PER_SECOND * seconds) / COST) + 1
    assert.ok(statuses.length <= most, `${statuses.length} requests were answered, where ${most} may be`)
    return `429 after ${statuses.length} requests, as each counts for ${COST}; 400 for thousands of params`
  },
})
