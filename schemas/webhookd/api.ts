import { Schema } from "effect"
import {
  HttpApi,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema,
  OpenApi
} from "effect/http-api"
import { CurrentCaller, RequiredAcl, tokenSecurity } from "../common/caller.ts"
import { DeadLetter, Delivery, DeliveryDetail, SecretView, SubscriptionHealth } from "./delivery.ts"
import { Conflict, Invalid, NotFound, Unauthorized } from "./errors.ts"
import { DeliveryPolicy } from "./policy.ts"
import { HookLog, Subscription } from "./subscription.ts"

/** Checks token, ACL and tenant header; every refusal is webhookd's 401. */
export class WebhookdAuthentication extends HttpApiMiddleware.Service<
  WebhookdAuthentication,
  { provides: CurrentCaller }
>()("strowger/webhookd/Authentication", { security: { token: tokenSecurity }, error: Unauthorized }) {}

/** Turns undecodable input into webhookd's own 400 and 404. */
export class WebhookdInput extends HttpApiMiddleware.Service<WebhookdInput>()("strowger/webhookd/Input", {
  error: Schema.Union([Invalid, NotFound])
}) {}

const list = <S extends Schema.Constraint>(item: S) =>
  Schema.Struct({ items: Schema.Array(item), total: Schema.Int })
const byUuid = { subscription_uuid: Schema.String.check(Schema.isMaxLength(256)) }
const text = Schema.optionalKey(Schema.String)
const metadata = { search_metadata: Schema.optionalKey(Schema.Array(Schema.String)) }
/** Who sends the same key again gets the first answer again (contracts/webhooks.md 15.9). */
const idempotent = { "idempotency-key": text }
/** Read by the surface itself: every wrong field is told at once, in webhookd's own words. */
const body = Schema.Unknown
const logQuery = {
  from_date: text,
  limit: text,
  offset: text,
  order: text,
  direction: text,
  search: text
}
const created = Subscription.pipe(HttpApiSchema.status(201))

/** Subscriptions of a tenant (contracts/webhooks.md 5). */
export class Subscriptions extends HttpApiGroup.make("subscriptions")
  .add(
    HttpApiEndpoint.get("services", "/subscriptions/services", {
      success: Schema.Struct({ services: Schema.Record(Schema.String, Schema.Struct({})) })
    }).annotate(RequiredAcl, "webhookd.subscriptions.services.read"),
    HttpApiEndpoint.get("list", "/subscriptions", {
      query: { recurse: text, ...metadata },
      success: list(Subscription),
      error: [Invalid]
    }).annotate(RequiredAcl, "webhookd.subscriptions.read"),
    HttpApiEndpoint.post("create", "/subscriptions", {
      headers: idempotent,
      payload: body,
      success: created,
      error: [Invalid, Conflict]
    }).annotate(RequiredAcl, "webhookd.subscriptions.create"),
    HttpApiEndpoint.get("get", "/subscriptions/:subscription_uuid", {
      params: byUuid,
      success: Subscription,
      error: [NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.read"),
    HttpApiEndpoint.put("update", "/subscriptions/:subscription_uuid", {
      params: byUuid,
      payload: body,
      success: Subscription,
      error: [Invalid, NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.update"),
    HttpApiEndpoint.delete("remove", "/subscriptions/:subscription_uuid", {
      params: byUuid,
      success: HttpApiSchema.NoContent,
      error: [NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.delete"),
    HttpApiEndpoint.get("logs", "/subscriptions/:subscription_uuid/logs", {
      params: byUuid,
      query: logQuery,
      success: list(HookLog),
      error: [Invalid, NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.logs.read")
  )
  .middleware(WebhookdInput)
  .middleware(WebhookdAuthentication) {}

/** Subscriptions of the user behind the token (contracts/webhooks.md 4 and 5). */
export class MySubscriptions extends HttpApiGroup.make("my subscriptions")
  .add(
    HttpApiEndpoint.get("list", "/users/me/subscriptions", {
      query: metadata,
      success: list(Subscription),
      error: [Invalid]
    }).annotate(RequiredAcl, "webhookd.users.me.subscriptions.read"),
    HttpApiEndpoint.post("create", "/users/me/subscriptions", {
      headers: idempotent,
      payload: body,
      success: created,
      error: [Invalid, Conflict]
    }).annotate(RequiredAcl, "webhookd.users.me.subscriptions.create"),
    HttpApiEndpoint.get("get", "/users/me/subscriptions/:subscription_uuid", {
      params: byUuid,
      success: Subscription,
      error: [Invalid, NotFound]
    }).annotate(RequiredAcl, "webhookd.users.me.subscriptions.{subscription_uuid}.read"),
    HttpApiEndpoint.put("update", "/users/me/subscriptions/:subscription_uuid", {
      params: byUuid,
      payload: body,
      success: Subscription,
      error: [Invalid, NotFound]
    }).annotate(RequiredAcl, "webhookd.users.me.subscriptions.{subscription_uuid}.update"),
    HttpApiEndpoint.delete("remove", "/users/me/subscriptions/:subscription_uuid", {
      params: byUuid,
      success: HttpApiSchema.NoContent,
      error: [Invalid, NotFound]
    }).annotate(RequiredAcl, "webhookd.users.me.subscriptions.{subscription_uuid}.delete"),
    HttpApiEndpoint.get("logs", "/users/me/subscriptions/:subscription_uuid/logs", {
      params: byUuid,
      query: logQuery,
      success: list(HookLog),
      error: [Invalid, NotFound]
    }).annotate(RequiredAcl, "webhookd.users.me.subscriptions.{subscription_uuid}.logs.read")
  )
  .middleware(WebhookdInput)
  .middleware(WebhookdAuthentication) {}

const byDelivery = { ...byUuid, delivery_uuid: Schema.String.check(Schema.isMaxLength(256)) }
const deliveryQuery = {
  status: text,
  event: text,
  from_date: text,
  until_date: text,
  limit: text,
  offset: text,
  direction: text
}
const page = <S extends Schema.Constraint>(item: S) =>
  Schema.Struct({ items: Schema.Array(item), total: Schema.Int, filtered: Schema.Int })
const accepted = Delivery.pipe(HttpApiSchema.status(202))
const Done = HttpApiSchema.NoContent

/** Beyond upstream: secrets, deliveries, health (contracts/webhooks.md 15). */
export class SubscriptionCare extends HttpApiGroup.make("subscription care")
  .add(
    HttpApiEndpoint.get("secret", "/subscriptions/:subscription_uuid/secret", {
      params: byUuid,
      success: SecretView,
      error: [NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.secret.read"),
    HttpApiEndpoint.post("rotateSecret", "/subscriptions/:subscription_uuid/secret/rotate", {
      params: byUuid,
      payload: body,
      success: SecretView,
      error: [Invalid, NotFound, Conflict]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.secret.update"),
    HttpApiEndpoint.get("mySecret", "/users/me/subscriptions/:subscription_uuid/secret", {
      params: byUuid,
      success: SecretView,
      error: [Invalid, NotFound]
    }).annotate(RequiredAcl, "webhookd.users.me.subscriptions.{subscription_uuid}.secret.read"),
    HttpApiEndpoint.post("rotateMySecret", "/users/me/subscriptions/:subscription_uuid/secret/rotate", {
      params: byUuid,
      payload: body,
      success: SecretView,
      error: [Invalid, NotFound, Conflict]
    }).annotate(RequiredAcl, "webhookd.users.me.subscriptions.{subscription_uuid}.secret.update"),
    HttpApiEndpoint.get("deliveries", "/subscriptions/:subscription_uuid/deliveries", {
      params: byUuid,
      query: deliveryQuery,
      success: page(Delivery),
      error: [Invalid, NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.deliveries.read"),
    HttpApiEndpoint.get("delivery", "/subscriptions/:subscription_uuid/deliveries/:delivery_uuid", {
      params: byDelivery,
      success: DeliveryDetail,
      error: [NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.deliveries.read"),
    HttpApiEndpoint.post(
      "redeliver",
      "/subscriptions/:subscription_uuid/deliveries/:delivery_uuid/redeliver",
      { params: byDelivery, headers: idempotent, success: accepted, error: [Invalid, NotFound, Conflict] }
    ).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.deliveries.redeliver"),
    HttpApiEndpoint.post("recover", "/subscriptions/:subscription_uuid/recover", {
      params: byUuid,
      payload: body,
      success: Schema.Struct({ count: Schema.Int }).pipe(HttpApiSchema.status(202)),
      error: [Invalid, NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.deliveries.redeliver"),
    HttpApiEndpoint.post("test", "/subscriptions/:subscription_uuid/test", {
      params: byUuid,
      success: accepted,
      error: [NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.test"),
    HttpApiEndpoint.get("deadLetters", "/dead-letters", {
      query: { ...deliveryQuery, recurse: text },
      success: page(DeadLetter),
      error: [Invalid]
    }).annotate(RequiredAcl, "webhookd.dead_letters.read"),
    HttpApiEndpoint.get("policy", "/subscriptions/:subscription_uuid/policy", {
      params: byUuid,
      success: DeliveryPolicy,
      error: [NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.policy.read"),
    HttpApiEndpoint.put("putPolicy", "/subscriptions/:subscription_uuid/policy", {
      params: byUuid,
      payload: body,
      success: DeliveryPolicy,
      error: [Invalid, NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.policy.update"),
    HttpApiEndpoint.get("health", "/subscriptions/:subscription_uuid/health", {
      params: byUuid,
      success: SubscriptionHealth,
      error: [NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.health.read"),
    HttpApiEndpoint.post("enable", "/subscriptions/:subscription_uuid/enable", {
      params: byUuid,
      success: Done,
      error: [NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.update"),
    HttpApiEndpoint.post("disable", "/subscriptions/:subscription_uuid/disable", {
      params: byUuid,
      success: Done,
      error: [NotFound]
    }).annotate(RequiredAcl, "webhookd.subscriptions.{subscription_uuid}.update")
  )
  .middleware(WebhookdInput)
  .middleware(WebhookdAuthentication) {}

const CatalogueEntry = Schema.Struct({
  name: Schema.String,
  service: Schema.String,
  scope: Schema.Literals(["service", "tenant", "user"]),
  routing_key: Schema.String,
  required_acl: Schema.NullOr(Schema.String),
  schema: Schema.Record(Schema.String, Schema.Unknown)
})

/** What subscriptions can be made of (contracts/webhooks.md 15.10). */
export class WebhookdCatalogue extends HttpApiGroup.make("catalogue")
  .add(
    HttpApiEndpoint.get("events", "/events", {
      query: { search: text, limit: text, offset: text },
      success: list(CatalogueEntry),
      error: [Invalid]
    }).annotate(RequiredAcl, "webhookd.events.read"),
    HttpApiEndpoint.post("preview", "/templates/preview", {
      payload: body,
      success: Schema.Struct({ rendered: Schema.String }),
      error: [Invalid]
    }).annotate(RequiredAcl, "webhookd.templates.preview")
  )
  .middleware(WebhookdInput)
  .middleware(WebhookdAuthentication) {}

const Health = Schema.Struct({ status: Schema.Literals(["ok", "fail"]) })
const Configuration = Schema.Record(Schema.String, Schema.Unknown)

/** What webhookd says of itself (contracts/webhooks.md 5 and 5.1). */
export class WebhookdService extends HttpApiGroup.make("webhookd")
  .add(
    HttpApiEndpoint.post("notify", "/mobile/notifications", {
      headers: idempotent,
      payload: body,
      success: Done,
      error: [Invalid, Conflict]
    }).annotate(RequiredAcl, "webhookd.mobile.notifications.send"),
    HttpApiEndpoint.get("status", "/status", {
      success: Schema.StructWithRest(Schema.Struct({ bus_consumer: Health, master_tenant: Health }), [
        Schema.Record(Schema.String, Health)
      ])
    }).annotate(RequiredAcl, "webhookd.status.read"),
    HttpApiEndpoint.get("config", "/config", { success: Configuration, error: [Unauthorized] }).annotate(
      RequiredAcl,
      "webhookd.config.read"
    ),
    HttpApiEndpoint.patch("patchConfig", "/config", {
      payload: body,
      success: Configuration,
      error: [Invalid, Unauthorized]
    }).annotate(RequiredAcl, "webhookd.config.update")
  )
  .middleware(WebhookdInput)
  .middleware(WebhookdAuthentication) {}

/** webhookd's REST surface (contracts/webhooks.md 5). */
export class WebhookdApi extends HttpApi.make("webhookd")
  .add(Subscriptions, MySubscriptions, SubscriptionCare, WebhookdCatalogue, WebhookdService)
  .prefix("/api/webhookd/1.0")
  .annotateMerge(OpenApi.annotations({ title: "webhookd", version: "1.0" })) {}
