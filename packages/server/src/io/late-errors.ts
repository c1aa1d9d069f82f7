import type { EventEmitter } from 'node:events'

/**
 * Ignores the errors of an emitter, those after the first or after its end included. Without a listener each of them would
 * end the process. For emitters whose end is noticed otherwise, by `close` or a timeout. (S-76)
 */
export function ignoreErrors<E extends Pick<EventEmitter, 'on' | 'listeners'>>(emitter: E): E {
  if (!emitter.listeners('error').includes(ignore)) emitter.on('error', ignore)
  return emitter
}

function ignore(): void {}
