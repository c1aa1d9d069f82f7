/*
 * Text that outlives the page and is shared by its tabs. A browser may refuse storage altogether (private windows,
 * strict settings): then it is kept in memory, and the page works for as long as it is open.
 */

const memory = new Map<string, string>()
const listeners = new Set<() => void>()

export function readStored(name: string): string | null {
  try {
    return localStorage.getItem(name) ?? memory.get(name) ?? null
  } catch {
    return memory.get(name) ?? null
  }
}

/** Tells this tab's listeners; the browser tells those of the other tabs. */
export function writeStored(name: string, text: string): void {
  try {
    localStorage.setItem(name, text)
    memory.delete(name)
  } catch {
    memory.set(name, text)
  }
  for (const listener of [...listeners]) listener()
}

/** Calls when something stored may have changed, here or in another tab. */
export function subscribeStored(listener: () => void): () => void {
  listeners.add(listener)
  window.addEventListener('storage', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('storage', listener)
  }
}
