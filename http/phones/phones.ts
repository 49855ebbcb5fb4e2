import { Data, Deferred, Effect, Layer, Schedule } from "effect"
import { PhoneRequests } from "../../actors/device/phone-requests.ts"
import { AppConfig } from "../../runtime/config.ts"
import { PhoneListeners } from "./phone-listeners.ts"
import { phoneHttpListener } from "./http-listener.ts"
import { phoneTftpListener } from "./tftp-door.ts"

/**
 * The two ports that phones fetch their files from, for as long as the runtime stands. A port that cannot be had is
 * logged with its knob, shows as `fail` in the status of provd, and is tried again: nothing else depends on it. When
 * the layer is built each port has been tried once.
 */
export const phonesLayer: Layer.Layer<never, never, AppConfig | PhoneRequests | PhoneListeners> =
  Layer.effectDiscard(
    Effect.gen(function* () {
      yield* keepListening("http", "STROWGER_PHONE_HTTP_PORT", phoneHttpListener)
      yield* keepListening("tftp", "STROWGER_TFTP_PORT", phoneTftpListener)
    })
  )

class NotListening extends Data.TaggedError("NotListening")<{ readonly message: string }> {}

const keepListening = Effect.fnUntraced(function* <R>(
  name: "http" | "tftp",
  knob: string,
  listener: Effect.Effect<number, { readonly message: string }, R>
) {
  const listeners = yield* PhoneListeners
  const tried = yield* Deferred.make<void>()
  yield* listener.pipe(
    Effect.mapError(({ message }) => new NotListening({ message })),
    Effect.tap((port) =>
      Effect.sync(() => listeners.set(name, port)).pipe(
        Effect.andThen(Effect.logInfo(`Phones are served over ${name.toUpperCase()} on port ${port}`))
      )
    ),
    Effect.tapError(({ message }) =>
      Effect.logError(`Phones cannot be served over ${name.toUpperCase()} (${knob}): ${message}`)
    ),
    Effect.onExit(() => Deferred.succeed(tried, undefined)),
    Effect.retry(Schedule.spaced("10 seconds")),
    Effect.andThen(Effect.never),
    Effect.ensuring(Effect.sync(() => listeners.set(name, undefined))),
    Effect.forkScoped
  )
  yield* Deferred.await(tried)
})
