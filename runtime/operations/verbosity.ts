import { Context, Effect, Layer, LogLevel } from "effect"
import { AppConfig } from "../config.ts"

/**
 * How much is logged. Starts at `STROWGER_LOG_LEVEL`; `debug` can be switched while running.
 */
export class Verbosity extends Context.Service<
  Verbosity,
  {
    readonly debug: () => boolean
    readonly setDebug: (on: boolean) => void
    readonly enabled: (level: LogLevel.LogLevel) => boolean
  }
>()("strowger/runtime/operations/Verbosity") {
  static readonly layer = Layer.effect(
    Verbosity,
    Effect.map(AppConfig, ({ logLevel }) => {
      let debug = LogLevel.isLessThanOrEqualTo(logLevel, "Debug")
      const configured = debug ? "Info" : logLevel
      return {
        debug: () => debug,
        setDebug: (on) => {
          debug = on
        },
        enabled: (level) =>
          LogLevel.isGreaterThanOrEqualTo(
            level,
            debug ? (logLevel === "Trace" || logLevel === "All" ? logLevel : "Debug") : configured
          )
      }
    })
  )
}
