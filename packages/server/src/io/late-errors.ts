import type { EventEmitter } from 'node:events'

/**
 * Ignores all errors of an emitter, even after its end. Without a listener, any of them would end the process. Use it only
 * for emitters whose end you notice in another way, by `close` or a timeout. (S-76)
 */
export function ignoreErrors<E extends Pick<EventEmitter, 'on' | 'listeners'>>(emitter: E): E {
  if (!emitter.listeners('error').includes(ignore)) emitter.on('error', ignore)
  return emitter
}

function ignore(): void {}
