import type { Fault } from '@rollcall/shared-protocol'
import type { Access, Authorize } from './authorization'
import { Refusal } from './reply'
import { type HandlerLimits, runAuthorize } from './run-handler'
import type { SessionChannelContext } from './session-channel-context'

/** The membership that it is about. */
export interface AccessMembership {
  readonly isGone: boolean
  /** Ends it: the session may not be here any more. */
  removeWithFault(problem: Fault): void
}

/** What a session may do in a topic. */
export interface ChannelAccess {
  /** Whether it may say nothing. */
  readonly isReadOnly: boolean
  /** Whether nobody is told of it. */
  readonly isInvisible: boolean
  /** The session's identity is another one. */
  invalidate(): void
  /**
   * Has it decided for who the session is now, and does the one or the other: neither where the membership is over by
   * then. Never rejects, as long as those two do not.
   */
  decide<T>(
    onGranted: () => T | Promise<T>,
    onRefused: (refusal: Refusal) => T | Promise<T>,
  ): T | Promise<T> | Promise<T | undefined>
  /** Runs it once what the session may do is decided for who it is now; who may not stay is put out before that. (S-33) */
  whenDecided(run: () => void | Promise<void>): void | Promise<void>
}

/** Everybody may do everything: of channels without `authorize`. */
export const UNRESTRICTED: ChannelAccess = {
  isReadOnly: false,
  isInvisible: false,
  invalidate: () => {},
  decide: (onGranted) => onGranted(),
  whenDecided: (run) => run(),
}

/** As the application last decided it. */
export class DecidedAccess implements ChannelAccess {
  readonly #ctx: SessionChannelContext
  readonly #authorize: Authorize
  readonly #services: HandlerLimits
  readonly #membership: AccessMembership
  #isInvisible = false
  /** Whether it was decided for an identity that the session has no more. */
  #isStale = false

  constructor(
    ctx: SessionChannelContext,
    authorize: Authorize,
    services: HandlerLimits,
    membership: AccessMembership,
  ) {
    this.#ctx = ctx
    this.#authorize = authorize
    this.#services = services
    this.#membership = membership
  }

  get isReadOnly(): boolean {
    return this.#ctx.isReadOnly
  }

  get isInvisible(): boolean {
    return this.#isInvisible
  }

  invalidate(): void {
    this.#isStale = true
  }

  async decide<T>(
    onGranted: () => T | Promise<T>,
    onRefused: (refusal: Refusal) => T | Promise<T>,
  ): Promise<T | undefined> {
    const refusal = await this.#decide()
    if (this.#membership.isGone) return undefined
    return refusal ? onRefused(refusal) : onGranted()
  }

  whenDecided(run: () => void | Promise<void>): void | Promise<void> {
    return this.#isStale ? this.#conclude().then(run) : run()
  }

  async #conclude(): Promise<void> {
    if (this.#membership.isGone) return
    const refusal = await this.#decide()
    if (refusal && !this.#membership.isGone) this.#membership.removeWithFault(refusal.fault)
  }

  /** Resolves with why the session may not be here, or null. */
  async #decide(): Promise<Refusal | null> {
    let decision: Access | Refusal | null
    do {
      this.#isStale = false
      decision = await runAuthorize(this.#ctx, this.#authorize, this.#services)
      // It may have been outdated meanwhile.
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
    this.#services.log.warn({ topic, sessionId, code: problem.code }, problem.message)
  }
}
