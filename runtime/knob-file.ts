import { Effect } from "effect"
import { readFile } from "node:fs/promises"
import { isSet } from "./config.ts"

/** The text of the file that a knob names; undefined when the knob is empty. A file that cannot be read stops the start. */
export const readKnobFile = (knob: string, path: string): Effect.Effect<string | undefined> =>
  isSet(path)
    ? Effect.tryPromise({
        try: () => readFile(path, "utf8"),
        catch: () => new Error(`${knob}: the file ${path} cannot be read`)
      }).pipe(Effect.orDie)
    : Effect.undefined
