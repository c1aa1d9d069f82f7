import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folder of the demo that is built into the package, or null where it was left out. */
export function demoPage(): string | null {
  const folder = fileURLToPath(new URL('./demo', import.meta.url))
  return existsSync(folder) ? folder : null
}
