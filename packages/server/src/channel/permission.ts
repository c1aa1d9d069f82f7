import type { Access, Authorize } from './authorization'
import type { LiveContext } from './live-context'
import { Refusal } from './reply'
import { type RunCallContext, runAuthorize } from './run-call'

/** What a session may do in a topic, as the application last decided it. Only where the channel has an `authorize`. */
export class Permission {
  readonly #ctx: LiveContext
  readonly #authorize: Authorize
  readonly #services: RunCallContext
  readonly #membership: { readonly isGone: boolean }
  #isReadOnly = false
  #isOutdated = false

  constructor(
    ctx: LiveContext,
    authorize: Authorize,
    services: RunCallContext,
    membership: { readonly isGone: boolean },
  ) {
    this.#ctx = ctx
    this.#authorize = authorize
    this.#services = services
    this.#membership = membership
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly
  }

  /** Whether it was decided for an identity that the session has no more. */
  get isOutdated(): boolean {
    return this.#isOutdated
  }

  /** The session's identity is another one. */
  outdate(): void {
    this.#isOutdated = true
  }

  /** Has it decided for who the session is now. Resolves with why it may not be here, or null. Never rejects. */
  async decide(): Promise<Refusal | null> {
    let decision: Access | Refusal | null
    do {
      this.#isOutdated = false
      decision = await runAuthorize(this.#ctx, this.#authorize, this.#services)
      // It may have been outdated meanwhile.
    } while (this.#isOutdated && !this.#membership.isGone)
    if (decision instanceof Refusal) return decision
    if (!this.#membership.isGone) this.#grant(decision)
    return null
  }

  #grant(access: Access | null): void {
    this.#isReadOnly = access?.readOnly ?? false
    if (access?.invisible) return this.#ctx.hide()
    const problem = this.#ctx.show()
    if (!problem) return
    const { topic, sessionId } = this.#ctx
    this.#services.log.warn({ topic, sessionId, code: problem.code }, problem.message)
  }
}
