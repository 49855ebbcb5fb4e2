import { Layer } from "effect"
import type { SqlClient } from "effect/sql"
import type { EventBus } from "../../runtime/bus/event-bus.ts"
import type { Platform } from "../../runtime/platform.ts"
import type { Transactions } from "../identity/changes.ts"
import { HookLogs } from "./hook-logs.ts"
import { orphanRemovalLayer } from "./orphan-removal.ts"
import { Subscriptions } from "./subscriptions.ts"

/** Everything webhookd stands on. Needs `subscriptionMigrations`. */
export type Webhooks = Subscriptions | HookLogs

export const webhooksLayer: Layer.Layer<
  Webhooks,
  never,
  SqlClient.SqlClient | EventBus | Transactions | Platform
> = orphanRemovalLayer.pipe(Layer.provideMerge(Subscriptions.layer), Layer.provideMerge(HookLogs.layer))
