import { Clock, Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { type ActorBusy, Roster, type UnknownActor } from "../../runtime/actor/roster.ts"
import type { StoreUnavailable } from "../../runtime/actor/store.ts"
import { CurrentCaller } from "../../schemas/common/caller.ts"
import { InspectApi } from "../../schemas/inspect/api.ts"
import { actorBusy, noSuchActor, storeUnavailable, unauthorized } from "../../schemas/inspect/errors.ts"
import { actorDetail, actorSummary } from "./actor-view.ts"
import { Catalogue } from "./catalogue.ts"
import { inspectMiddleware } from "./surface.ts"

/** Actors when the query names no limit. */
const usualLimit = 100

/** Actors on one page at most. */
const mostOnAPage = 1_000

/** What runs inside is for tokens of the master tenant, whatever the tenant header says. */
const fromMaster = Effect.flatMap(CurrentCaller, ({ isMaster }) =>
  isMaster ? Effect.void : Effect.fail(unauthorized("", "not_master_tenant"))
)

const kinds = HttpApiBuilder.group(
  InspectApi,
  "kinds",
  Effect.fnUntraced(function* (handlers) {
    const catalogue = yield* Catalogue
    return handlers.handleAll({
      list: () =>
        Effect.map(fromMaster, () => {
          const items = catalogue.kinds()
          return { total: items.length, items }
        }),
      get: ({ params }) => Effect.andThen(fromMaster, catalogue.machine(params.kind)),
      mermaid: ({ params }) => Effect.andThen(fromMaster, catalogue.mermaid(params.kind)),
      svg: ({ params }) => Effect.andThen(fromMaster, catalogue.svg(params.kind))
    })
  })
)

const actors = HttpApiBuilder.group(
  InspectApi,
  "actors",
  Effect.fnUntraced(function* (handlers) {
    const roster = yield* Roster
    return handlers.handleAll({
      list: ({ query }) =>
        Effect.gen(function* () {
          yield* fromMaster
          const limit = Math.min(query.limit ?? usualLimit, mostOnAPage)
          const { total, items } = yield* Effect.mapError(
            roster.list({ ...query, limit, offset: query.offset ?? 0 }),
            storeUnavailable
          )
          const now = yield* Clock.currentTimeMillis
          return { total, items: items.map((entry) => actorSummary(entry, now)) }
        }),
      get: ({ params: { kind, id } }) =>
        Effect.gen(function* () {
          yield* fromMaster
          const found = yield* Effect.mapError(roster.find(kind, id), refusal(kind, id))
          return actorDetail(found, yield* Clock.currentTimeMillis)
        }),
      restart: ({ params: { kind, id } }) =>
        Effect.andThen(fromMaster, operated(roster.restart(kind, id), kind, id)),
      passivate: ({ params: { kind, id } }) =>
        Effect.andThen(fromMaster, operated(roster.passivate(kind, id), kind, id))
    })
  })
)

/** The roster's refusals as HTTP errors. */
const refusal = (kind: string, id: string) => (error: UnknownActor | StoreUnavailable) =>
  error._tag === "UnknownActor" ? noSuchActor(kind, id) : storeUnavailable()

const operated = (
  operation: Effect.Effect<void, UnknownActor | ActorBusy | StoreUnavailable>,
  kind: string,
  id: string
) =>
  Effect.mapError(operation, (error) =>
    error._tag === "ActorBusy" ? actorBusy(kind, id, error.message) : refusal(kind, id)(error)
  )

/** The routes of the inspection surface. */
export const inspectRoutes = HttpApiBuilder.layer(InspectApi, {
  openapiPath: "/api/inspect/api/api.json"
}).pipe(
  Layer.provide([kinds, actors]),
  Layer.provide(inspectMiddleware),
  Layer.provide(Layer.mergeAll(Roster.layer, Catalogue.layer))
)
