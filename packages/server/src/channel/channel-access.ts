import type { Fault } from '@rollcall/shared-protocol'
import { type Access, type Authorize, type AuthorizeContext, checkAuthorization } from './authorization'
import { Refusal } from './reply'
import { type HandlerLimits, runSafely } from './run-handler'
import type { SessionChannelContext } from './session-channel-context'

/** The channel whose access is decided. */
export interface AccessMembership {
  readonly isGone: boolean
  /** Ends the channel because the session is no longer allowed in the topic. */
  removeWithFault(problem: Fault): void
}

/** A session's permission in a topic, as the application's `authorize` last decided it. */
export class ChannelAccess {
  readonly #ctx: SessionChannelContext
  readonly #authorize: Authorize
  readonly #limits: HandlerLimits
  readonly #membership: AccessMembership
  #isInvisible = false
  /** Whether the session's identity has changed since the last decision. */
  #isStale = false

  constructor(
    ctx: SessionChannelContext,
    authorize: Authorize,
    limits: HandlerLimits,
    membership: AccessMembership,
  ) {
    this.#ctx = ctx
    this.#authorize = authorize
    this.#limits = limits
    this.#membership = membership
  }

  /** Whether others do not see the session. */
  get isInvisible(): boolean {
    return this.#isInvisible
  }

  /** Makes {@link whenDecided} ask the application again. Call it when the session's identity has changed. */
  invalidate(): void {
    this.#isStale = true
  }

  /**
   * Asks the application for the session's current identity, then calls one of the two functions. Calls neither if the
   * channel is gone by then. Rejects only if they do.
   */
  async decide<T>(
    onGranted: () => T | Promise<T>,
    onRefused: (refusal: Refusal) => T | Promise<T>,
  ): Promise<T | undefined> {
    const refusal = await this.#decide()
    if (this.#membership.isGone) return undefined
    return refusal ? onRefused(refusal) : onGranted()
  }

  /** Runs a task, after a new decision if the identity has changed. A refused session is removed before the task. (S-33) */
  whenDecided(run: () => void | Promise<void>): void | Promise<void> {
    return this.#isStale ? this.#conclude().then(run) : run()
  }

  async #conclude(): Promise<void> {
    if (this.#membership.isGone) return
    const refusal = await this.#decide()
    if (refusal && !this.#membership.isGone) this.#membership.removeWithFault(refusal.fault)
  }

  /** Resolves with the refusal, or null. */
  async #decide(): Promise<Refusal | null> {
    let decision: Access | Refusal | null
    do {
      this.#isStale = false
      decision = await runAuthorize(this.#ctx, this.#authorize, this.#limits)
      // The loop asks again if the identity has changed meanwhile.
    } while (this.#isStale && !this.#membership.isGone)
    if (decision instanceof Refusal) return decision
    if (!this.#membership.isGone) this.#grant(decision)
    return null
  }

  #grant(access: Access | null): void {
    this.#ctx.setReadOnly(access?.readOnly ?? false)
    this.#isInvisible = access?.invisible ?? false
    if (access?.invisible) return this.#ctx.hide()
    const problem = this.#ctx.show()
    if (!problem) return
    const { topic, sessionId } = this.#ctx
    this.#limits.log.warn({ topic, sessionId, code: problem.code }, problem.message)
  }
}

/** Calls {@link ChannelAccess.decide}, or `onGranted` where everything is allowed. */
export function decide<T>(
  access: ChannelAccess | null,
  onGranted: () => T | Promise<T>,
  onRefused: (refusal: Refusal) => T | Promise<T>,
): T | Promise<T> | Promise<T | undefined> {
  return access ? access.decide(onGranted, onRefused) : onGranted()
}

/** Calls {@link ChannelAccess.whenDecided}, or `run` where everything is allowed. */
export function whenDecided(
  access: ChannelAccess | null,
  run: () => void | Promise<void>,
): void | Promise<void> {
  return access ? access.whenDecided(run) : run()
}

/** Resolves with the application's decision in time; null allows everything. */
async function runAuthorize(
  ctx: AuthorizeContext,
  authorize: Authorize,
  limits: HandlerLimits,
): Promise<Access | Refusal | null> {
  return runSafely<unknown, Access | Refusal | null>(
    ctx,
    'authorize',
    () => authorize(ctx),
    checkAuthorization,
    limits,
  )
}
