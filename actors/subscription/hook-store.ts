import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

/** A hook that this node has taken to run. */
export interface ClaimedHook {
  readonly uuid: string
  readonly subscription_uuid: string
  readonly event_name: string
  /** The envelope of the event, as it was published. */
  readonly event: string
  readonly service: string
  readonly config: Readonly<Record<string, string>>
  /** Attempts that are logged. */
  readonly attempts: number
  readonly redelivery: boolean
  readonly owner_user_uuid: string | null
  readonly events_user_uuid: string | null
  readonly owner_tenant_uuid: string
  readonly subscription_name: string
  /** Whether the subscription's actor wants to hear of a success. */
  readonly failing: boolean
  /** Sealed, newest first. */
  readonly secrets: ReadonlyArray<string>
}

/** One attempt, as it is written down. */
export interface AttemptRecord {
  readonly uuid: string
  readonly attempt: number
  readonly maxAttempts: number
  readonly status: "success" | "failure" | "error"
  readonly startedAt: Date
  readonly endedAt: Date
  readonly detail: Readonly<Record<string, unknown>>
  readonly statusCode: number | undefined
  readonly error: string | undefined
  /** Seconds until the next attempt; undefined: there is none. */
  readonly delay: number | undefined
  /** Whether the receiver asked to be called no more. */
  readonly unwanted: boolean
}

/** How long a node may go without renewing its claim on the hooks that it runs. */
const leaseSeconds = 30

/**
 * Takes due hooks for a node, in turns over the subscriptions, so that none waits behind another's queue
 * (contracts/webhooks.md 15.8). `busy` counts the hooks that the node runs already.
 */
export const claimHooks = (
  sql: SqlClient.SqlClient,
  request: {
    readonly node: string
    readonly limit: number
    readonly perSubscription: number
    readonly busy: ReadonlyMap<string, number>
  }
): Effect.Effect<ReadonlyArray<ClaimedHook>, SqlError.SqlError> => {
  const { node, limit, perSubscription, busy } = request
  return sql<ClaimedHook>`
    WITH busy AS (SELECT * FROM unnest(${[...busy.keys()]}::uuid[], ${[...busy.values()]}::integer[]) AS b (uuid, hooks)),
    due AS (
      SELECT h.uuid, s.number FROM webhook_subscription s LEFT JOIN busy b ON b.uuid = s.uuid
      CROSS JOIN LATERAL (
        SELECT t.uuid, row_number() OVER (ORDER BY t.next_attempt_at, t.number) AS turn FROM (
          SELECT w.uuid, w.next_attempt_at, w.number FROM webhook_hook w
          WHERE w.subscription_uuid = s.uuid AND w.state IN ('pending', 'waiting') AND w.next_attempt_at <= now()
          ORDER BY w.next_attempt_at, w.number
          LIMIT greatest(0, CASE s.breaker WHEN 'closed' THEN ${perSubscription}::integer WHEN 'half_open' THEN 1 ELSE 0 END
            - coalesce(b.hooks, 0))
          FOR UPDATE SKIP LOCKED) t
      ) h
      WHERE s.enabled
      ORDER BY h.turn, s.number
      LIMIT ${limit}
    )
    UPDATE webhook_hook h SET state = 'running', lease_owner = ${node},
      lease_until = now() + make_interval(secs => ${leaseSeconds})
    FROM due JOIN webhook_subscription s ON s.number = due.number
    WHERE h.uuid = due.uuid
    RETURNING h.uuid::text AS uuid, h.subscription_uuid::text AS subscription_uuid, h.event_name, h.event, h.service,
      h.config, h.attempts, h.redelivery, s.owner_user_uuid, s.events_user_uuid, s.owner_tenant_uuid,
      s.name AS subscription_name, s.failing OR s.breaker <> 'closed' AS failing,
      ARRAY(SELECT k.sealed FROM webhook_secret k WHERE k.subscription_uuid = s.uuid
        AND (k.expires_at IS NULL OR k.expires_at > now()) ORDER BY k.number DESC) AS secrets`
}

/**
 * Writes attempts down: the log rows, and what becomes of the hooks. What was deleted, or taken over by another node,
 * is passed over.
 */
export const settleAttempts = (
  sql: SqlClient.SqlClient,
  node: string,
  records: ReadonlyArray<AttemptRecord>
): Effect.Effect<unknown, SqlError.SqlError> =>
  sql`
    WITH result AS (
      SELECT * FROM unnest(${records.map(({ uuid }) => uuid)}::uuid[], ${records.map(({ attempt }) => attempt)}::integer[],
        ${records.map(({ maxAttempts }) => maxAttempts)}::integer[], ${records.map(({ status }) => status)}::text[],
        ${records.map(({ startedAt }) => startedAt.toISOString())}::timestamptz[],
        ${records.map(({ endedAt }) => endedAt.toISOString())}::timestamptz[],
        ${records.map(({ detail }) => JSON.stringify(detail))}::text[],
        ${records.map(({ statusCode }) => statusCode ?? -1)}::integer[],
        ${records.map(({ error }) => (error ?? "").replaceAll("\0", ""))}::text[],
        ${records.map(({ delay }) => String(delay ?? 0))}::float8[], ${records.map(stateAfter)}::text[])
      AS r (uuid, attempt, max_attempts, status, started_at, ended_at, detail, code, error, delay, state)),
    changed AS (
      UPDATE webhook_hook h SET state = r.state, attempts = r.attempt, max_attempts = r.max_attempts,
        next_attempt_at = now() + make_interval(secs => r.delay), lease_owner = NULL, lease_until = NULL,
        last_status_code = nullif(r.code, -1), last_error = nullif(r.error, '')
      FROM result r WHERE h.uuid = r.uuid AND h.state = 'running' AND h.lease_owner = ${node}
      RETURNING h.uuid, h.subscription_uuid, h.event)
    INSERT INTO webhook_log (uuid, attempts, subscription_uuid, status, started_at, ended_at, max_attempts, event, detail)
    SELECT r.uuid, r.attempt, c.subscription_uuid, r.status, r.started_at, r.ended_at, r.max_attempts, c.event, r.detail
    FROM changed c JOIN result r ON r.uuid = c.uuid
    ON CONFLICT DO NOTHING`

const stateAfter = ({ status }: AttemptRecord): string =>
  status === "success" ? "succeeded" : status === "failure" ? "waiting" : "failed"

/** Keeps the hooks that a node runs from being taken over. */
export const renewLeases = (sql: SqlClient.SqlClient, node: string) => sql`
  UPDATE webhook_hook SET lease_until = now() + make_interval(secs => ${leaseSeconds})
  WHERE state = 'running' AND lease_owner = ${node}`

/** Gives hooks back to be run again: those of nodes that stopped renewing, or all that are marked as running. */
export const releaseLeases = (
  sql: SqlClient.SqlClient,
  which:
    | { readonly type: "expired" }
    | { readonly type: "all" }
    | { readonly type: "of"; readonly node: string }
) => sql`
  UPDATE webhook_hook SET state = CASE WHEN attempts = 0 THEN 'pending' ELSE 'waiting' END,
    lease_owner = NULL, lease_until = NULL
  WHERE state = 'running' AND ${
    which.type === "expired"
      ? sql`lease_until < now()`
      : which.type === "all"
        ? sql`true`
        : sql`lease_owner = ${which.node}`
  }`
