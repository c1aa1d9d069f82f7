import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves once it holds, which is looked at every few milliseconds; throws, and says what it waited for. */
export async function soon(holds: () => boolean, withinMs: number, what: () => string): Promise<void> {
  const giveUpMs = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() > giveUpMs) throw new Error(`Waited ${withinMs} ms for ${what()}.`)
    await sleep(5)
  }
}
