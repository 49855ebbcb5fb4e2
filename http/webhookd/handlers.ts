import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Users } from "../../actors/identity/users.ts"
import { HookLogs } from "../../actors/subscription/hook-logs.ts"
import { HookServices } from "../../actors/subscription/hook-services.ts"
import { IdempotencyKeys } from "../../actors/subscription/idempotency-keys.ts"
import { MobilePush } from "../../actors/subscription/mobile-push.ts"
import { Subscriptions } from "../../actors/subscription/subscriptions.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { AppConfig } from "../../runtime/config.ts"
import { Verbosity } from "../../runtime/operations/verbosity.ts"
import { type Caller, CurrentCaller } from "../../schemas/common/caller.ts"
import { WebhookdApi } from "../../schemas/webhookd/api.ts"
import { invalidUser, unauthorized } from "../../schemas/webhookd/errors.ts"
import { careHandlers, catalogueHandlers } from "./care-handlers.ts"
import { shownConfig } from "./config.ts"
import {
  readConfigPatch,
  readLogQuery,
  readMetadataFilter,
  readNotification,
  readSubscription,
  readSwitch,
  readUserSubscription
} from "./input.ts"
import { readIdempotency } from "./idempotency.ts"
import { mine, visible } from "./scopes.ts"
import { webhookdMiddleware } from "./surface.ts"

const listOf = <A>(items: ReadonlyArray<A>) => ({ items, total: items.length })

const subscriptions = HttpApiBuilder.group(
  WebhookdApi,
  "subscriptions",
  Effect.fnUntraced(function* (handlers) {
    const stored = yield* Subscriptions
    const logs = yield* HookLogs
    const installed = yield* HookServices
    const keys = yield* IdempotencyKeys
    return handlers.handleAll({
      services: () =>
        Effect.succeed({ services: Object.fromEntries(installed.names.map((name) => [name, {}])) }),
      list: Effect.fnUntraced(function* ({ query }) {
        const caller = yield* CurrentCaller
        const recurse = yield* readSwitch("recurse", query.recurse)
        const tenants = recurse ? caller.visibleTenants : [caller.tenantUuid]
        return listOf(yield* stored.list({ tenants }, readMetadataFilter(query.search_metadata)))
      }),
      create: Effect.fnUntraced(function* ({ payload, headers }) {
        const { tenantUuid } = yield* CurrentCaller
        const idempotent = yield* readIdempotency("create", headers, payload)
        const body = yield* readSubscription(payload)
        return yield* keys.once(idempotent, (note) => stored.create(tenantUuid, body, note))
      }),
      get: ({ params }) => Effect.flatMap(visible, (scope) => stored.get(scope, params.subscription_uuid)),
      update: Effect.fnUntraced(function* ({ params, payload }) {
        const { tenantUuid } = yield* CurrentCaller
        const body = yield* readSubscription(payload)
        return yield* stored.update(yield* visible, tenantUuid, params.subscription_uuid, body)
      }),
      remove: ({ params }) =>
        Effect.flatMap(visible, (scope) => stored.remove(scope, params.subscription_uuid)),
      logs: Effect.fnUntraced(function* ({ params, query }) {
        const { uuid } = yield* stored.get(yield* visible, params.subscription_uuid)
        return listOf(yield* logs.list(uuid, yield* readLogQuery(query)))
      })
    })
  })
)

const mySubscriptions = HttpApiBuilder.group(
  WebhookdApi,
  "my subscriptions",
  Effect.fnUntraced(function* (handlers) {
    const stored = yield* Subscriptions
    const logs = yield* HookLogs
    const keys = yield* IdempotencyKeys
    return handlers.handleAll({
      list: Effect.fnUntraced(function* ({ query }) {
        return listOf(yield* stored.list(yield* mine, readMetadataFilter(query.search_metadata)))
      }),
      create: Effect.fnUntraced(function* ({ payload, headers }) {
        const { ownerUserUuid } = yield* mine
        const { ownTenantUuid } = yield* CurrentCaller
        const idempotent = yield* readIdempotency("create mine", headers, payload)
        const body = yield* readUserSubscription(payload)
        return yield* keys.once(idempotent, (note) =>
          stored.createOwned(ownTenantUuid, ownerUserUuid, body, note)
        )
      }),
      get: ({ params }) => Effect.flatMap(mine, (scope) => stored.get(scope, params.subscription_uuid)),
      update: Effect.fnUntraced(function* ({ params, payload }) {
        const scope = yield* mine
        const body = yield* readUserSubscription(payload)
        return yield* stored.updateOwned(scope, params.subscription_uuid, body)
      }),
      remove: ({ params }) => Effect.flatMap(mine, (scope) => stored.remove(scope, params.subscription_uuid)),
      logs: Effect.fnUntraced(function* ({ params, query }) {
        const { uuid } = yield* stored.get(yield* mine, params.subscription_uuid)
        return listOf(yield* logs.list(uuid, yield* readLogQuery(query)))
      })
    })
  })
)

const service = HttpApiBuilder.group(
  WebhookdApi,
  "webhookd",
  Effect.fnUntraced(function* (handlers) {
    const bus = yield* EventBus
    const settings = yield* AppConfig
    const verbosity = yield* Verbosity
    const mobile = yield* MobilePush
    const users = yield* Users
    const scope = yield* Effect.scope
    const keys = yield* IdempotencyKeys
    const installed = yield* HookServices
    const shown = () => shownConfig(settings, installed.names, verbosity.debug())
    return handlers.handleAll({
      notify: Effect.fnUntraced(function* ({ payload, headers }) {
        const { tenantUuid } = yield* CurrentCaller
        const idempotent = yield* readIdempotency("notify", headers, payload)
        const { userUuid, notification } = yield* readNotification(payload)
        const user = yield* Effect.mapError(users.get([tenantUuid], userUuid), () => invalidUser(userUuid))
        if (!user.enabled) return yield* invalidUser(userUuid)
        const send = Effect.forkIn(mobile.notify(tenantUuid, userUuid, notification), scope)
        yield* keys.once(idempotent, (note) => Effect.tap(dieOnSqlError(note(null)), () => send))
      }),
      status: () =>
        Effect.succeed({
          ...pluginStatuses(installed),
          bus_consumer: { status: bus.connected() ? ("ok" as const) : ("fail" as const) },
          // Identity has found or made the master tenant before anything listens.
          master_tenant: { status: "ok" as const }
        }),
      config: () => Effect.as(masterOnly("webhookd.config.read"), shown()),
      patchConfig: Effect.fnUntraced(function* ({ payload }) {
        yield* masterOnly("webhookd.config.update")
        const debug = yield* readConfigPatch(payload)
        if (debug !== undefined) verbosity.setDebug(debug)
        return shown()
      })
    })
  })
)

const pluginStatuses = ({ names, find }: HookServices["Service"]) =>
  Object.fromEntries(
    names.flatMap((name) => {
      const status = find(name)?.status
      return status === undefined ? [] : [[name, { status: status() }]]
    })
  )

const masterOnly = (access: string) =>
  Effect.flatMap(CurrentCaller, (caller: Caller) =>
    caller.isMaster
      ? Effect.void
      : Effect.fail(
          unauthorized({
            invalid_token: caller.tokenId,
            required_access: access,
            reason: "missing_permission_or_invalid_tenant",
            tenant_uuid: caller.ownTenantUuid
          })
        )
  )

/** The routes of webhookd. */
export const webhookdRoutes = HttpApiBuilder.layer(WebhookdApi, {
  openapiPath: "/api/webhookd/1.0/api/api.json"
}).pipe(
  Layer.provide([subscriptions, mySubscriptions, careHandlers, catalogueHandlers, service]),
  Layer.provide(webhookdMiddleware)
)
