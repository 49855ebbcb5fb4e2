import { Duration, Effect, Exit, Layer, Queue, Schedule, Scope } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { AppConfig, millis } from "../../runtime/config.ts"
import { againOnConflict } from "../../runtime/database/transaction.ts"
import { HookBell } from "./hook-bell.ts"
import { type Ending, makeAttempt } from "./hook-attempt.ts"
import { makeReport } from "./hook-report.ts"
import { HookServices } from "./hook-services.ts"
import {
  type ClaimedHook,
  claimHooks,
  dropHooks,
  postponeHooks,
  releaseLeases,
  renewLeases,
  settleAttempts,
  trimQueues
} from "./hook-store.ts"
import { makeNodePresence } from "./node-presence.ts"
import type { Sealing } from "./sealing.ts"
import { Supervision } from "./supervision.ts"

/** How long a stop waits for attempts that are under way. */
const drainLimit = Duration.seconds(10)
/** For hooks that no bell announced: retries that are due, work of a node that died. */
const pollInterval = Duration.seconds(1)
const trimInterval = Duration.seconds(2)

/**
 * Works off the stored hooks, on every node that runs it (contracts/webhooks.md 7.4, 15.3 and 15.8). A hook is run by
 * the node that holds its lease; attempts are written down together, one statement for all that ended meanwhile.
 * When the scope ends nothing new is begun, what runs gets 10 s, the rest is given back.
 */
export const dispatcherLayer: Layer.Layer<
  never,
  never,
  SqlClient.SqlClient | HookBell | AppConfig | Sealing | Supervision | HookServices
> = Layer.effectDiscard(
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const bell = yield* HookBell
    const config = yield* AppConfig
    const services = yield* HookServices
    const attempt = yield* makeAttempt
    const report = makeReport(yield* Supervision, config)
    const { node, living } = yield* makeNodePresence
    const leaseSeconds = millis(config.hookLease) / 1_000
    const lasting = persistently(sql)
    const endings = yield* Queue.unbounded<Ending>()
    /** What this node runs, until it is written down how it ended. */
    const running = new Map<string, AbortController>()
    const holding = () => ({ node, uuids: [...running.keys()] })

    const nodes = yield* living
    yield* lasting(() =>
      nodes === "unknown"
        ? releaseLeases(sql, { type: "expired", holding: holding() })
        : releaseLeases(sql, nodes === "alone" ? { type: "all" } : { type: "not of", nodes })
    )
    const work = yield* Scope.make()

    const settle = Effect.fnUntraced(function* (batch: ReadonlyArray<Ending>) {
      const attempted = batch.filter((ending) => ending.type === "attempted")
      const postponed = batch.filter((ending) => ending.type === "postponed")
      const records = attempted.map(({ record }) => record)
      const settled = records.length === 0 ? none : yield* lasting(() => settleAttempts(sql, node, records))
      for (const { hook, seconds } of postponed)
        yield* lasting(() => postponeHooks(sql, node, [hook.uuid], seconds))
      for (const { hook, controller } of batch) {
        // It may have been taken again since it was written down.
        if (running.get(hook.uuid) === controller) running.delete(hook.uuid)
      }
      yield* report(attempted.filter(({ record }) => settled.has(record.uuid)))
      ringLater(bell, [
        ...records.flatMap(({ delay }) => delay ?? []),
        ...postponed.map(({ seconds }) => seconds)
      ])
      bell.ring()
    })
    yield* Effect.forkIn(Effect.forever(Effect.flatMap(Queue.takeBetween(endings, 1, 500), settle)), work)
    yield* Effect.addFinalizer(() =>
      Effect.sleep(20).pipe(
        Effect.repeat({ until: () => running.size === 0 }),
        Effect.timeoutOption(drainLimit),
        Effect.andThen(
          Effect.sync(() => {
            for (const controller of running.values()) controller.abort()
          })
        ),
        Effect.andThen(Scope.close(work, Exit.void)),
        Effect.andThen(
          Effect.timeoutOption(Effect.ignore(releaseLeases(sql, { type: "of", node })), "5 seconds")
        )
      )
    )

    const begin = Effect.fnUntraced(function* (hook: ClaimedHook) {
      const service = services.find(hook.service)
      if (service === undefined) {
        yield* Effect.logWarning(
          `A webhook was dropped: the service ${hook.service} of the subscription ${hook.subscription_uuid} is not installed`
        )
        return yield* lasting(() => dropHooks(sql, [hook.uuid]))
      }
      const controller = new AbortController()
      running.set(hook.uuid, controller)
      void attempt(hook, service, controller).then((ending) => Queue.offerUnsafe(endings, ending))
    })
    const pass = Effect.gen(function* () {
      const limit = config.hookConcurrency - running.size
      if (limit <= 0) return
      const claim = claimHooks(sql, { node, limit, leaseSeconds })
      const claimed = yield* lasting((again) =>
        again ? Effect.andThen(releaseLeases(sql, { type: "unknown", holding: holding() }), claim) : claim
      )
      yield* Effect.uninterruptible(Effect.forEach(claimed, begin, { discard: true }))
      if (mayTakeMore(claimed, limit)) bell.ring()
      ringLater(
        bell,
        claimed.flatMap(({ policy }) => {
          const rate = policy?.rate_limit_per_second ?? null
          return rate === null ? [] : Math.max(0.01, 1 / rate)
        })
      )
    })
    yield* Effect.forkScoped(
      Effect.forever(Effect.andThen(pass, Effect.timeoutOption(bell.heard, pollInterval)))
    )
    yield* Effect.forkScoped(
      Effect.forever(
        Effect.delay(
          Effect.andThen(
            lasting(() => renewLeases(sql, holding(), leaseSeconds)),
            lasting(() => releaseLeases(sql, { type: "expired", holding: holding() }))
          ),
          Duration.millis(millis(config.hookLease) / 3)
        )
      )
    )
    yield* Effect.forkScoped(
      Effect.forever(
        Effect.delay(
          Effect.flatMap(
            lasting(() => trimQueues(sql, config.hookMaxPending)),
            report.overflows
          ),
          trimInterval
        )
      )
    )
  })
)

const none: ReadonlySet<string> = new Set()

/** Whether a subscription got its share to the last place, while others left theirs. */
const mayTakeMore = (claimed: ReadonlyArray<ClaimedHook>, limit: number): boolean => {
  const sharing = claimed[0]?.sharing ?? 0
  if (sharing < 2 || claimed.length >= limit) return false
  const taken = new Map<string, number>()
  for (const hook of claimed) taken.set(hook.subscription_uuid, (taken.get(hook.subscription_uuid) ?? 0) + 1)
  return Math.max(...taken.values()) >= Math.ceil(limit / sharing)
}

/** Rings when the first of these delays, in seconds, is over. */
const ringLater = (bell: HookBell["Service"], delays: ReadonlyArray<number>): void => {
  if (delays.length > 0) setTimeout(bell.ring, Math.min(...delays) * 1000 + 5).unref()
}

/**
 * Waits through an outage of the database, and says so once. The statement is told whether it failed before: then it
 * may have been carried out all the same.
 */
const persistently =
  (sql: SqlClient.SqlClient) =>
  <A, R>(statement: (again: boolean) => Effect.Effect<A, SqlError.SqlError, R>): Effect.Effect<A, never, R> =>
    Effect.suspend(() => {
      let failing = false
      return againOnConflict(
        sql,
        Effect.suspend(() => statement(failing))
      ).pipe(
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
