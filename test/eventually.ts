import { Effect, Schedule } from "effect"

/** Repeats a look until it shows what is awaited; fails when that takes longer than the limit. */
export const eventually = <A, E, R>(
  look: Effect.Effect<A, E, R>,
  shows: (value: A) => boolean,
  limit: "1 second" | "2 seconds" | "5 seconds" | "7 seconds" | "10 seconds" | "30 seconds" = "10 seconds"
) => Effect.repeat(look, { until: shows, schedule: Schedule.spaced("20 millis") }).pipe(Effect.timeout(limit))
