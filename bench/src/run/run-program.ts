import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { within } from '../measure/deadline'
import { adopt, end } from './children'
import { program } from './programs'

/** Runs one of the bench's programs to its end, and resolves with what it printed. */
export async function runProgram(name: string, args: readonly string[], timeoutMs: number): Promise<string> {
  const child = spawn(process.execPath, [program(name), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  adopt(child)
  const exited = new Promise<number | null>((resolve) => {
    child.once('close', resolve)
  })
  try {
    const [output, code] = await within(timeoutMs, name, Promise.all([text(child.stdout), exited]))
    if (code !== 0) throw new Error(`${name} has ended with exit code ${code}.`)
    return output
  } finally {
    await end(child)
  }
}
