import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { Tenants } from "../../actors/identity/tenants.ts"
import { HookBell, hookBellLayer } from "../../actors/subscription/hook-bell.ts"
import { subscriptionMigrations } from "../../actors/subscription/migrations.ts"
import { type Webhooks, webhooksLayer } from "../../actors/subscription/webhooks.ts"
import { actorClockLayer } from "../../runtime/actor/clock.ts"
import { ActorHost } from "../../runtime/actor/host.ts"
import { Inspector } from "../../runtime/actor/inspection.ts"
import { actorMigrations } from "../../runtime/actor/migrations.ts"
import { ActorStore } from "../../runtime/actor/store.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import { clusterLayerSingle } from "../../runtime/cluster/cluster.ts"
import { Verbosity } from "../../runtime/operations/verbosity.ts"
import { type EventDefinition, type EventTarget, makeEvent } from "../../schemas/events/envelope.ts"
import type { TestDatabase } from "../../test/database.ts"
import { issueToken, type TestIdentity, testIdentityLayer } from "../../test/identity.ts"
import { type Backstage, makeBackstage, type Verbs, verbsOf } from "../../test/surface.ts"
import { serve } from "../server.ts"
import { webhookdRoutes } from "./handlers.ts"
import { webhookdSurface } from "./surface.ts"

type Json = Readonly<Record<string, unknown>>

/** An answer of webhookd; `json` is empty when there is no body. */
export interface Answer {
  readonly status: number
  readonly json: Json
  readonly items: ReadonlyArray<Json>
  readonly details: Json
}

/** A client of webhookd with one token. */
export interface Client extends Verbs<Answer> {
  readonly tenantUuid: string
  readonly userUuid: string
}

/** webhookd over real HTTP on a free port, and everything behind it on a fresh database. */
export class TestWebhookd extends Context.Service<
  TestWebhookd,
  Backstage & {
    readonly url: string
    readonly masterUuid: string
    /** A client with a token of the tenant and a user of its own; by default with all rights, in a new tenant. */
    readonly client: (options?: {
      readonly tenantUuid?: string
      readonly userUuid?: string | null
      readonly acl?: ReadonlyArray<string>
    }) => Effect.Effect<Client>
    /** Commits an event and waits until the bus has taken it. */
    readonly emit: <Data extends object>(
      definition: EventDefinition<Data>,
      target: EventTarget,
      data: Data,
      origin?: string
    ) => Effect.Effect<void>
  }
>()("strowger/http/webhookd/TestWebhookd") {}

export type TestWebhooks = TestWebhookd | Webhooks | TestIdentity

export const testWebhookdLayer = (
  options: { readonly database?: TestDatabase; readonly environment?: Readonly<Record<string, string>> } = {}
): Layer.Layer<TestWebhooks> =>
  Layer.effect(
    TestWebhookd,
    Effect.gen(function* () {
      const identity = yield* Effect.context<TestIdentity>()
      const tenants = yield* Tenants
      const sql = yield* SqlClient.SqlClient
      const backstage = yield* makeBackstage
      const outbox = yield* Outbox
      const { url } = yield* serve({ routes: webhookdRoutes, surfaces: [webhookdSurface], doors: [] })
      return {
        url,
        masterUuid: tenants.master,
        ...backstage,
        client: Effect.fnUntraced(
          function* ({ tenantUuid: given, userUuid = randomUUID(), acl = ["webhookd.#"] } = {}) {
            const tenantUuid = given ?? (yield* backstage.tenant())
            const token = yield* issueToken({ acl, tenantUuid, userUuid })
            return clientOf(url, token.id, tenantUuid, userUuid ?? "")
          },
          Effect.provideContext(identity),
          Effect.orDie
        ),
        emit: Effect.fnUntraced(function* (definition, target, data, origin = randomUUID()) {
          const event = makeEvent(definition, { originUuid: origin, at: Date.now() }, target, data)
          yield* sql.withTransaction(outbox.append([event]))
          outbox.wake()
          yield* outbox.drained
        }, Effect.orDie)
      }
    })
  ).pipe(
    Layer.provideMerge(webhooksLayer),
    Layer.provide(Layer.mergeAll(Verbosity.layer, HookBell.layer)),
    Layer.provide(actorsLayer),
    Layer.provideMerge(
      testIdentityLayer({
        migrations: { ...actorMigrations, ...subscriptionMigrations },
        outboxListener: hookBellLayer.pipe(Layer.provide(HookBell.layer)),
        environment: { STROWGER_HTTP_PORT: "0", ...options.environment },
        ...(options.database === undefined ? {} : { database: options.database })
      })
    ),
    Layer.orDie
  )

const actorsLayer = actorClockLayer.pipe(
  Layer.provideMerge(ActorSystem.layer),
  Layer.provideMerge(clusterLayerSingle),
  Layer.provideMerge(ActorHost.layer),
  Layer.provideMerge(ActorStore.layer),
  Layer.provide(Inspector.layer)
)

const clientOf = (url: string, token: string, tenantUuid: string, userUuid: string): Client => ({
  tenantUuid,
  userUuid,
  ...verbsOf(`${url}/api/webhookd/1.0`, token, answerOf)
})

const answerOf = ({ status }: Response, text: string): Answer => {
  // Every body of webhookd is an object.
  const json: Json = text === "" ? {} : JSON.parse(text)
  const { items, details } = json
  return {
    status,
    json,
    items: Array.isArray(items) ? items : [],
    details: typeof details === "object" && details !== null ? (details as Json) : {}
  }
}

/** How `layer` runs webhookd's tests: with the real clock, and time for the database to start. */
export const live = { timeout: "60 seconds", excludeTestServices: true } as const

/** A subscription as a client writes it. */
export const aSubscription = (more: Json = {}): Json => ({
  name: "crm",
  service: "http",
  events: ["user_created"],
  config: { method: "POST", url: "https://crm.example/u/{{ event.uuid }}" },
  ...more
})
