import { describe, expect, test } from 'vitest'
import { errorCodeIn } from './redis-port'

describe('[S-77] the code of a Redis error', () => {
  test.each([
    ['OOM command not allowed when used memory > maxmemory.', 'OOM'],
    ['NOAUTH Authentication required.', 'NOAUTH'],
    ['CLUSTERDOWN The cluster is down', 'CLUSTERDOWN'],
    ['LOADING', 'LOADING'],
    ['ERR unknown command', 'ERR'],
    ['connect ECONNREFUSED 127.0.0.1:6379', null],
    ['Connection is closed.', null],
    ['', null],
    [`${'A'.repeat(25)} is longer than any code`, null],
    ['SECRET-123 is no code', null],
  ])('%j: %j', (message, code) => expect(errorCodeIn(message)).toBe(code))
})
