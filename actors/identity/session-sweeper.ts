import { Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { authSessionExpireSoon } from "../../schemas/events/auth.ts"
import { Transactions } from "./changes.ts"
import { announced, Sessions } from "./sessions.ts"

/** Seconds between two sweeps, and how long before its end a session is announced (contracts/auth.md 18, 19). */
const intervalSeconds = 60
/** Tokens removed in one transaction, oldest first. */
const batchSize = 5_000

/** Sweeps as long as the layer lives; a sweep that fails is logged and the next one comes. */
export const sessionSweeperLayer: Layer.Layer<never, never, SqlClient.SqlClient | Sessions | Transactions> =
  Layer.effectDiscard(
    Effect.suspend(() => sweepSessions).pipe(
      Effect.catchCause((cause) => Effect.logError("Expired sessions could not be removed", cause)),
      Effect.repeat(Schedule.spaced(`${intervalSeconds} seconds`)),
      Effect.forkScoped
    )
  )

/**
 * Removes expired tokens with their sessions and tells of it, then announces once each session that ends before
 * the next sweep. Nodes that sweep at the same time share the work.
 */
export const sweepSessions = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const sessions = yield* Sessions
  const transactions = yield* Transactions
  const removeBatch = transactions.run((changes) =>
    sessions.endWhere(
      changes,
      sql`s.uuid in (
        select session_uuid from auth_token where expires_at <= ${new Date()}
        order by expires_at limit ${batchSize} for update skip locked)`
    )
  )
  yield* Effect.repeat(removeBatch, { until: (removed) => removed < batchSize })
  yield* transactions.run(
    Effect.fnUntraced(function* (changes) {
      const soon = yield* sql<EndingSession>`
        update auth_session s set expiry_announced = true from auth_token t
        where t.session_uuid = s.uuid and not s.expiry_announced
          and t.expires_at <= ${new Date(Date.now() + intervalSeconds * 1000)}
        returning s.uuid, t.auth_id, t.metadata`
      for (const { uuid, auth_id, metadata } of soon) {
        const session = announced(uuid, auth_id, metadata)
        if (session) changes.emit(authSessionExpireSoon, session.target, session.data)
      }
    })
  )
})

interface EndingSession {
  readonly uuid: string
  readonly auth_id: string
  readonly metadata: Readonly<Record<string, unknown>>
}
