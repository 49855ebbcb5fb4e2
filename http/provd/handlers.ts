import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { ProvdApi } from "../../schemas/provd/api.ts"
import { configHandlers } from "./config-handlers.ts"
import { deviceHandlers } from "./device-handlers.ts"
import { linksTo } from "./links.ts"
import { parameterHandlers } from "./parameter-handlers.ts"
import { PhoneListeners } from "../phones/phone-listeners.ts"
import { pluginHandlers, pluginInstallationHandlers } from "./plugin-handlers.ts"
import { provdMiddleware } from "./surface.ts"

const root = HttpApiBuilder.group(
  ProvdApi,
  "provd",
  Effect.fnUntraced(function* (handlers) {
    const bus = yield* EventBus
    const listeners = yield* PhoneListeners
    return handlers.handleAll({
      root: () =>
        Effect.succeed(
          linksTo({
            dev: "dev_mgr",
            cfg: "cfg_mgr",
            pg: "pg_mgr",
            status: "status",
            "srv.configure": "configure"
          })
        ),
      status: () =>
        Effect.sync(() => ({
          rest_api: "ok" as const,
          bus_consumer: { status: healthOf(bus.connected()) },
          tftp: { status: healthOf(listeners.isUp("tftp")) },
          http: { status: healthOf(listeners.isUp("http")) }
        }))
    })
  })
)

const healthOf = (isWell: boolean) => (isWell ? ("ok" as const) : ("fail" as const))

/** The routes of provd. */
export const provdRoutes = HttpApiBuilder.layer(ProvdApi, {
  openapiPath: "/api/provd/0.2/api/api.json"
}).pipe(
  Layer.provide([
    root,
    deviceHandlers,
    configHandlers,
    pluginInstallationHandlers,
    pluginHandlers,
    parameterHandlers
  ]),
  Layer.provide(provdMiddleware)
)
