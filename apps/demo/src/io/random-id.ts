import { idFromBytes } from '../model/identity'

/** A unique id. Not by `randomUUID`, which over plain http exists only on localhost. */
export function randomId(): string {
  return idFromBytes(crypto.getRandomValues(new Uint8Array(16)))
}
