import { type Context, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { dieOnSqlError } from "../../../runtime/database/sql-errors.ts"

/** Gives the functions of a service what it was built with; what the database fails of is a defect. */
export const grounded =
  <Services>(context: Context.Context<Services>) =>
  <Args extends ReadonlyArray<unknown>, A, E>(
    operation: (...args: Args) => Effect.Effect<A, E | SqlError.SqlError, Services>
  ) =>
  (...args: Args) =>
    Effect.provideContext(dieOnSqlError(operation(...args)), context)
