import { Effect } from "effect"
import { lockDirectory } from "./directory-lock.ts"

/** Takes the lock of the directory in its argument, says how that went, and stays. Run by directory-lock.test.ts. */
const outcome = lockDirectory(process.argv[2] ?? "").pipe(
  Effect.as("mine"),
  Effect.catchTag("DataDirectoryInUse", ({ pid }) => Effect.succeed(`in use by ${pid}`))
)

await Effect.runPromise(
  outcome.pipe(
    Effect.tap((text) => Effect.sync(() => process.stdout.write(`${text}\n`))),
    Effect.andThen(Effect.sleep("1 minute")),
    Effect.scoped
  )
)
