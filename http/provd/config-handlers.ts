import { Effect } from "effect"
import { HttpApiBuilder, HttpApiSchema } from "effect/http-api"
import { Configs } from "../../actors/device/configs.ts"
import { LineDeviceSettlement } from "../../actors/device/lines/settlement.ts"
import { ProvdApi } from "../../schemas/provd/api.ts"
import type { JsonObject } from "../../schemas/provd/device.ts"
import { failed, Forbidden, invalid, noSuchResource } from "../../schemas/provd/errors.ts"
import { own } from "../../schemas/provd/json.ts"
import { linksTo, pathTo } from "./links.ts"
import { documentQueryOf } from "./list-query.ts"

/** Configs as provd's clients manage them (contracts/provisioning.md 6.3). They have no tenant. */
export const configHandlers = HttpApiBuilder.group(
  ProvdApi,
  "configs",
  Effect.fnUntraced(function* (handlers) {
    const configs = yield* Configs
    const settlement = yield* LineDeviceSettlement
    /** Phones follow a change of the config, if it is a registrar's. */
    const followed = <A, E>(documents: ReadonlyArray<JsonObject>, change: Effect.Effect<A, E>) =>
      documents.some((document) => own(document, "X_type") === "registrar")
        ? settlement.followRegistrar(change)
        : change
    return handlers.handleAll({
      root: () =>
        Effect.succeed(linksTo({ "cfg.configs": "cfg_mgr/configs", "cfg.autocreate": "cfg_mgr/autocreate" })),
      list: ({ query }) =>
        configs.list(documentQueryOf(query)).pipe(
          Effect.map((found) => ({ configs: found })),
          Effect.mapError(({ message }) => invalid(message))
        ),
      create: ({ payload }) =>
        followed([payload.config], configs.create(payload.config)).pipe(
          Effect.map(created),
          Effect.catchTags({
            InvalidDocument: ({ message }) => Effect.fail(invalid(message)),
            IdTaken: ({ id }) => Effect.fail(invalid(`The id ${id} is taken`))
          })
        ),
      get: ({ params }) =>
        configs.get(params.config_id).pipe(
          Effect.map((config) => ({ config })),
          Effect.mapError(noSuchResource)
        ),
      update: ({ params, payload }) =>
        configs.get(params.config_id).pipe(
          Effect.flatMap((before) =>
            followed([before, payload.config], configs.update(params.config_id, payload.config))
          ),
          Effect.catchTags({
            NoSuchConfig: () => Effect.fail(noSuchResource()),
            InvalidDocument: ({ message }) => Effect.fail(failed(message))
          })
        ),
      remove: ({ params }) =>
        configs.remove(params.config_id).pipe(
          Effect.catchTags({
            NoSuchConfig: () => Effect.fail(noSuchResource()),
            NotDeletable: ({ id }) =>
              Effect.fail(new Forbidden({ text: `The config ${id} is not deletable` }))
          })
        ),
      raw: ({ params }) =>
        configs.raw(params.config_id).pipe(
          Effect.map((raw_config) => ({ raw_config })),
          Effect.mapError(noSuchResource)
        ),
      autocreate: () =>
        configs.autocreate.pipe(
          Effect.map(created),
          Effect.mapError(() => invalid("There is no config with the role autocreate and a first line"))
        )
    })
  })
)

const created = (id: string) =>
  HttpApiSchema.withHeaders({ body: { id }, headers: { location: pathTo("cfg_mgr/configs", id) } })
