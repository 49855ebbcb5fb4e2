import { Duration, Effect, Layer, Metric, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { singleton } from "../../runtime/cluster/cluster.ts"
import { AppConfig, millis } from "../../runtime/config.ts"
import { authSessionExpireSoon } from "../../schemas/events/auth.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { SamlSessions } from "./saml-sessions.ts"
import { announced, Sessions } from "./sessions.ts"

/** Expired sessions that were removed. */
const removed = Metric.counter("strowger_auth_sessions_expired_total", {
  description: "Sessions removed because they expired",
  incremental: true
})
const failed = Metric.counter("strowger_auth_session_sweeps_failed_total", {
  description: "Removals of expired sessions that failed",
  incremental: true
})

/**
 * Sweeps on one node of the cluster at a time, as long as the layer lives: expired tokens with their sessions, those
 * of links in mails among them, every `STROWGER_SESSION_SWEEP_INTERVAL`, never when that is under a second
 * (contracts/auth.md 18, 19); SAML sessions every minute. A sweep that fails is logged and the next one comes.
 */
export const identitySweepsLayer = Layer.unwrap(
  Effect.gen(function* () {
    const { sessionSweepInterval } = yield* AppConfig
    const saml = yield* SamlSessions
    const sessions =
      millis(sessionSweepInterval) < 1_000 ? Effect.void : again(sweepSessions, sessionSweepInterval)
    return singleton(
      "identity-sweeps",
      Effect.asVoid(
        Effect.all([sessions, again(saml.sweep, Duration.minutes(1))], { concurrency: 2, discard: true })
      )
    )
  })
)

const again = <A, E, R>(sweep: Effect.Effect<A, E, R>, pause: Duration.Duration) =>
  Effect.suspend(() => sweep).pipe(
    Effect.catchCause((cause) =>
      Effect.andThen(Metric.update(failed, 1), Effect.logError("A sweep of identity failed", cause))
    ),
    Effect.repeat(Schedule.spaced(pause))
  )

/**
 * Removes expired tokens with their sessions and tells of it, then announces once each session that ends before
 * the next sweep. Nodes that sweep at the same time share the work.
 */
export const sweepSessions = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const sessions = yield* Sessions
  const transactions = yield* Transactions
  const { sessionSweepBatch, sessionSweepInterval } = yield* AppConfig
  const removeBatch = transactions.run((changes) =>
    sessions.endWhere(
      changes,
      sql`s.uuid in (
        select session_uuid from auth_token where expires_at <= ${new Date()}
        order by expires_at limit ${sessionSweepBatch} for update skip locked)`
    )
  )
  yield* removeBatch.pipe(
    Effect.tap((count) => Metric.update(removed, count)),
    Effect.repeat({ until: (count) => count < sessionSweepBatch })
  )
  yield* transactions.run(
    Effect.fnUntraced(function* (changes) {
      const soon = yield* sql<EndingSession>`
        update auth_session s set expiry_announced = true from auth_token t
        where t.session_uuid = s.uuid and not s.expiry_announced
          and t.expires_at <= ${new Date(Date.now() + millis(sessionSweepInterval))}
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
