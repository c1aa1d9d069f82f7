/*
 * Text that all tabs share and that stays after a reload. If the browser refuses storage (private windows, strict
 * settings), the text stays in memory while the page is open.
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

/** Calls the listeners of this tab. The browser calls those of the other tabs. */
export function writeStored(name: string, text: string): void {
  try {
    localStorage.setItem(name, text)
    memory.delete(name)
  } catch {
    memory.set(name, text)
  }
  for (const listener of [...listeners]) listener()
}

/** Calls a listener when a stored text may have changed, in this tab or another. */
export function subscribeStored(listener: () => void): () => void {
  listeners.add(listener)
  window.addEventListener('storage', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('storage', listener)
  }
}
