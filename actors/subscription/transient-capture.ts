import { Effect, Layer, Queue } from "effect"
import { SqlClient } from "effect/sql"
import { EventBus, type PublishedEvent } from "../../runtime/bus/event-bus.ts"
import { HookBell } from "./hook-bell.ts"

/** Events that wait to be matched; of more the newest are dropped, as they are on the bus. */
const capacity = 10_000
/** How old the known names may be when no event told of a change: another node's may have been missed. */
const refresh = "1 second"

/**
 * Hooks for AMI events, which never pass the outbox: the node that publishes them matches them, in batches. They are
 * as transient as the events are (contracts/webhooks.md 15.3 is about events of API actions).
 */
export const transientCaptureLayer: Layer.Layer<never, never, SqlClient.SqlClient | EventBus | HookBell> =
  Layer.effectDiscard(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const bus = yield* EventBus
      const bell = yield* HookBell
      const waiting = yield* Queue.dropping<PublishedEvent>(capacity)
      let wanted: ReadonlySet<string> = new Set()
      // Most AMI events are wanted by nobody: they cost one look into a set.
      yield* bus.subscribe({ publishedBy: "this node" }, (event) => {
        if (wanted.has(event.name) && event.routingKey.startsWith("ami.")) Queue.offerUnsafe(waiting, event)
      })
      const learn = Effect.map(
        sql<{ name: string }>`SELECT DISTINCT unnest(events) AS name FROM webhook_subscription WHERE enabled`,
        (rows) => {
          wanted = new Set(rows.map(({ name }) => name))
          bell.want(wanted)
        }
      )
      yield* Effect.ignore(learn)
      const changed = yield* Queue.sliding<void>(1)
      yield* bus.subscribe({}, ({ name }) => {
        if (isAboutSubscriptions(name)) Queue.offerUnsafe(changed, undefined)
      })
      yield* Effect.forkScoped(
        Effect.forever(
          Effect.andThen(Effect.timeoutOption(Queue.take(changed), refresh), Effect.ignore(learn))
        )
      )
      yield* Effect.forkScoped(
        Effect.forever(
          Effect.gen(function* () {
            const events = yield* Queue.takeBetween(waiting, 1, 500)
            const names = events.map(({ name }) => name)
            yield* sql`SELECT webhook_capture(${names}::text[], ${events.map(({ json }) => json)}::text[])`
            bell.ring()
          }).pipe(Effect.catch((error) => Effect.logWarning(`AMI events made no webhooks: ${error.message}`)))
        )
      )
    })
  )

const isAboutSubscriptions = (name: string): boolean =>
  name.startsWith("webhookd_subscription_") || name.startsWith("webhookd_user_subscription_")
