import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { Agents } from "./actors/agent/agents.ts"
import { agentKind } from "./actors/agent/agent.ts"
import { AgentChanges } from "./actors/agent/agent-changes.ts"
import { agentAgiLayer } from "./actors/agent/agi.ts"
import { agentAsteriskEventsLayer } from "./actors/agent/asterisk-events.ts"
import { AgentConfigurationEvents } from "./actors/agent/configuration-events.ts"
import { Drift } from "./actors/agent/drift.ts"
import { loggedExtensionsLayer } from "./actors/agent/logged-extensions.ts"
import { agentMigrations } from "./actors/agent/queue-log.ts"
import { AgentStatuses } from "./actors/agent/status.ts"
import { agentSynchroniserLayer } from "./actors/agent/synchronise.ts"
import { AmiActions } from "./actors/ami-session/actions.ts"
import { amiSessionLayer } from "./actors/ami-session/ami-session.ts"
import { Synchronisers } from "./actors/ami-session/synchronisers.ts"
import { lineDeviceMigrations } from "./actors/device/lines/migrations.ts"
import { deviceMigrations } from "./actors/device/migrations.ts"
import { BundledPlugins } from "./actors/device/plugins/bundled-plugins.ts"
import { pluginMigrations } from "./actors/device/plugins/migrations.ts"
import { provisioningLayer } from "./actors/device/provisioning.ts"
import { identityLayer } from "./actors/identity/identity.ts"
import { identityMigrations } from "./actors/identity/migrations.ts"
import { identitySweepsLayer } from "./actors/identity/session-sweeper.ts"
import { CallCentre } from "./actors/pbx/call-centre.ts"
import { callCentreLayer } from "./actors/pbx/call-centre-layer.ts"
import { pbxMigrations } from "./actors/pbx/migrations.ts"
import { pbxLayer } from "./actors/pbx/pbx.ts"
import { HookBell, hookBellLayer } from "./actors/subscription/hook-bell.ts"
import { subscriptionMigrations } from "./actors/subscription/migrations.ts"
import { webhooksLayer } from "./actors/subscription/webhooks.ts"
import { supervisorLayer } from "./actors/supervisor/supervisor.ts"
import { agentdRoutes } from "./http/agentd/handlers.ts"
import { agentdSurface } from "./http/agentd/surface.ts"
import { amidRoutes } from "./http/amid/handlers.ts"
import { amidSurface } from "./http/amid/surface.ts"
import { confdRoutes } from "./http/confd/handlers.ts"
import { confdSurface } from "./http/confd/surface.ts"
import { authRoutes } from "./http/auth/handlers.ts"
import { switchedOffDoor } from "./http/auth/http-plugins.ts"
import { authSurface } from "./http/auth/surface.ts"
import { tokenCheckDoor } from "./http/auth/token-check.ts"
import { docsRoutes } from "./http/docs/docs.ts"
import { makeInspectDoor } from "./http/inspect/door.ts"
import { inspectRoutes } from "./http/inspect/handlers.ts"
import { inspectSurface } from "./http/inspect/surface.ts"
import { corsDoor } from "./http/middleware/cors.ts"
import { ListenAddress, serve } from "./http/server.ts"
import { PhoneListeners } from "./http/phones/phone-listeners.ts"
import { phonesLayer } from "./http/phones/phones.ts"
import { provdRoutes } from "./http/provd/handlers.ts"
import { provdSurface } from "./http/provd/surface.ts"
import { operationsRoutes, Readiness } from "./http/operations/health.ts"
import { webhookdRoutes } from "./http/webhookd/handlers.ts"
import { webhookdSurface } from "./http/webhookd/surface.ts"
import { supervisorRoutes } from "./http/supervisor/handlers.ts"
import { supervisorSurface } from "./http/supervisor/surface.ts"
import { makeWebsocketd, websocketdDoor } from "./http/websocketd/websocketd.ts"
import { bundledPlugins } from "./phones/bundled.ts"
import { actorClockLayer } from "./runtime/actor/clock.ts"
import { ActorHost, registerKind } from "./runtime/actor/host.ts"
import { Inspector } from "./runtime/actor/inspection.ts"
import { actorMigrations } from "./runtime/actor/migrations.ts"
import { ActorStore } from "./runtime/actor/store.ts"
import { ActorSystem } from "./runtime/actor/system.ts"
import { AgiScripts } from "./runtime/agi/scripts.ts"
import { eventBusLayer } from "./runtime/bus/event-bus-layer.ts"
import { Outbox } from "./runtime/bus/outbox.ts"
import { outboxMigrations } from "./runtime/bus/outbox-migrations.ts"
import { clusterLayerSingle } from "./runtime/cluster/cluster.ts"
import { databaseLayer } from "./runtime/database/database.ts"
import { migrate } from "./runtime/database/migrator.ts"
import { telemetryLayer } from "./runtime/operations/telemetry.ts"
import { Platform, platformMigrations } from "./runtime/platform.ts"

/** Every table, by the domain that owns it. */
export const migrations = {
  ...outboxMigrations,
  ...actorMigrations,
  ...platformMigrations,
  ...identityMigrations,
  ...pbxMigrations,
  ...agentMigrations,
  ...subscriptionMigrations,
  ...deviceMigrations,
  ...pluginMigrations,
  ...lineDeviceMigrations
}

/** The ground: bus, actor kit, placement, on a database. */
const groundLayer = ActorSystem.layer.pipe(
  Layer.provideMerge(clusterLayerSingle),
  Layer.provideMerge(ActorHost.layer),
  Layer.provideMerge(ActorStore.layer),
  Layer.provideMerge(Outbox.layer.pipe(Layer.provide(hookBellLayer))),
  Layer.provideMerge(HookBell.layer),
  Layer.provideMerge(Layer.mergeAll(eventBusLayer, Platform.layer, Inspector.layer)),
  Layer.provideMerge(Layer.effectDiscard(migrate(migrations)))
)

/** The inhabitants. */
const inhabitantsLayer = Layer.mergeAll(
  supervisorLayer,
  provisioningLayer.pipe(Layer.provide(BundledPlugins.layer(bundledPlugins)))
).pipe(
  Layer.provideMerge(Layer.mergeAll(Agents.layer, AgentStatuses.layer, AmiActions.layer)),
  Layer.provideMerge(actorClockLayer),
  Layer.provideMerge(agentAsteriskEventsLayer),
  Layer.provideMerge(agentAgiLayer),
  Layer.provideMerge(AgiScripts.layer),
  Layer.provideMerge(agentSynchroniserLayer),
  Layer.provideMerge(AgentConfigurationEvents.layer),
  Layer.provideMerge(
    Layer.effectDiscard(
      Effect.flatMap(Effect.all([CallCentre, AgentChanges]), ([callCentre, changes]) =>
        registerKind(agentKind(callCentre, changes))
      )
    )
  ),
  Layer.provideMerge(amiSessionLayer),
  Layer.provideMerge(Layer.mergeAll(Drift.layer, Synchronisers.layer, AgentChanges.layer)),
  Layer.provideMerge(webhooksLayer),
  Layer.provideMerge(pbxLayer.pipe(Layer.provide(loggedExtensionsLayer))),
  Layer.provideMerge(callCentreLayer),
  Layer.provideMerge(identitySweepsLayer.pipe(Layer.provideMerge(identityLayer)))
)

const routes = Layer.mergeAll(
  provdRoutes,
  agentdRoutes,
  amidRoutes,
  authRoutes,
  confdRoutes,
  docsRoutes,
  inspectRoutes,
  operationsRoutes,
  supervisorRoutes,
  webhookdRoutes
)

/** The one port with everything behind it. */
const doorsLayer = Layer.effect(
  ListenAddress,
  Effect.gen(function* () {
    const websocketd = yield* makeWebsocketd
    const inspection = yield* makeInspectDoor
    const readiness = yield* Readiness
    const surfaces = [
      agentdSurface,
      amidSurface,
      authSurface,
      confdSurface,
      inspectSurface,
      provdSurface,
      supervisorSurface,
      webhookdSurface
    ]
    const address = yield* serve({
      routes,
      surfaces,
      doors: [
        corsDoor(surfaces),
        yield* switchedOffDoor,
        yield* tokenCheckDoor,
        websocketdDoor(websocketd),
        inspection.door
      ]
    })
    // Open sockets would keep the server from closing.
    yield* Effect.addFinalizer(() =>
      Effect.all([websocketd.close, inspection.close], { concurrency: 2, discard: true })
    )
    yield* Effect.addFinalizer(() => Effect.sync(() => readiness.set(false)))
    return address
  })
)

/**
 * The whole runtime. Building it starts everything; closing its scope drains: no new requests, open ones are
 * finished, sockets are closed with the contract's codes, actors come to rest, the database is closed and its lock
 * released.
 */
export const strowgerLayerOn = <Out, E, In>(database: Layer.Layer<Out | SqlClient.SqlClient, E, In>) =>
  Layer.mergeAll(doorsLayer, phonesLayer).pipe(
    Layer.provideMerge(inhabitantsLayer),
    Layer.provideMerge(groundLayer),
    Layer.provideMerge(database),
    Layer.provideMerge(Layer.mergeAll(Readiness.layer, PhoneListeners.layer)),
    Layer.provideMerge(telemetryLayer)
  )

/** The runtime on the database of the knobs. */
export const strowgerLayer = strowgerLayerOn(databaseLayer)
