import { Effect } from "effect"
import { SqlError } from "effect/sql"

/** Errors other than the database's own. */
export type WithoutSqlError<E> = Exclude<E, SqlError.SqlError>

/** An SQL error that nobody mapped to an answer is a defect. */
export const dieOnSqlError = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, WithoutSqlError<E>, R> =>
  effect.pipe(
    Effect.catch((error) =>
      // What is left after the check is E without SqlError.
      SqlError.isSqlError(error) ? Effect.die(error) : Effect.fail(error as WithoutSqlError<E>)
    )
  )

/** Answers a violated unique or foreign key constraint, by its name, with a typed error. */
export const onConstraint =
  <E2>(answers: Readonly<Record<string, () => E2>>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
    effect.pipe(
      Effect.catch((error) => {
        const answer = SqlError.isSqlError(error) ? answers[constraintOf(error)] : undefined
        return answer ? Effect.fail<E | E2>(answer()) : Effect.fail<E | E2>(error)
      })
    )

const constraintOf = ({ reason }: SqlError.SqlError): string => {
  if (reason._tag === "UniqueViolation") return reason.constraint
  const cause = "cause" in reason ? reason.cause : undefined
  return typeof cause === "object" && cause !== null && "constraint" in cause ? String(cause.constraint) : ""
}
