/** A pause, or an unpause, that Asterisk was told of. */
export interface IntendedPause {
  readonly paused: boolean
  readonly reason: string
}

/**
 * What agents' pauses will be as soon as Asterisk reports them. An agent is paused when Asterisk says so, not when
 * it was commanded (contracts/callcenter.md 5.5); a queue that is added between the command and the report must be
 * added with the pause that was commanded all the same.
 */
export class IntendedPauses {
  readonly #intended = new Map<string, IntendedPause & { readonly at: number }>()

  /** Asterisk is being told. Times in milliseconds since the epoch. */
  tell(agentId: string, pause: IntendedPause, at: number): void {
    this.#intended.set(agentId, { ...pause, at })
  }

  /** Asterisk reported a state of the agent, or the agent logged off, or Asterisk was not told after all. */
  settle(agentId: string, reported?: IntendedPause): void {
    const intended = this.#intended.get(agentId)
    if (intended === undefined) return
    if (reported === undefined || isSame(reported, intended)) this.#intended.delete(agentId)
  }

  /** Undefined: Asterisk has reported it, or will not: it does so within moments. */
  of(agentId: string, now: number): IntendedPause | undefined {
    const intended = this.#intended.get(agentId)
    if (intended === undefined) return undefined
    if (now - intended.at > patience) {
      this.#intended.delete(agentId)
      return undefined
    }
    return { paused: intended.paused, reason: intended.reason }
  }
}

/** The reason of an unpause means nothing. */
const isSame = (one: IntendedPause, other: IntendedPause): boolean =>
  one.paused === other.paused && (!one.paused || one.reason === other.reason)

/** In milliseconds. */
const patience = 5_000
