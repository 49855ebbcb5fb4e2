import { Context, Effect, Layer, Logger, Schema } from "effect"
import { randomUUID } from "node:crypto"
import { setup, assign } from "xstate"
import { TenantRegistry } from "../../actors/identity/tenant-registry.ts"
import { actorMigrations } from "../../runtime/actor/migrations.ts"
import { ActorHost, registerKind } from "../../runtime/actor/host.ts"
import { Inspector } from "../../runtime/actor/inspection.ts"
import { defineKind } from "../../runtime/actor/kind.ts"
import { ActorStore } from "../../runtime/actor/store.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { doorMachine, trollMachine } from "../../runtime/actor/toy-machines.ts"
import { clusterLayerSingle } from "../../runtime/cluster/cluster.ts"
import { issueToken, testIdentityLayer } from "../../test/identity.ts"
import { TenantCreation } from "../../schemas/auth/models.ts"
import { resolveCaller } from "../middleware/authentication.ts"
import { ListenAddress, serve } from "../server.ts"
import { type InspectDoor, makeInspectDoor } from "./door.ts"
import { inspectRoutes } from "./handlers.ts"
import { inspectSurface } from "./surface.ts"

/** For tests: the inspection surface on one port, over toy actors and the real tokens. */

/** While set, a door's motor waits for it. */
export class Gate extends Context.Service<Gate, { wait: Effect.Effect<void> }>()("test/Gate") {}

export const doorKind = defineKind({
  name: "door",
  machine: doorMachine,
  version: 3,
  durable: true,
  input: () => undefined,
  perform: {
    turnMotor: (_params: { by: string }) =>
      Effect.gen(function* () {
        yield* (yield* Gate).wait
        return { type: "opened" } as const
      })
  }
})

export const trollKind = defineKind({
  name: "troll",
  machine: trollMachine,
  version: 1,
  durable: true,
  input: () => undefined,
  perform: { die: () => Effect.die(new Error("no route to https://carol:hunter2@pbx/ with token=4711-abc")) }
})

type TrunkEvent =
  | {
      type: "register"
      username: string
      password: string
      headers: ReadonlyArray<readonly [string, string]>
    }
  | { type: "registered" }

/** A line to a provider, with secrets in its events and its context. Not stored. */
const trunkMachine = setup({
  types: {
    context: {} as { registrar: string; credentials: unknown; authToken: string; parameters: unknown },
    events: {} as TrunkEvent
  },
  guards: { isKnown: () => true, isBanned: () => false },
  actions: { sendRegister: () => {} }
}).createMachine({
  id: "trunk",
  context: { registrar: "", credentials: null, authToken: "", parameters: [] },
  initial: "unregistered",
  states: {
    unregistered: {
      on: {
        register: [
          { guard: "isBanned", target: "refused" },
          {
            guard: "isKnown",
            target: "up",
            actions: assign(({ event }) => ({
              registrar: `sip:${event.username}:hunter2@example.net`.replace("sip:", "sip://"),
              credentials: { username: event.username, password: event.password },
              authToken: "hunter2-token",
              parameters: [{ name: "secret", value: "hunter2" }, ["Secret", "hunter2"]]
            }))
          }
        ]
      }
    },
    up: {
      type: "parallel",
      states: {
        registration: {
          initial: "fresh",
          states: {
            fresh: { after: { 3_600_000: "stale" } },
            stale: { always: { guard: "isKnown", target: "fresh" } }
          }
        },
        calls: { initial: "none", states: { none: { entry: "sendRegister" }, some: {} } }
      }
    },
    refused: { type: "final" }
  }
})

export const trunkKind = defineKind({
  name: "trunk",
  machine: trunkMachine,
  version: 1,
  durable: false,
  input: () => undefined,
  perform: { sendRegister: () => Effect.void }
})

export class Inspection extends Context.Service<Inspection, InspectDoor>()("test/Inspection") {}

const actorsLayer = Layer.mergeAll(
  Layer.effectDiscard(registerKind(doorKind)),
  Layer.effectDiscard(registerKind(trollKind)),
  Layer.effectDiscard(registerKind(trunkKind))
).pipe(
  Layer.provideMerge(ActorSystem.layer),
  Layer.provideMerge(clusterLayerSingle),
  Layer.provideMerge(ActorHost.layer),
  Layer.provideMerge(ActorStore.layer),
  Layer.provideMerge(Inspector.layer),
  Layer.provideMerge(Layer.sync(Gate, () => ({ wait: Effect.void }))),
  Layer.provideMerge(
    testIdentityLayer({
      migrations: actorMigrations,
      environment: { STROWGER_HTTP_PORT: "0", STROWGER_ACTOR_RESTARTS: "2" }
    })
  ),
  Layer.provide(Logger.layer([]))
)

const serverLayer = Layer.effectContext(
  Effect.gen(function* () {
    const inspection = yield* makeInspectDoor
    const address = yield* serve({
      routes: inspectRoutes,
      surfaces: [inspectSurface],
      doors: [inspection.door]
    })
    yield* Effect.addFinalizer(() => inspection.close)
    return Context.make(ListenAddress, address).pipe(Context.add(Inspection, inspection))
  })
)

export const inspectTestLayer = serverLayer.pipe(Layer.provideMerge(actorsLayer))

/** What came back, decoded. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: unknown
}

/** A request with a token of the given accesses; by default all of the surface's. */
export const request = Effect.fnUntraced(function* (
  method: string,
  path: string,
  options: {
    readonly acl?: ReadonlyArray<string>
    readonly tenantUuid?: string
    readonly token?: string | null
  } = {}
) {
  const { url } = yield* ListenAddress
  const token =
    options.token === undefined
      ? (yield* issueToken({
          acl: options.acl ?? ["inspect.#"],
          ...(options.tenantUuid === undefined ? {} : { tenantUuid: options.tenantUuid })
        })).id
      : options.token
  return yield* Effect.promise(async (): Promise<Answer> => {
    const response = await fetch(url + path, {
      method,
      headers: token === null ? {} : { "X-Auth-Token": token }
    })
    const text = await response.text()
    const isJson = response.headers.get("content-type")?.includes("json") ?? false
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : undefined
    }
  })
})

/** The uuid of a new tenant below the master tenant. */
export const subTenant = Effect.gen(function* () {
  const { id } = yield* issueToken({ acl: ["#"] })
  const caller = yield* resolveCaller({ tokenId: id, requiredAccess: "", tenantHeader: undefined })
  const tenant = Schema.decodeUnknownSync(TenantCreation)({ name: `customer ${randomUUID()}` })
  return (yield* (yield* TenantRegistry).create(caller, tenant)).uuid
})

/** The answer as what the contract says it is; another shape fails the test. */
export const as = <S extends Schema.Codec<unknown, unknown>>(schema: S, { json }: Answer): S["Type"] =>
  Schema.decodeUnknownSync(schema)(json)

/** The body of an error. */
export const ErrorBody = Schema.Struct({
  message: Schema.String,
  error_id: Schema.String,
  details: Schema.Record(Schema.String, Schema.Unknown),
  timestamp: Schema.Finite
})

/** Asks again until the answer is as expected. */
export const until = <E, R>(
  ask: Effect.Effect<Answer, E, R>,
  expected: (answer: Answer) => boolean
): Effect.Effect<Answer, E, R> =>
  Effect.flatMap(ask, (answer) =>
    expected(answer)
      ? Effect.succeed(answer)
      : Effect.andThen(Effect.sleep("20 millis"), until(ask, expected))
  )
