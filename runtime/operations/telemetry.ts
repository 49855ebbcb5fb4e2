import { Layer, Logger, References, Effect } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp } from "effect/observability"
import { AppConfig } from "../config.ts"
import { Verbosity } from "./verbosity.ts"

/** Logs: for people on a terminal, one JSON object a line otherwise; at the level that is in force now. */
const loggingLayer = Layer.unwrap(
  Effect.map(Verbosity, (verbosity) => {
    const inner = process.stdout.isTTY ? Logger.consolePretty() : Logger.consoleJson
    const filtered = Logger.make<unknown, void>((options) => {
      if (verbosity.enabled(options.logLevel)) inner.log(options)
    })
    // The filter above decides, so that the level can change while running.
    return Layer.mergeAll(Logger.layer([filtered]), Layer.succeed(References.MinimumLogLevel, "All" as const))
  })
)

/** Traces, metrics and logs over OTLP when a collector is configured. */
const otlpLayer = Layer.unwrap(
  Effect.map(AppConfig, ({ otlpUrl }) =>
    otlpUrl === ""
      ? Layer.empty
      : Otlp.layerJson({ baseUrl: otlpUrl, resource: { serviceName: "strowger" } }).pipe(
          Layer.provide(FetchHttpClient.layer)
        )
  )
)

/** What the process tells of itself. */
export const telemetryLayer: Layer.Layer<Verbosity, never, AppConfig> = otlpLayer.pipe(
  Layer.provideMerge(loggingLayer),
  Layer.provideMerge(Verbosity.layer)
)
