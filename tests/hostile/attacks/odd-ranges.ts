import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { scriptOf, visit } from './page-visit'

const RANGES = [
  'bytes=5-2',
  'bytes=-5--9',
  'bytes=0-99999999999999999999',
  'bytes=1e9-2',
  'bytes=NaN-Infinity',
  'bytes',
  '',
  `bytes=${'0-0,'.repeat(3000)}1-1`,
]
const PATHS = ['/%', '/%E0%A4%A', '/%00', '/..%2f..%2fetc/passwd', '//', '/constructor', '/.env']

export const attack = defineAttack({
  name: 'odd-ranges',
  tries: 'asks for parts of the page that are none, and for paths that lead elsewhere',
  async run(arena) {
    const path = await scriptOf(arena)
    const whole = await visit(arena, path)
    const ranges = []
    for (const range of RANGES) ranges.push(await visit(arena, path, `Range: ${range}`))
    const others = []
    for (const other of PATHS) others.push(await visit(arena, other))
    return { whole, ranges, others }
  },
  check({ whole, ranges, others }) {
    assert.equal(whole.status, 200)
    assert.ok(whole.body.length > 100_000, `${whole.body.length} bytes`)
    for (const { status, body } of ranges) {
      assert.equal(status, 200)
      assert.ok(body === whole.body, `${body.length} bytes instead of ${whole.body.length}`)
    }
    for (const { status } of others) assert.equal(status, 404)
    return '200, the whole file; 404'
  },
})
