import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimeCommand } from '../../../scripts/lib/runtimes.mjs'
import { handMadeToken, nowSeconds } from '../../hostile/attacks/jwt'
import { soon } from '../../hostile/support/soon'
import { CLIENT_CHECKS, type Surroundings } from '../programs/client-checks.mts'
import { BOTS, type Given, JWT_SECRET } from './servers'

interface Result {
  readonly name: string
  readonly error: string | null
}

const PROGRAM_MS = 240_000
/** From its last check on. */
const END_MS = 20_000

/** The client on the runtime: a program of plain checks, each of which is a test here. */
export function clientChecks(given: Given): void {
  describe('the client', () => {
    const results = new Map<string, Result>()
    let said = ''
    let child: ChildProcess

    beforeAll(async () => {
      const { runtime, application, open, strict, redis } = given()
      const [program = '', ...flags] = runtimeCommand(runtime)
      const token = handMadeToken({ sub: 'ada', exp: nowSeconds() + 600 }, JWT_SECRET)
      const setUp: Surroundings = {
        port: open.port,
        strictPort: strict.port,
        bots: BOTS,
        redis: redis.url,
        token,
      }
      const args = [...flags, join(application, 'client.mjs'), JSON.stringify(setUp)]
      child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: application })
      let output = ''
      child.stdout?.on('data', (chunk) => {
        output += chunk
      })
      child.stderr?.on('data', (chunk) => {
        said += chunk
      })
      const isDone = () => output.includes('"name":"done"') || child.exitCode !== null
      await soon(isDone, PROGRAM_MS, () => `the checks to be through:\n${output}\n${said}`)
      for (const line of output.trim().split('\n')) {
        if (!line.startsWith('{')) continue
        const result: Result = JSON.parse(line)
        results.set(result.name, result)
      }
    }, PROGRAM_MS + 5000)

    afterAll(() => void child?.kill('SIGKILL'))

    test.each(Object.keys(CLIENT_CHECKS))('%s', (name) => {
      expect(results.get(name) ?? `did not run: ${said}`).toMatchObject({ error: null })
    })

    test('keeps its process from ending no longer than it is connected', async () => {
      if (child.exitCode === null) await once(child, 'exit', { signal: AbortSignal.timeout(END_MS) })
      expect([child.exitCode, said]).toEqual([0, ''])
    })
  })
}
