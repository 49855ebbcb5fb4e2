import { Context, Effect, Exit, Layer, Logger, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { EventBus } from "../bus/event-bus.ts"
import { outboxMigrations } from "../bus/outbox-migrations.ts"
import { Outbox } from "../bus/outbox.ts"
import { clusterLayerSingle } from "../cluster/cluster.ts"
import { AppConfig } from "../config.ts"
import { migrate } from "../database/migrator.ts"
import { Platform } from "../platform.ts"
import { actorClockLayer } from "./clock.ts"
import { ActorHost } from "./host.ts"
import { Inspector } from "./inspection.ts"
import { defineKind } from "./kind.ts"
import { actorMigrations } from "./migrations.ts"
import { ActorStore } from "./store.ts"
import { ActorSystem } from "./system.ts"
import { doorMachine, lampMachine, trollMachine } from "./toy-machines.ts"

/** What the door's motor does next, and what it was asked to do. */
export interface Motor {
  readonly turned: Array<{ readonly id: string; readonly by: string; readonly resumed: boolean }>
  next: "opened" | "jammed"
  gate: Effect.Effect<void>
}

export const makeMotor = (): Motor => ({ turned: [], next: "opened", gate: Effect.void })

/** Doors that are opened by this motor. */
export const doorKind = (motor: Motor) =>
  defineKind({
    name: "door",
    machine: doorMachine,
    version: 1,
    durable: true,
    input: () => undefined,
    perform: {
      turnMotor: ({ by }: { by: string }, { id, resumed }) =>
        Effect.suspend(() => {
          motor.turned.push({ id, by, resumed })
          return Effect.map(motor.gate, () => ({ type: motor.next }))
        })
    },
    claims: ({ context }) => (context.number === null ? [] : [`number:${context.number}`]),
    event: (emitted, origin, id) => ({
      name: emitted.type,
      routingKey: emitted.type,
      headers: { origin_uuid: origin.originUuid },
      data: { ...emitted, id }
    })
  })

/** Doors as they are addressed. */
export const door = { name: "door", machine: doorMachine, version: 1 } as const

export const lampKind = defineKind<typeof lampMachine, never>({
  name: "lamp",
  machine: lampMachine,
  version: 1,
  durable: true,
  input: () => undefined,
  perform: {},
  event: (emitted, _, id) => ({ name: emitted.type, routingKey: emitted.type, headers: {}, data: { id } })
})

/** How often the troll dies after its next commits. */
export const trollDeaths = { remaining: 0 }

export const trollKind = defineKind({
  name: "troll",
  machine: trollMachine,
  version: 1,
  durable: true,
  input: () => undefined,
  perform: {
    die: () => Effect.die(new Error("the action died")),
    hang: () => Effect.never,
    dieWhileFresh: () =>
      Effect.suspend(() => {
        if (trollDeaths.remaining-- > 0) return Effect.die(new Error("the action died after the commit"))
        return Effect.succeed({ type: "recovered" as const })
      })
  }
})

/** Takes events and confirms none, so that what was committed stays in the outbox. */
const deafBus = Layer.succeed(EventBus, {
  publish: () => Effect.never,
  publishTransient: () => {},
  subscribe: () => Effect.void,
  connected: () => false
})

/** The kit's services, as tests use them. */
export type Kit = ActorSystem | ActorHost | ActorStore | Inspector | SqlClient.SqlClient

export interface KitOptions {
  /** `registerKind` of each kind. */
  readonly kinds: ReadonlyArray<Effect.Effect<void, never, ActorHost>>
  readonly knobs?: Readonly<Record<string, string>>
  /** Wakes actors that are not in memory. Default: no. */
  readonly clock?: boolean
  readonly store?: Layer.Layer<ActorStore, never, SqlClient.SqlClient | Outbox>
}

/** The actor kit on the database around it, with tables made where they are missing. Logs nothing. */
export const kitLayer = ({ kinds, knobs, clock, store }: KitOptions) => {
  const ground = Layer.mergeAll(
    Layer.succeed(Platform, { uuid: "00000000-0000-4000-8000-000000000001" }),
    AppConfig.layerFrom({ STROWGER_ACTOR_PERFORM_TIMEOUT: "300 millis", ...knobs }),
    Inspector.layer,
    Outbox.layer.pipe(Layer.provide(deafBus))
  )
  const registered = Layer.effectDiscard(Effect.all(kinds, { discard: true }))
  return (clock === true ? actorClockLayer : Layer.empty).pipe(
    Layer.provideMerge(registered),
    Layer.provideMerge(ActorSystem.layer),
    Layer.provideMerge(clusterLayerSingle),
    Layer.provideMerge(ActorHost.layer),
    Layer.provideMerge(store ?? ActorStore.layer),
    Layer.provideMerge(ground),
    Layer.provideMerge(Layer.effectDiscard(migrate({ ...outboxMigrations, ...actorMigrations }))),
    Layer.provide(Logger.layer([])),
    Layer.fresh
  )
}

/** A kit that can be stopped, and another one started on the same database. */
export const startKit = Effect.fnUntraced(function* (options: KitOptions) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const context = yield* Layer.buildWithScope(kitLayer(options), scope)
  return {
    system: Context.get(context, ActorSystem),
    host: Context.get(context, ActorHost),
    stop: Scope.close(scope, Exit.void)
  }
})

/** The row of an actor. */
export const storedActor = (kind: string, id: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{
      version: number
      snapshot: { value: string; context: Readonly<Record<string, unknown>> }
      outstanding: ReadonlyArray<unknown> | null
      deadlines: Readonly<Record<string, { readonly at: number }>> | null
      next_deadline: bigint | null
    }>`select version, snapshot, outstanding, deadlines, next_deadline from actor
      where kind = ${kind} and id = ${id}`
    return row
  })

/** The names of an actor's events that were committed, oldest first; the bus takes none away. */
export const committedEvents = (id: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ name: string; body: string }>`select name, body from outbox order by id`
    return rows
      .filter(({ body }) => (JSON.parse(body) as { data: { id: string } }).data.id === id)
      .map(({ name }) => name)
  })
