/** More than any chain of promises in here is long. */
const TURNS = 100

/** Lets everything that waits in the microtask queue run, and what that sets going. */
export async function passTurns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await Promise.resolve()
}
