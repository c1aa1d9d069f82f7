// Runs the client's checks. Its first argument is JSON: what they are given. Prints a line of JSON for each, and then
// has nothing more to do: that it ends by itself is a check of its own.
import process from 'node:process'
import { CLIENT_CHECKS, type Surroundings } from './client-checks.mts'

const given: Surroundings = JSON.parse(process.argv[2] ?? '')
for (const [name, check] of Object.entries(CLIENT_CHECKS)) {
  const startedMs = performance.now()
  let error: string | null = null
  try {
    await check(given)
  } catch (thrown) {
    error = thrown instanceof Error ? String(thrown.stack) : String(thrown)
  }
  process.stdout.write(`${JSON.stringify({ name, error, ms: Math.round(performance.now() - startedMs) })}\n`)
}
process.stdout.write(`${JSON.stringify({ name: 'done', error: null })}\n`)
