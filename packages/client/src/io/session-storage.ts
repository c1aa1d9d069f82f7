/** A storage that survives a reload of the page, such as `window.sessionStorage`. */
export interface TabStorage {
  getItem(name: string): string | null
  setItem(name: string, value: string): void
  removeItem(name: string): void
}

/**
 * The storage of the tab's own page; null if there is none or the page must not use it. Also null in an iframe, which
 * shares the storage with the page around it and would take over that page's session, and without a page: the
 * `sessionStorage` of Node 26 and Deno belongs to the whole process. (C-41)
 */
export function systemTabStorage(): TabStorage | null {
  try {
    const isTab = typeof document !== 'undefined' && globalThis.top === globalThis.self
    // Read only in a tab, because reading Node's prints a warning.
    return isTab ? (globalThis.sessionStorage ?? null) : null
  } catch {
    // In a sandboxed page, reading it throws.
    return null
  }
}
