import { assign, enqueueActions, setup } from "xstate"

/** Whose subscription it is, for the notices about it. */
export interface SubscriptionIdentity {
  readonly uuid: string
  readonly name: string
  readonly tenantUuid: string
  readonly ownerUserUuid: string | null
}

/** What the dispatcher, the receiver or an administrator says. Times in milliseconds since the epoch. */
export type SubscriptionEvent =
  | {
      type: "attemptsFailed"
      subscription: SubscriptionIdentity
      at: number
      /** Attempts that failed together. */
      attempts: number
      /** How many of them were the first of their hook. */
      hooks: number
    }
  | { type: "attemptSucceeded"; subscription: SubscriptionIdentity; at: number }
  | { type: "exhausted"; subscription: SubscriptionIdentity; deliveryUuid: string; reason: string }
  | { type: "enable"; subscription: SubscriptionIdentity }
  | { type: "disable"; subscription: SubscriptionIdentity; reason: string }

/** Some seconds of attempts. */
interface Span {
  readonly from: number
  readonly failures: number
  readonly successes: number
}

export interface SubscriptionContext {
  /** Known from the first event on. */
  readonly subscription: SubscriptionIdentity | null
  /** Failed attempts since the last success. */
  readonly consecutiveFailures: number
  readonly firstFailureAt: number | null
  readonly lastSuccessAt: number | null
  /** Hooks that failed since the last success. */
  readonly failedHooks: number
  /** The last five minutes. */
  readonly recent: ReadonlyArray<Span>
  /** How often the breaker opened since it was last closed. */
  readonly openings: number
  readonly disabledReason: string | null
}

/** What is written and told of a change. */
export type SubscriptionEmitted =
  | { readonly type: "breaker"; readonly state: "closed" | "open" | "half_open" }
  | { readonly type: "failing"; readonly failing: boolean }
  | { readonly type: "enabled"; readonly enabled: boolean }
  | {
      readonly type: "notice"
      readonly name:
        | "webhookd_subscription_disabled"
        | "webhookd_subscription_enabled"
        | "webhookd_delivery_exhausted"
        | "webhookd_breaker_opened"
        | "webhookd_breaker_closed"
      readonly subscription: SubscriptionIdentity
      readonly reason: string
      readonly deliveryUuid?: string
    }

/** When the breaker opens and when a subscription is given up (contracts/webhooks.md 15.7). */
export interface BreakerRules {
  readonly enabled: boolean
  readonly consecutive: number
  readonly consecutiveMillis: number
  readonly ratio: number
  readonly ratioAttempts: number
  readonly ratioMillis: number
  readonly coolDownMillis: number
  readonly longestCoolDownMillis: number
  /** 0: never. */
  readonly disableMillis: number
  readonly disableHooks: number
}

/** The contract's own figures. */
export const breakerRules: BreakerRules = {
  enabled: true,
  consecutive: 20,
  consecutiveMillis: 60_000,
  ratio: 0.7,
  ratioAttempts: 20,
  ratioMillis: 300_000,
  coolDownMillis: 30_000,
  longestCoolDownMillis: 600_000,
  disableMillis: 120 * 3_600_000,
  disableHooks: 10
}

/** The last five minutes are kept in spans of this fraction. */
const spans = 30

const healthy = {
  consecutiveFailures: 0,
  firstFailureAt: null,
  failedHooks: 0,
  recent: [],
  openings: 0
}

/** Attempts that ended: none failed means one success. */
interface Ended {
  readonly at: number
  readonly attempts: number
  readonly hooks: number
}

const endedOf = (event: SubscriptionEvent): Ended | undefined => {
  if (event.type === "attemptsFailed") return event
  return event.type === "attemptSucceeded" ? { at: event.at, attempts: 0, hooks: 0 } : undefined
}

/** The context after attempts. */
const counted = (rules: BreakerRules, context: SubscriptionContext, { at, attempts, hooks }: Ended) => {
  const kept = context.recent.filter(({ from }) => from > at - rules.ratioMillis)
  const last = kept.at(-1)
  const open = last !== undefined && at < last.from + rules.ratioMillis / spans
  const span = open ? last : { from: at, failures: 0, successes: 0 }
  const failed = attempts > 0
  const next = {
    from: span.from,
    failures: span.failures + attempts,
    successes: span.successes + (failed ? 0 : 1)
  }
  return {
    recent: [...(open ? kept.slice(0, -1) : kept), next],
    consecutiveFailures: failed ? context.consecutiveFailures + attempts : 0,
    firstFailureAt: failed ? (context.firstFailureAt ?? at) : null,
    failedHooks: failed ? context.failedHooks + hooks : 0,
    lastSuccessAt: failed ? context.lastSuccessAt : at
  }
}

/** Whether these failures open the breaker. */
const trips = (rules: BreakerRules, context: SubscriptionContext, ended: Ended): boolean => {
  const { consecutiveFailures, firstFailureAt, recent } = counted(rules, context, ended)
  if (!rules.enabled) return false
  if (
    consecutiveFailures >= rules.consecutive &&
    ended.at - (firstFailureAt ?? ended.at) >= rules.consecutiveMillis
  ) {
    return true
  }
  const failures = recent.reduce((sum, span) => sum + span.failures, 0)
  const all = recent.reduce((sum, span) => sum + span.failures + span.successes, 0)
  return all >= rules.ratioAttempts && failures >= rules.ratio * all
}

/** Whether nothing but failures came for so long that the subscription is given up. */
const isHopeless = (rules: BreakerRules, context: SubscriptionContext, ended: Ended): boolean => {
  const { firstFailureAt, failedHooks } = counted(rules, context, ended)
  return (
    rules.disableMillis > 0 &&
    failedHooks >= rules.disableHooks &&
    ended.at - (firstFailureAt ?? ended.at) >= rules.disableMillis
  )
}

/**
 * The life of a subscription (contracts/webhooks.md 15.7): enabled, with a circuit breaker that keeps a failing
 * receiver from being called, or disabled with a reason. It calls nobody: what it emits is what the dispatcher goes
 * by.
 */
export const subscriptionMachineWith = (rules: BreakerRules) =>
  setup({
    types: {
      context: {} as SubscriptionContext,
      events: {} as SubscriptionEvent,
      emitted: {} as SubscriptionEmitted
    },
    delays: {
      coolDown: ({ context }) =>
        Math.min(rules.coolDownMillis * 2 ** Math.max(0, context.openings - 1), rules.longestCoolDownMillis)
    },
    guards: {
      trips: ({ context, event }) => event.type === "attemptsFailed" && trips(rules, context, event),
      hopeless: ({ context, event }) => event.type === "attemptsFailed" && isHopeless(rules, context, event)
    },
    actions: {
      know: assign({ subscription: ({ event }) => event.subscription }),
      count: enqueueActions(({ context, event, enqueue }) => {
        const ended = endedOf(event)
        if (ended === undefined) return
        const failed = ended.attempts > 0
        const wasFailing = context.consecutiveFailures > 0
        enqueue.assign(counted(rules, context, ended))
        if (failed !== wasFailing) enqueue.emit({ type: "failing", failing: failed })
      }),
      open: enqueueActions(({ context, enqueue }) => {
        enqueue.assign({ openings: context.openings + 1 })
        enqueue.emit({ type: "breaker", state: "open" })
      }),
      tellOpened: enqueueActions(({ context, enqueue }) => {
        const { subscription } = context
        if (subscription === null) return
        enqueue.emit({
          type: "notice",
          name: "webhookd_breaker_opened",
          subscription,
          reason: "too many failures"
        })
      }),
      probe: enqueueActions(({ enqueue }) => enqueue.emit({ type: "breaker", state: "half_open" })),
      close: enqueueActions(({ context, enqueue }) => {
        enqueue.emit({ type: "breaker", state: "closed" })
        const { subscription } = context
        if (subscription === null) return
        enqueue.emit({
          type: "notice",
          name: "webhookd_breaker_closed",
          subscription,
          reason: "the receiver answers again"
        })
      }),
      heal: enqueueActions(({ enqueue }) => {
        enqueue.assign({ ...healthy, disabledReason: null })
        enqueue.emit({ type: "breaker", state: "closed" })
        enqueue.emit({ type: "failing", failing: false })
      }),
      disable: enqueueActions(({ event, enqueue }) => {
        const reason =
          event.type === "disable"
            ? event.reason
            : `only failures for ${rules.disableMillis / 3_600_000} hours`
        const { subscription } = event
        enqueue.assign({ disabledReason: reason })
        enqueue.emit({ type: "enabled", enabled: false })
        enqueue.emit({ type: "notice", name: "webhookd_subscription_disabled", subscription, reason })
      }),
      enable: enqueueActions(({ event, enqueue }) => {
        const { subscription } = event
        enqueue.emit({ type: "enabled", enabled: true })
        enqueue.emit({
          type: "notice",
          name: "webhookd_subscription_enabled",
          subscription,
          reason: "enabled by an administrator"
        })
      }),
      tellExhausted: enqueueActions(({ event, enqueue }) => {
        if (event.type !== "exhausted") return
        const { subscription, reason, deliveryUuid } = event
        enqueue.emit({
          type: "notice",
          name: "webhookd_delivery_exhausted",
          subscription,
          reason,
          deliveryUuid
        })
      })
    }
  }).createMachine({
    id: "subscription",
    context: { ...healthy, subscription: null, lastSuccessAt: null, disabledReason: null },
    initial: "enabled",
    on: { exhausted: { actions: ["know", "tellExhausted"] } },
    states: {
      enabled: {
        initial: "closed",
        on: {
          disable: { target: "disabled", actions: ["know", "disable"] },
          enable: { target: ".closed", actions: ["know", "heal"] },
          attemptsFailed: [
            { guard: "hopeless", target: "disabled", actions: ["know", "count", "disable"] },
            { actions: ["know", "count"] }
          ],
          attemptSucceeded: { actions: ["know", "count"] }
        },
        states: {
          closed: {
            on: {
              attemptsFailed: [
                {
                  guard: "hopeless",
                  target: "#subscription.disabled",
                  actions: ["know", "count", "disable"]
                },
                { guard: "trips", target: "open", actions: ["know", "count", "tellOpened"] },
                { actions: ["know", "count"] }
              ]
            }
          },
          open: {
            entry: "open",
            after: { coolDown: "halfOpen" }
          },
          halfOpen: {
            entry: "probe",
            on: {
              attemptsFailed: [
                {
                  guard: "hopeless",
                  target: "#subscription.disabled",
                  actions: ["know", "count", "disable"]
                },
                { target: "open", actions: ["know", "count"] }
              ],
              attemptSucceeded: {
                target: "closed",
                actions: ["know", "count", "close", assign({ openings: 0, recent: [] })]
              }
            }
          }
        }
      },
      disabled: {
        on: {
          enable: { target: "enabled", actions: ["know", "heal", "enable"] },
          attemptSucceeded: { actions: ["know", "count"] },
          attemptsFailed: { actions: ["know", "count"] }
        }
      }
    }
  })

/** The machine with the contract's own figures. */
export const subscriptionMachine = subscriptionMachineWith(breakerRules)
