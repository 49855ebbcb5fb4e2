import type { Outcome } from "./outcome.ts"

/**
 * A way of reacting to events: what the `service` of a subscription names (contracts/webhooks.md 1). `http` and
 * `mobile` are the first two; others come with a module in the folder of `STROWGER_PLUGIN_DIR` whose export `plugin`
 * is a `HookPlugin`. TypeScript runs as it is; nothing of the project needs to be imported but these types.
 *
 * **Details**
 * - Queue, retries, breaker, logs and policy of a subscription are those of every service.
 * - `run` makes one attempt and says how it ended. What it throws is an attempt that may be tried again; so is one
 *   that takes longer than a minute, whose `signal` is then aborted.
 * - All nodes must have the same plugins: a hook of a service that a node does not have is dropped there, with a
 *   warning.
 */
export interface HookService {
  /** As subscriptions name it: up to 128 characters. */
  readonly name: string
  readonly run: (attempt: HookAttempt) => Promise<Outcome>
  /** Shown by `GET /status` under the service's name. */
  readonly status?: () => "ok" | "fail"
}

/** What a module of the plugin folder exports as `plugin`. */
export interface HookPlugin {
  readonly name: string
  readonly hookServices: ReadonlyArray<HookService>
}

/** One attempt of a hook. */
export interface HookAttempt {
  /** Of the hook: the same on every attempt, so that a receiver can tell a repetition. */
  readonly uuid: string
  /** From 1. */
  readonly number: number
  readonly eventName: string
  /** The event as it was published: its headers, and the payload under `data`. */
  readonly event: Readonly<Record<string, unknown>>
  /** The subscription's `config`, as of the moment the event matched. */
  readonly config: Readonly<Record<string, string>>
  readonly subscription: {
    readonly uuid: string
    readonly name: string
    readonly tenantUuid: string
    readonly ownerUserUuid: string | null
    readonly eventsUserUuid: string | null
  }
  /** The headers of the subscription's policy. */
  readonly headers: Readonly<Record<string, string>>
  /** The headers of Standard Webhooks for a body that is sent now; no signature when the policy wants none. */
  readonly sign: (body: Buffer) => Readonly<Record<string, string>>
  /** Aborted when the attempt must end. */
  readonly signal: AbortSignal
}
