import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { type AgentdError, unavailable } from "../../schemas/agentd/errors.ts"
import type { StoreUnavailable } from "../../runtime/actor/store.ts"

/** A database that does not answer is a 503 of agentd; the log says why. */
export const databaseAway = <A>(
  effect: Effect.Effect<A, SqlError.SqlError | StoreUnavailable>
): Effect.Effect<A, AgentdError> =>
  Effect.catch(effect, (error) =>
    Effect.andThen(
      Effect.logError("The database does not answer", error),
      Effect.fail(unavailable("the database is not available"))
    )
  )
