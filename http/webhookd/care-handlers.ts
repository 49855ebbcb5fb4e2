import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Deliveries } from "../../actors/subscription/deliveries.ts"
import { DeliveryPolicies } from "../../actors/subscription/delivery-policies.ts"
import { IdempotencyKeys } from "../../actors/subscription/idempotency-keys.ts"
import { Secrets } from "../../actors/subscription/secrets.ts"
import { Subscriptions } from "../../actors/subscription/subscriptions.ts"
import { Supervision } from "../../actors/subscription/supervision.ts"
import { renderTemplate } from "../../actors/subscription/template/render.ts"
import { TemplateError } from "../../actors/subscription/template/values.ts"
import { Platform } from "../../runtime/platform.ts"
import { CurrentCaller } from "../../schemas/common/caller.ts"
import { catalogue, requiredAclOf } from "../../schemas/events/catalogue.ts"
import { WebhookdApi } from "../../schemas/webhookd/api.ts"
import { templateError } from "../../schemas/webhookd/errors.ts"
import {
  readCatalogueQuery,
  readDeliveryQuery,
  readPreview,
  readRecovery,
  readRotation,
  readSwitch
} from "./input.ts"
import { readIdempotency } from "./idempotency.ts"
import { readPolicy } from "./policy-input.ts"
import { mine, visible } from "./scopes.ts"

/** Secrets, deliveries and health of subscriptions (contracts/webhooks.md 15). */
export const careHandlers = HttpApiBuilder.group(
  WebhookdApi,
  "subscription care",
  Effect.fnUntraced(function* (handlers) {
    const stored = yield* Subscriptions
    const secrets = yield* Secrets
    const deliveries = yield* Deliveries
    const supervision = yield* Supervision
    const policies = yield* DeliveryPolicies
    const keys = yield* IdempotencyKeys
    const seen = ({ params }: { readonly params: { readonly subscription_uuid: string } }) =>
      Effect.flatMap(visible, (scope) => stored.get(scope, params.subscription_uuid))
    const own = ({ params }: { readonly params: { readonly subscription_uuid: string } }) =>
      Effect.flatMap(mine, (scope) => stored.get(scope, params.subscription_uuid))
    const rotate = Effect.fnUntraced(function* (subscriptionUuid: string, payload: unknown) {
      const { key, grace } = yield* readRotation(payload)
      return yield* secrets.rotate(subscriptionUuid, key, grace)
    })
    return handlers.handleAll({
      secret: (request) => Effect.flatMap(seen(request), ({ uuid }) => secrets.show(uuid)),
      rotateSecret: (request) => Effect.flatMap(seen(request), ({ uuid }) => rotate(uuid, request.payload)),
      mySecret: (request) => Effect.flatMap(own(request), ({ uuid }) => secrets.show(uuid)),
      rotateMySecret: (request) => Effect.flatMap(own(request), ({ uuid }) => rotate(uuid, request.payload)),
      deliveries: Effect.fnUntraced(function* (request) {
        const { uuid } = yield* seen(request)
        return yield* deliveries.list(uuid, yield* readDeliveryQuery(request.query))
      }),
      delivery: (request) =>
        Effect.flatMap(seen(request), ({ uuid }) => deliveries.get(uuid, request.params.delivery_uuid)),
      redeliver: Effect.fnUntraced(function* (request) {
        const { delivery_uuid } = request.params
        const idempotent = yield* readIdempotency(`redeliver ${delivery_uuid}`, request.headers, null)
        const { uuid } = yield* seen(request)
        return yield* keys.once(idempotent, (note) => deliveries.redeliver(uuid, delivery_uuid, note))
      }),
      recover: Effect.fnUntraced(function* (request) {
        const window = yield* readRecovery(request.payload)
        const { uuid } = yield* seen(request)
        return { count: yield* deliveries.recover(uuid, window) }
      }),
      test: (request) => Effect.flatMap(seen(request), deliveries.test),
      deadLetters: Effect.fnUntraced(function* ({ query: { recurse, ...query } }) {
        const caller = yield* CurrentCaller
        const tenants = (yield* readSwitch("recurse", recurse)) ? caller.visibleTenants : [caller.tenantUuid]
        return yield* deliveries.deadLetters(tenants, yield* readDeliveryQuery(query))
      }),
      policy: (request) => Effect.flatMap(seen(request), policies.get),
      putPolicy: Effect.fnUntraced(function* (request) {
        const policy = yield* readPolicy(request.payload)
        return yield* policies.put(yield* seen(request), policy)
      }),
      health: (request) => Effect.flatMap(seen(request), supervision.health),
      enable: (request) => Effect.flatMap(seen(request), supervision.enable),
      disable: (request) =>
        Effect.flatMap(seen(request), (subscription) =>
          supervision.disable(subscription, "disabled by an administrator")
        )
    })
  })
)

/** The catalogue of events, and trying out templates (contracts/webhooks.md 15.10). */
export const catalogueHandlers = HttpApiBuilder.group(
  WebhookdApi,
  "catalogue",
  Effect.fnUntraced(function* (handlers) {
    const { uuid: platformUuid } = yield* Platform
    return handlers.handleAll({
      events: Effect.fnUntraced(function* ({ query }) {
        const { search, limit, offset } = yield* readCatalogueQuery(query)
        const found = entries.filter(({ name, service }) => `${service} ${name}`.includes(search))
        return {
          items: found.slice(offset, limit === undefined ? undefined : offset + limit),
          total: found.length
        }
      }),
      preview: Effect.fnUntraced(function* ({ payload }) {
        const { template, eventName, event } = yield* readPreview(payload)
        return yield* Effect.try({
          try: () => ({
            rendered: renderTemplate(template, {
              event_name: eventName,
              event,
              wazo_uuid: platformUuid,
              accent_uuid: platformUuid
            })
          }),
          catch: (error) => (error instanceof TemplateError ? templateError(error.message) : error)
        }).pipe(Effect.catch((error) => (isInvalid(error) ? Effect.fail(error) : Effect.die(error))))
      })
    })
  })
)

const isInvalid = (error: unknown): error is ReturnType<typeof templateError> =>
  typeof error === "object" && error !== null && "error_id" in error

const scopes = { service: "service", tenant: "tenant", user: "user", "multi-user": "user" } as const

const entries = Object.entries(catalogue)
  .flatMap(([service, definitions]) =>
    definitions.map((definition) => ({
      name: definition.name,
      service,
      scope: scopes[definition.class],
      routing_key: definition.routingKey,
      required_acl: requiredAclOf(definition),
      // The payloads' types are TypeScript's alone: any object is promised.
      schema: { type: "object" }
    }))
  )
  .sort((one, other) => (one.name < other.name ? -1 : 1))
