/** Where a tab keeps what it needs after a reload; `window.sessionStorage` fits. */
export interface TabStorage {
  getItem(name: string): string | null
  setItem(name: string, value: string): void
  removeItem(name: string): void
}

/**
 * The page's own, or null where there is none or the page may not use it. Also null in an iframe, which has one storage
 * with the page around it and would take that page's session over; and where no page is, since the `sessionStorage` of
 * Node 26 and Deno is that of the whole process.
 */
export function systemTabStorage(): TabStorage | null {
  try {
    const isTab = typeof document !== 'undefined' && globalThis.top === globalThis.self
    // Not read before: to look at Node's prints a warning.
    return isTab ? (globalThis.sessionStorage ?? null) : null
  } catch {
    // A sandboxed page is refused with an exception.
    return null
  }
}
