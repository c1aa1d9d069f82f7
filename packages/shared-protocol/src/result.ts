import type { Fault } from './fault'

/** What came of handling untrusted input: a value, or the fault to answer with. Never an exception. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: Fault }

export function success<T>(value: T): Result<T> {
  return { ok: true, value }
}

export function failure(fault: Fault): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault }
}
