// What a script of this repository starts ends with it, however often the script is told to end.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { at } from '../../scripts/lib/repository.mjs'

/** A script that runs a command which says its process id, and says so too when it ignores SIGTERM. */
const script = `
import { endCommandsOnSignal, runCommand } from ${JSON.stringify(at('scripts/lib/command.mjs'))}
endCommandsOnSignal()
const stubborn = "process.on('SIGTERM', () => console.log('ignored')); setInterval(() => {}, 1000); console.log(process.pid)"
await runCommand([process.execPath, '-e', stubborn], { timeoutMs: 60_000, live: true })
`

let commandId = 0

afterEach(() => {
  if (isAlive(commandId)) process.kill(commandId, 'SIGKILL')
})

test('a second signal does not leave a command behind that ignored the first one', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = await once(child.stdout, 'data')
  commandId = Number(String(said))
  const ended = once(child, 'exit')
  // Two signals that arrive together count as one.
  const ignored = once(child.stdout, 'data')
  child.kill('SIGTERM')
  await ignored
  child.kill('SIGTERM')
  await ended
  await expect.poll(() => isAlive(commandId), { timeout: 10_000 }).toBe(false)
})

function isAlive(id: number): boolean {
  if (id === 0) return false
  try {
    process.kill(id, 0)
    return true
  } catch {
    return false
  }
}
