import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import {
  type BusEvent,
  type EventDefinition,
  type EventTarget,
  makeEvent
} from "../../schemas/events/envelope.ts"
import { dieOnSqlError, type WithoutSqlError } from "../database/sql-errors.ts"
import { inTransaction } from "../database/transaction.ts"
import { Platform } from "../platform.ts"
import { Outbox } from "./outbox.ts"

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
 * Changes of the domain: rows and events in one transaction, memory after the commit and before the reply, so that
 * the caller's next request already finds the change. SQL errors that the work does not map are defects.
 */
export class Transactions extends Context.Service<
  Transactions,
  {
    /**
     * The work must not wait for anything but the database. It is run again, with fresh `Changes`, when PostgreSQL
     * gives its transaction up in favour of another one.
     */
    readonly run: <A, E, R>(
      work: (changes: Changes) => Effect.Effect<A, E, R>
    ) => Effect.Effect<A, WithoutSqlError<E>, R>
  }
>()("strowger/runtime/bus/Transactions") {
  static readonly layer: Layer.Layer<Transactions, never, SqlClient.SqlClient | Outbox | Platform> =
    Layer.effect(
      Transactions,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const outbox = yield* Outbox
        const { uuid: originUuid } = yield* Platform

        const attempt = <A, E, R>(work: (changes: Changes) => Effect.Effect<A, E, R>) =>
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
            const settle = Effect.sync(() => {
              for (const action of actions) action()
              if (events.length > 0) outbox.wake()
            })
            return work(changes).pipe(
              Effect.tap(() => append),
              Effect.tap(() => sql.afterCommit(settle))
            )
          })

        return {
          run: (work) => dieOnSqlError(inTransaction(sql, attempt(work)))
        }
      })
    )
}
