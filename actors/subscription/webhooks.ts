import { Layer } from "effect"
import type { SqlClient } from "effect/sql"
import type { ActorHost } from "../../runtime/actor/host.ts"
import type { ActorSystem } from "../../runtime/actor/system.ts"
import type { EventBus } from "../../runtime/bus/event-bus.ts"
import type { AppConfig } from "../../runtime/config.ts"
import type { Platform } from "../../runtime/platform.ts"
import type { Transactions } from "../../runtime/bus/changes.ts"
import type { ExternalConfigs } from "../identity/external-configs.ts"
import type { ExternalCredentials } from "../identity/external-credentials.ts"
import type { Users } from "../identity/users.ts"
import type { Tenants } from "../identity/tenants.ts"
import { Deliveries } from "./deliveries.ts"
import { dispatcherLayer } from "./dispatcher.ts"
import type { HookBell } from "./hook-bell.ts"
import { DeliveryPolicies } from "./delivery-policies.ts"
import { HookLogs } from "./hook-logs.ts"
import { HookServices } from "./hook-services.ts"
import { IdempotencyKeys } from "./idempotency-keys.ts"
import { MobilePush } from "./mobile-push.ts"
import { mobileSubscriptionsLayer } from "./mobile-subscriptions.ts"
import { orphanRemovalLayer } from "./orphan-removal.ts"
import { retentionLayer } from "./retention.ts"
import { Sealing } from "./sealing.ts"
import { Secrets } from "./secrets.ts"
import { Supervision } from "./supervision.ts"
import { transientCaptureLayer } from "./transient-capture.ts"
import { Subscriptions } from "./subscriptions.ts"

/** Everything webhookd offers to its door. */
export type Webhooks =
  | Subscriptions
  | HookLogs
  | HookServices
  | Deliveries
  | DeliveryPolicies
  | IdempotencyKeys
  | Secrets
  | Supervision
  | MobilePush

/**
 * Subscriptions, and the dispatcher of their hooks. Needs `subscriptionMigrations`, and an outbox that was built with
 * `hookBellLayer`: it tells of new hooks.
 */
export const webhooksLayer: Layer.Layer<
  Webhooks,
  never,
  | SqlClient.SqlClient
  | EventBus
  | Transactions
  | Platform
  | HookBell
  | AppConfig
  | Tenants
  | ActorSystem
  | ActorHost
  | ExternalConfigs
  | ExternalCredentials
  | Users
> = Layer.mergeAll(
  orphanRemovalLayer,
  dispatcherLayer,
  transientCaptureLayer,
  mobileSubscriptionsLayer,
  retentionLayer,
  Deliveries.layer,
  DeliveryPolicies.layer,
  IdempotencyKeys.layer,
  Secrets.layer
).pipe(
  Layer.provideMerge(HookServices.layer),
  Layer.provideMerge(Layer.mergeAll(Subscriptions.layer, Supervision.layer, MobilePush.layer)),
  Layer.provideMerge(HookLogs.layer),
  Layer.provide(Sealing.layer)
)
