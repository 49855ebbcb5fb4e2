import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Exit, Layer, Option, Queue, Schedule, Scope } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import { networkInterfaces } from "node:os"
import { AppConfig, type Settings } from "../../runtime/config.ts"
import { Tenants } from "../identity/tenants.ts"
import type { Guard } from "./destination.ts"
import { HookBell } from "./hook-capture.ts"
import {
  type AttemptRecord,
  type ClaimedHook,
  claimHooks,
  releaseLeases,
  renewLeases,
  settleAttempts
} from "./hook-store.ts"
import { runHttpHook } from "./http-service.ts"
import { MobilePush } from "./mobile-push.ts"
import { type Outcome, permanent } from "./outcome.ts"
import { retryDelay } from "./retry.ts"
import { breakerRules } from "./machine.ts"
import { Sealing } from "./sealing.ts"
import { Supervision } from "./supervision.ts"

/** Hooks of one subscription that run at once. */
const perSubscription = 10
const renewInterval = Duration.seconds(10)
/** How long a stop waits for attempts that are under way. */
const drainLimit = Duration.seconds(10)
/** For hooks that no bell announced: retries that are due, work of a node that died. */
const pollInterval = Duration.seconds(1)

/**
 * Works off the stored hooks, on every node that runs it (contracts/webhooks.md 7.4, 15.3 and 15.8). A hook is run by
 * the node that holds its lease; attempts are written down together, one transaction for all that ended meanwhile.
 * When the scope ends nothing new is begun, what runs gets 10 s, the rest is given back.
 */
export const dispatcherLayer: Layer.Layer<
  never,
  never,
  SqlClient.SqlClient | HookBell | AppConfig | Tenants | Sealing | Supervision | MobilePush
> = Layer.effectDiscard(
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const bell = yield* HookBell
    const config = yield* AppConfig
    const attempt = yield* makeAttempt
    const node = randomUUID()
    const busy = new Map<string, number>()
    let running = 0
    const count = (subscription: string, change: 1 | -1) => {
      running += change
      const left = (busy.get(subscription) ?? 0) + change
      if (left === 0) busy.delete(subscription)
      else busy.set(subscription, left)
    }
    const ended = yield* Queue.unbounded<{ readonly hook: ClaimedHook; readonly record: AttemptRecord }>()

    const report = makeReport(yield* Supervision, config.hookBreaker)

    yield* persistently(sqlExclusive(sql))
    const work = yield* Scope.make()
    yield* Effect.forkIn(
      Effect.forever(
        Effect.gen(function* () {
          const batch = yield* Queue.takeBetween(ended, 1, 500)
          yield* persistently(
            settleAttempts(
              sql,
              node,
              batch.map(({ record }) => record)
            )
          )
          for (const { hook } of batch) count(hook.subscription_uuid, -1)
          for (const { hook, record } of batch) yield* report(hook, record)
          ringLater(bell, batch)
          bell.ring()
        })
      ),
      work
    )
    yield* Effect.addFinalizer(() =>
      Effect.sleep(20).pipe(
        Effect.repeat({ until: () => running === 0 }),
        Effect.timeoutOption(drainLimit),
        Effect.andThen(Scope.close(work, Exit.void)),
        Effect.andThen(Effect.ignore(releaseLeases(sql, { type: "of", node })))
      )
    )

    const pass = Effect.gen(function* () {
      const limit = config.hookConcurrency - running
      if (limit <= 0) return 0
      const claimed = yield* persistently(claimHooks(sql, { node, limit, perSubscription, busy }))
      for (const hook of claimed) {
        count(hook.subscription_uuid, 1)
        yield* Effect.forkIn(
          Effect.flatMap(attempt(hook), (record) => Queue.offer(ended, { hook, record })),
          work
        )
      }
      return claimed.length
    })
    yield* Effect.forkScoped(
      Effect.forever(
        Effect.andThen(Effect.uninterruptible(pass), Effect.timeoutOption(bell.heard, pollInterval))
      )
    )
    yield* Effect.forkScoped(
      Effect.forever(
        Effect.delay(
          Effect.andThen(
            persistently(renewLeases(sql, node)),
            persistently(releaseLeases(sql, { type: "expired" }))
          ),
          renewInterval
        )
      )
    )
  })
)

/** One attempt of a hook, from its config to its record. A defect of ours counts as a failed attempt. */
const makeAttempt = Effect.gen(function* () {
  const config = yield* AppConfig
  const tenants = yield* Tenants
  const mobile = yield* MobilePush
  const { open } = yield* Sealing
  const guard = guardOf(config)
  const rules = { maxAttempts: config.hookMaxAttempts, factor: config.hookRetryFactor, jitter: 0.2 }
  return Effect.fnUntraced(function* (hook: ClaimedHook): Effect.fn.Return<AttemptRecord> {
    const startedAt = new Date()
    const number = hook.attempts + 1
    const outcome = yield* run(hook).pipe(
      Effect.catchCause((cause) =>
        Effect.as(
          Effect.logError(`The hook ${hook.uuid} could not be run`, cause),
          permanent("the hook could not be run")
        )
      )
    )
    const delay = hook.redelivery ? undefined : retryDelay(rules, number, outcome, Math.random())
    return {
      uuid: hook.uuid,
      attempt: number,
      maxAttempts: rules.maxAttempts,
      status: outcome.class === "success" ? "success" : delay === undefined ? "error" : "failure",
      startedAt,
      endedAt: new Date(),
      detail: outcome.detail,
      statusCode: outcome.statusCode,
      error: outcome.error,
      delay,
      unwanted: outcome.wish === "disable"
    }
  })

  function run(hook: ClaimedHook): Effect.Effect<Outcome> {
    if (hook.service === "mobile") {
      return mobile.run({
        tenantUuid: hook.owner_tenant_uuid,
        userUuid: hook.events_user_uuid,
        eventName: hook.event_name,
        event: hook.event
      })
    }
    return runHttpHook(
      {
        uuid: hook.uuid,
        eventName: hook.event_name,
        event: hook.event,
        config: hook.config,
        attempt: hook.attempts + 1,
        secrets: hook.secrets.flatMap((sealed) => open(sealed) ?? []),
        asker: {
          owned: hook.owner_user_uuid !== null,
          inMasterTenant: hook.owner_tenant_uuid === tenants.master
        }
      },
      guard
    )
  }
})

/**
 * Tells the subscription's actor how an attempt ended. It hears of every failure, and of successes only while it
 * counts failures: the others change nothing and are many.
 */
const makeReport = (supervision: Supervision["Service"], counting: boolean) => {
  const failedAt = new Map<string, number>()
  return Effect.fnUntraced(function* (hook: ClaimedHook, record: AttemptRecord): Effect.fn.Return<void> {
    const subscription = {
      uuid: hook.subscription_uuid,
      name: hook.subscription_name,
      tenantUuid: hook.owner_tenant_uuid,
      ownerUserUuid: hook.owner_user_uuid
    }
    const at = record.endedAt.getTime()
    if (record.status === "success") {
      const recent = at - (failedAt.get(subscription.uuid) ?? 0) < breakerRules.ratioMillis
      if (!recent) failedAt.delete(subscription.uuid)
      if (hook.failing || recent) yield* supervision.tell({ type: "attemptSucceeded", subscription, at })
    } else if (counting) {
      failedAt.set(subscription.uuid, at)
      yield* supervision.tell({
        type: "attemptFailed",
        subscription,
        at,
        firstOfHook: record.attempt === 1
      })
    }
    if (record.status === "error") {
      const reason = record.error ?? "failed"
      yield* supervision.tell({ type: "exhausted", subscription, deliveryUuid: hook.uuid, reason })
    }
    if (record.unwanted) {
      yield* supervision.tell({ type: "disable", subscription, reason: "the receiver asked for it" })
    }
  })
}

const guardOf = ({ ssrfProfile, ssrfAllow, ssrfDeny, httpHost, httpPort }: Settings): Guard => {
  const everywhere = httpHost === "0.0.0.0" || httpHost === "::"
  const addresses = everywhere
    ? Object.values(networkInterfaces()).flatMap((found) => (found ?? []).map(({ address }) => address))
    : [httpHost]
  return {
    profile: ssrfProfile,
    allow: entries(ssrfAllow),
    deny: entries(ssrfDeny),
    own: addresses.map((address) => `${address}:${httpPort}`)
  }
}

const entries = (list: string): ReadonlyArray<string> =>
  list
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")

/** The embedded database has one user: what is marked as running died with the process that ran it. */
const sqlExclusive = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const client = yield* Effect.serviceOption(PgClient.PgClient)
  const alone = Option.isNone(client) || client.value.config.stream !== undefined
  yield* releaseLeases(sql, { type: alone ? "all" : "expired" })
})

/** Rings when the first of the retries is due. */
const ringLater = (
  bell: HookBell["Service"],
  batch: ReadonlyArray<{ readonly record: AttemptRecord }>
): void => {
  const delays = batch.flatMap(({ record: { delay } }) => delay ?? [])
  if (delays.length > 0) setTimeout(bell.ring, Math.min(...delays) * 1000 + 5).unref()
}

/** Waits through an outage of the database, and says so once. */
const persistently = <A, R>(statement: Effect.Effect<A, SqlError.SqlError, R>): Effect.Effect<A, never, R> =>
  Effect.suspend(() => {
    let failing = false
    return statement.pipe(
      Effect.tapError((error) => {
        if (failing) return Effect.void
        failing = true
        return Effect.logWarning(`webhooks wait for the database: ${error.message}`)
      }),
      Effect.retry(backoff),
      Effect.orDie
    )
  })

const backoff = Schedule.min([
  Schedule.exponential("50 millis").pipe(Schedule.jittered),
  Schedule.spaced("5 seconds")
])
