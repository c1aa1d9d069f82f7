import { RunningMachine } from '../async/running-machine'
import { ResettableTimer } from '../async/timer'
import type { ResolvedSocketOptions } from '../options'
import {
  type HeartbeatEffect,
  type HeartbeatEvent,
  type HeartbeatState,
  INITIAL_HEARTBEAT,
  stepHeartbeat,
} from './heartbeat-machine'

/** Notices a server that went silent. Its timer keeps a Node program alive, as an open socket does. */
export class Heartbeat {
  readonly #machine: RunningMachine<HeartbeatState, HeartbeatEvent, HeartbeatEffect>

  constructor(
    { clock, heartbeatIntervalMs, heartbeatTimeoutMs }: ResolvedSocketOptions,
    isSteady: boolean,
    beat: () => void,
    timedOut: () => void,
  ) {
    const timer = new ResettableTimer(clock, () => this.dispatch('due'))
    this.#machine = new RunningMachine<HeartbeatState, HeartbeatEvent, HeartbeatEffect>(
      INITIAL_HEARTBEAT,
      (state, event) =>
        stepHeartbeat(state, event, {
          now: clock.now(),
          intervalMs: heartbeatIntervalMs,
          timeoutMs: heartbeatTimeoutMs,
          isSteady,
        }),
      (effect) => {
        if (effect.kind === 'setTimer') timer.set(effect.delayMs)
        else if (effect.kind === 'beat') beat()
        else timedOut()
      },
    )
  }

  dispatch(kind: HeartbeatEvent['kind']): void {
    this.#machine.dispatch({ kind })
  }
}
