import { Effect, Layer, Schedule } from "effect"
import { HookLogs } from "./hook-logs.ts"

/** Days that logs and finished deliveries are kept (contracts/webhooks.md 2 and 15.4). */
export const retentionDays = 30

/** Removes what is too old, at the start and once a day. */
export const retentionLayer: Layer.Layer<never, never, HookLogs> = Layer.effectDiscard(
  Effect.flatMap(HookLogs, (logs) =>
    logs.purge(retentionDays).pipe(
      Effect.catchCause((cause) => Effect.logError("Old webhook logs could not be removed", cause)),
      Effect.repeat(Schedule.spaced("24 hours")),
      Effect.forkScoped
    )
  )
)
