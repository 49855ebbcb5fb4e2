import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { Outbox } from "../../runtime/bus/outbox.ts"
import { Platform } from "../../runtime/platform.ts"
import {
  type BusEvent,
  type EventDefinition,
  type EventTarget,
  makeEvent
} from "../../schemas/events/envelope.ts"

/** What a transaction leaves behind: events in the outbox, and things to do in memory once it is committed. */
export interface Changes {
  readonly emit: <Data extends object>(
    definition: EventDefinition<Data>,
    target: EventTarget,
    data: Data
  ) => void
  readonly afterCommit: (action: () => void) => void
}

/**
 * Changes of identity: rows and events in one transaction, memory after the commit and before the reply, so that
 * the caller's next request already finds the change. SQL errors that the work does not map are defects.
 */
export class Transactions extends Context.Service<
  Transactions,
  {
    /** Not to be nested. The work must not wait for anything but the database. */
    readonly run: <A, E, R>(
      work: (changes: Changes) => Effect.Effect<A, E, R>
    ) => Effect.Effect<A, Mapped<E>, R>
  }
>()("strowger/actors/identity/Transactions") {
  static readonly layer: Layer.Layer<Transactions, never, SqlClient.SqlClient | Outbox | Platform> =
    Layer.effect(
      Transactions,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const outbox = yield* Outbox
        const { uuid: originUuid } = yield* Platform
        const run = <A, E, R>(work: (changes: Changes) => Effect.Effect<A, E, R>) =>
          Effect.suspend(() => {
            const events: Array<BusEvent> = []
            const actions: Array<() => void> = []
            const changes: Changes = {
              emit: (definition, target, data) => {
                events.push(makeEvent(definition, { originUuid, at: Date.now() }, target, data))
              },
              afterCommit: (action) => {
                actions.push(action)
              }
            }
            const append = Effect.suspend(() => (events.length === 0 ? Effect.void : outbox.append(events)))
            const settle = () => {
              for (const action of actions) action()
              if (events.length > 0) outbox.wake()
            }
            // Once committed the memory must follow, even when the caller has gone away.
            return Effect.uninterruptibleMask((restore) =>
              sql
                .withTransaction(restore(Effect.tap(work(changes), () => append)))
                .pipe(Effect.tap(() => Effect.sync(settle)))
            ).pipe(dieOnSqlError)
          })
        return { run }
      })
    )
}

type Mapped<E> = Exclude<E, SqlError.SqlError>

/** An SQL error that nobody mapped to an answer is a defect. */
export const dieOnSqlError = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Mapped<E>, R> =>
  effect.pipe(
    Effect.catch((error) =>
      // What is left after the check is E without SqlError.
      isSqlError(error) ? Effect.die(error) : Effect.fail(error as Mapped<E>)
    )
  )

/** Answers a violated unique or foreign key constraint, by its name, with a typed error. */
export const onConstraint =
  <E2>(answers: Readonly<Record<string, () => E2>>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
    effect.pipe(
      Effect.catch((error) => {
        const answer = isSqlError(error) ? answers[constraintOf(error)] : undefined
        return answer ? Effect.fail<E | E2>(answer()) : Effect.fail<E | E2>(error)
      })
    )

const isSqlError = (error: unknown): error is SqlError.SqlError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "SqlError"

const constraintOf = ({ reason }: SqlError.SqlError): string => {
  if (reason._tag === "UniqueViolation") return reason.constraint
  const cause = "cause" in reason ? reason.cause : undefined
  return typeof cause === "object" && cause !== null && "constraint" in cause ? String(cause.constraint) : ""
}
