import assert from 'node:assert/strict'
import { hostileTexts } from '../support/hostile-texts'
import { defineAttack } from './attack'

/** As much as fits into `http.maxHeaderBytes` beside the rest of a handshake. */
const BYTES = 14_000
/** What a stranger may choose, as far as it is looked at. */
const STARTS = [
  'Sec-WebSocket-Extensions',
  'Sec-WebSocket-Protocol',
  'Origin',
  'X-Forwarded-For',
  'Cookie',
] as const
/** Sixty handshakes of the dearest kind took twenty seconds. */
const MOST_MS_EACH = 50

export const attack = defineAttack({
  name: 'dear-headers',
  tries: 'shakes hands with headers of 14 KB that are made to be slow to search',
  async run(arena) {
    // Only what a header can carry.
    const texts = hostileTexts(BYTES).filter((text) => /^[\x20-\x7e]+$/.test(text))
    const statuses = new Set<number>()
    let count = 0
    const startedMs = performance.now()
    for (const name of STARTS) {
      for (const text of texts) {
        const outcome = await arena.dial({ token: arena.token(), headers: { [name]: `x;a${text}` } })
        if ('status' in outcome) statuses.add(outcome.status)
        else outcome.destroy()
        count++
      }
    }
    return { statuses, count, eachMs: (performance.now() - startedMs) / count }
  },
  check({ statuses, count, eachMs }) {
    for (const status of statuses) assert.ok([400, 403, 404].includes(status), `answered with ${status}`)
    assert.ok(eachMs < MOST_MS_EACH, `${eachMs.toFixed(0)} ms for each of ${count} handshakes`)
    return `${count} handshakes, none much slower than others; 101, ${[...statuses].join(', ')}`
  },
})
