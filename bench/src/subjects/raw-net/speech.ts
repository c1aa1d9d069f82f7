import { KeyedMirror } from '../keyed-mirror'
import type { Speech } from '../speech'

/** Nobody is told of anybody: whoever is connected gets what is published. */
export const rawSpeech: Speech = {
  target: () => '/',
  join: () => undefined,
  publish: (_topic, body) => body,
  count: () => undefined,
  mirror: () => new KeyedMirror(() => ({})),
}
