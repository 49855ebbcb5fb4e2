/** How an attempt ended (contracts/webhooks.md 7.2). */
export interface Outcome {
  /**
   * `retry`: another attempt may help; `permanent`: none will; `postponed`: nothing was tried, the hook comes again
   * after `retryAfter` seconds and the attempt does not count.
   */
  readonly class: "success" | "retry" | "permanent" | "postponed"
  /** The detail of the log row (contracts/webhooks.md 7.6 and 10.2). */
  readonly detail: Readonly<Record<string, unknown>>
  readonly statusCode?: number
  readonly error?: string
  /** Seconds that the receiver asks to be left alone. */
  readonly retryAfter?: number
  /** What the receiver asked for in `webhook-delivery`. */
  readonly wish?: "abort-message" | "disable"
}

/** An attempt that no later attempt can mend. */
export const permanent = (error: string, more: Readonly<Record<string, unknown>> = {}): Outcome => ({
  class: "permanent",
  detail: { error, ...more },
  error
})

/** An attempt that failed in a way that may pass. */
export const failed = (error: string): Outcome => ({ class: "retry", detail: { error }, error })
