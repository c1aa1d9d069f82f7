/** Where a tab keeps what it needs after a reload; `window.sessionStorage` fits. */
export interface TabStorage {
  getItem(name: string): string | null
  setItem(name: string, value: string): void
  removeItem(name: string): void
}

/** The page's own, or null where there is none or the page may not use it. */
export function systemTabStorage(): TabStorage | null {
  try {
    return globalThis.sessionStorage ?? null
  } catch {
    // A sandboxed page is refused with an exception.
    return null
  }
}
