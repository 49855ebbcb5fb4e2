import { NodeCrypto } from "@effect/platform-node"
import { Duration, Effect, Layer, Schedule, Schema } from "effect"
import { Entity, Sharding, SingleRunner, Singleton } from "effect/cluster"
import { Rpc } from "effect/rpc"
import type { SqlClient } from "effect/sql"
import type { EventObject } from "xstate"
import { Addressing, type Delivery } from "../actor/addressing.ts"
import { ActorUnavailable, type AskError, ClaimTaken, Refused, Rejected } from "../actor/errors.ts"
import { ActorHost } from "../actor/host.ts"
import type { ActorView } from "../actor/kind.ts"

/**
 * Placement by effect/cluster.
 *
 * **Details**
 * The cluster places partitions, not single actors: an actor belongs to the partition its kind and id hash to,
 * and lives where that partition lives. An entity for each actor would cost 15 KiB of memory for each agent and
 * phone; a partition costs that once for thousands of them, with the same exclusivity and fail-over.
 */
const partitions = 64

const Failure = Schema.Union([Refused, Rejected, ClaimTaken, ActorUnavailable])
const address = { kind: Schema.String, id: Schema.String }
const Ask = Rpc.make("Ask", {
  payload: { ...address, event: Schema.Unknown },
  success: Schema.Unknown,
  error: Failure
})
const Tell = Rpc.make("Tell", { payload: { ...address, event: Schema.Unknown }, error: Failure })
const Wake = Rpc.make("Wake", { payload: address, error: Failure })

const Partition = Entity.make("ActorPartition", [Ask, Tell, Wake])

const partitionLayer = Partition.toLayer(
  Effect.gen(function* () {
    const host = yield* ActorHost
    const { entityId } = yield* Entity.CurrentAddress
    yield* Effect.addFinalizer(() => release(host, entityId))
    return Partition.of({
      Ask: ({ payload }) =>
        Effect.flatMap(host.shell(payload.kind, payload.id), (shell) =>
          shell.ask(payload.event as EventObject)
        ),
      Tell: ({ payload }) =>
        Effect.flatMap(host.shell(payload.kind, payload.id), (shell) => {
          const unavailable = shell.tell(payload.event as EventObject)
          return unavailable ? Effect.fail(unavailable) : Effect.void
        }),
      Wake: ({ payload }) => Effect.map(host.shell(payload.kind, payload.id), (shell) => shell.wake())
    })
  }),
  { maxIdleTime: Duration.infinity, concurrency: "unbounded", mailboxCapacity: "unbounded" }
)

/** A partition that moves to another node takes its actors along: each is let go as soon as it is idle. */
const release = (host: ActorHost["Service"], partition: string) =>
  Effect.sync(() =>
    host.statuses().filter(({ kind, id }) => partitionOf(kind, id) === partition && !host.passivate(kind, id))
  ).pipe(
    Effect.repeat({ until: (left) => left.length === 0, schedule: Schedule.spaced("20 millis") }),
    Effect.timeoutOption("10 seconds")
  )

const partitionOf = (kind: string, id: string): string => {
  let hash = 0x811c9dc5
  for (const char of `${kind}/${id}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return String((hash >>> 0) % partitions)
}

const addressingLayer: Layer.Layer<Addressing, never, Sharding.Sharding> = Layer.effect(
  Addressing,
  Effect.gen(function* () {
    const client = yield* Partition.client
    const partitionFor = (delivery: { readonly kind: string; readonly id: string }) =>
      client(partitionOf(delivery.kind, delivery.id))
    const placed = <A>(
      delivery: { readonly kind: string; readonly id: string },
      effect: Effect.Effect<A, AskError | { readonly _tag: string; readonly message: string }>
    ): Effect.Effect<A, AskError> =>
      Effect.mapError(effect, (error) =>
        isAskError(error)
          ? error
          : new ActorUnavailable({
              kind: delivery.kind,
              id: delivery.id,
              reason: "stopped",
              message: `The actor cannot be reached: ${error._tag}`
            })
      )
    return Addressing.of({
      // The partition answers an ask with the view of the actor's own machine.
      ask: (delivery: Delivery) =>
        placed(
          delivery,
          Effect.map(partitionFor(delivery).Ask(delivery), (view) => view as ActorView)
        ),
      tell: (delivery: Delivery) => placed(delivery, partitionFor(delivery).Tell(delivery)),
      wake: (kind, id) => placed({ kind, id }, partitionFor({ kind, id }).Wake({ kind, id }))
    })
  })
)

const isAskError = (error: { readonly _tag: string }): error is AskError =>
  error._tag === "Refused" ||
  error._tag === "Rejected" ||
  error._tag === "ClaimTaken" ||
  error._tag === "ActorUnavailable"

/**
 * One process: every partition lives here, no ports are opened, placement is kept in memory.
 */
export const clusterLayerSingle: Layer.Layer<
  Addressing | Sharding.Sharding,
  never,
  ActorHost | SqlClient.SqlClient
> = partitionLayer.pipe(
  Layer.provideMerge(addressingLayer),
  Layer.provideMerge(
    SingleRunner.layer({
      runnerStorage: "memory",
      shardingConfig: {
        simulateRemoteSerialization: false,
        shardsPerGroup: partitions,
        entityMessagePollInterval: "1 minute",
        // The actors have been drained before: what still runs will not end.
        entityTerminationTimeout: "1 second"
      }
    })
  ),
  Layer.provide(NodeCrypto.layerDigest),
  Layer.orDie
)

/** Runs an effect on one node of the cluster at a time; it is interrupted when it must move. */
export const singleton = <E, R>(name: string, run: Effect.Effect<void, E, R>) => Singleton.make(name, run)
