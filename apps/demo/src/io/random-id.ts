import { idFromBytes } from '../model/identity'

/** An id that nobody else has. Not `randomUUID`: over plain http it exists only on localhost. */
export function randomId(): string {
  return idFromBytes(crypto.getRandomValues(new Uint8Array(16)))
}
