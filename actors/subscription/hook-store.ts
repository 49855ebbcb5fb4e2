import type { SqlClient, SqlError } from "effect/sql"
import { Effect } from "effect"
import type { DeliveryPolicy } from "../../schemas/webhookd/policy.ts"

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
  /** Null: nobody said anything. */
  readonly policy: DeliveryPolicy | null
  /** How many subscriptions shared the places. */
  readonly sharing: number
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
  /** Why the subscription should be disabled; undefined: it should not. */
  readonly disable: string | undefined
}

/** A subscription with a rate limit may be this far ahead of it, so that it need not be looked after for each call. */
const burstSeconds = 0.1

/** The subscriptions with hooks that wait: one step through the index for each, however long their queues are. */
const queues = `
  queue (subscription_uuid) AS (
    (SELECT subscription_uuid FROM webhook_hook WHERE state IN ('pending', 'waiting')
      ORDER BY subscription_uuid LIMIT 1)
    UNION ALL
    SELECT (SELECT w.subscription_uuid FROM webhook_hook w
      WHERE w.state IN ('pending', 'waiting') AND w.subscription_uuid > q.subscription_uuid
      ORDER BY w.subscription_uuid LIMIT 1)
    FROM queue q WHERE q.subscription_uuid IS NOT NULL)`

/** How many more hooks each subscription may have under way, over all nodes (contracts/webhooks.md 15.5 and 15.7). */
const readiness = `
  running AS (
    SELECT subscription_uuid, count(*)::integer AS hooks FROM webhook_hook WHERE state = 'running'
    GROUP BY subscription_uuid),
  limited AS (
    SELECT s.uuid, floor((CASE WHEN s.rate_per_second > 10 THEN ${burstSeconds} ELSE 0 END
      - extract(epoch FROM greatest(s.rate_at, now()) - now())) * s.rate_per_second)::integer + 1 AS allowed
    FROM queue q JOIN webhook_subscription s ON s.uuid = q.subscription_uuid
    WHERE s.rate_per_second IS NOT NULL FOR NO KEY UPDATE OF s SKIP LOCKED),
  room AS (
    SELECT s.uuid, s.number, s.fifo, least(l.allowed,
      CASE s.breaker WHEN 'closed' THEN coalesce(s.max_concurrency, 10) WHEN 'half_open' THEN 1 ELSE 0 END
        - coalesce(r.hooks, 0)) AS room
    FROM queue q JOIN webhook_subscription s ON s.uuid = q.subscription_uuid
    LEFT JOIN running r ON r.subscription_uuid = s.uuid LEFT JOIN limited l ON l.uuid = s.uuid
    WHERE s.enabled AND (s.rate_per_second IS NULL OR l.uuid IS NOT NULL)),
  ready AS (SELECT *, count(*) OVER () AS sharing FROM room WHERE room > 0)`

/**
 * Takes due hooks for a node, the same share for each subscription, so that none waits behind another's queue
 * (contracts/webhooks.md 15.8); what a short queue leaves is for the next call. Of a subscription in `fifo` only the oldest one that is not done may run.
 */
export const claimHooks = (
  sql: SqlClient.SqlClient,
  request: { readonly node: string; readonly limit: number; readonly leaseSeconds: number }
): Effect.Effect<ReadonlyArray<ClaimedHook>, SqlError.SqlError> => {
  const { node, limit, leaseSeconds } = request
  return sql<ClaimedHook>`
    WITH RECURSIVE ${sql.literal(queues)}, ${sql.literal(readiness)},
    due AS (
      SELECT h.uuid, s.number, s.sharing FROM ready s CROSS JOIN LATERAL (
        SELECT t.uuid, row_number() OVER (ORDER BY t.next_attempt_at, t.number) AS turn FROM (
          SELECT w.uuid, w.next_attempt_at, w.number FROM webhook_hook w
          WHERE w.subscription_uuid = s.uuid AND w.state IN ('pending', 'waiting') AND w.next_attempt_at <= now()
          ORDER BY w.next_attempt_at, w.number
          LIMIT CASE WHEN s.fifo THEN 0 ELSE least(s.room, ceil(${limit}::float8 / s.sharing)) END
          FOR UPDATE SKIP LOCKED) t
        UNION ALL
        SELECT f.uuid, 1 FROM (
          SELECT w.uuid FROM webhook_hook w
          WHERE s.fifo AND w.state IN ('pending', 'waiting') AND w.next_attempt_at <= now()
            AND w.subscription_uuid = s.uuid AND w.number = (
              SELECT x.number FROM webhook_hook x
              WHERE x.subscription_uuid = s.uuid AND x.state IN ('pending', 'waiting', 'running')
              ORDER BY x.number LIMIT 1)
          FOR UPDATE SKIP LOCKED) f
      ) h
      ORDER BY h.turn, s.number
      LIMIT ${limit}
    ),
    spent AS (
      UPDATE webhook_subscription s
      SET rate_at = greatest(s.rate_at, now()) + make_interval(secs => c.hooks / s.rate_per_second)
      FROM (SELECT number, count(*) AS hooks FROM due GROUP BY number) c
      WHERE s.number = c.number AND s.rate_per_second IS NOT NULL
    )
    UPDATE webhook_hook h SET state = 'running', lease_owner = ${node},
      lease_until = now() + make_interval(secs => ${leaseSeconds})
    FROM due JOIN webhook_subscription s ON s.number = due.number
    WHERE h.uuid = due.uuid
    RETURNING h.uuid::text AS uuid, h.subscription_uuid::text AS subscription_uuid, h.event_name, h.event, h.service,
      h.config, h.attempts, h.redelivery, s.owner_user_uuid, s.events_user_uuid, s.owner_tenant_uuid,
      s.name AS subscription_name, s.policy, s.failing OR s.breaker <> 'closed' AS failing,
      due.sharing::integer AS sharing,
      ARRAY(SELECT k.sealed FROM webhook_secret k WHERE k.subscription_uuid = s.uuid
        AND (k.expires_at IS NULL OR k.expires_at > now()) ORDER BY k.number DESC) AS secrets`
}

/**
 * Writes attempts down: the log rows, and what becomes of the hooks. What was deleted, or taken over by another node,
 * is passed over; answers the others.
 */
export const settleAttempts = (
  sql: SqlClient.SqlClient,
  node: string,
  records: ReadonlyArray<AttemptRecord>
): Effect.Effect<ReadonlySet<string>, SqlError.SqlError> =>
  Effect.map(
    sql<{ uuid: string }>`
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
    ON CONFLICT DO NOTHING
    RETURNING uuid::text AS uuid`,
    (rows) => new Set(rows.map(({ uuid }) => uuid))
  )

const stateAfter = ({ status }: AttemptRecord): string =>
  status === "success" ? "succeeded" : status === "failure" ? "waiting" : "failed"

/** Gives hooks back for a while without an attempt: their host has as many as it may have. */
export const postponeHooks = (
  sql: SqlClient.SqlClient,
  node: string,
  uuids: ReadonlyArray<string>,
  seconds: number
): Effect.Effect<unknown, SqlError.SqlError> => sql`
  UPDATE webhook_hook SET ${sql.literal(backInQueue)}, next_attempt_at = now() + make_interval(secs => ${seconds})
  WHERE uuid = ANY(${uuids}::uuid[]) AND state = 'running' AND lease_owner = ${node}`

/** Forgets hooks that nobody can run. */
export const dropHooks = (
  sql: SqlClient.SqlClient,
  uuids: ReadonlyArray<string>
): Effect.Effect<unknown, SqlError.SqlError> =>
  sql`DELETE FROM webhook_hook WHERE uuid = ANY(${uuids}::uuid[])`

/** The hooks that a node knows it runs. */
export interface Holding {
  readonly node: string
  readonly uuids: ReadonlyArray<string>
}

/** Keeps the hooks that a node runs from being taken over. */
export const renewLeases = (sql: SqlClient.SqlClient, { node, uuids }: Holding, leaseSeconds: number) => sql`
  UPDATE webhook_hook SET lease_until = now() + make_interval(secs => ${leaseSeconds})
  WHERE state = 'running' AND lease_owner = ${node} AND uuid = ANY(${uuids}::uuid[])`

/**
 * Gives hooks back to be run again: `expired`, those of nodes that fell silent, never those that this one holds;
 * `unknown`, those that this node has taken without knowing it, because the answer was lost with a connection.
 */
export const releaseLeases = (
  sql: SqlClient.SqlClient,
  which:
    | { readonly type: "expired"; readonly holding: Holding }
    | { readonly type: "unknown"; readonly holding: Holding }
    | { readonly type: "all" }
    | { readonly type: "of"; readonly node: string }
    | { readonly type: "not of"; readonly nodes: ReadonlyArray<string> }
) => sql`
  UPDATE webhook_hook SET ${sql.literal(backInQueue)}
  WHERE state = 'running' AND ${
    which.type === "expired"
      ? sql`lease_until < now() AND NOT (lease_owner = ${which.holding.node}
          AND uuid = ANY(${which.holding.uuids}::uuid[]))`
      : which.type === "unknown"
        ? sql`lease_owner = ${which.holding.node} AND uuid <> ALL(${which.holding.uuids}::uuid[])`
        : which.type === "all"
          ? sql`true`
          : which.type === "of"
            ? sql`lease_owner = ${which.node}`
            : sql`lease_owner <> ALL(${which.nodes})`
  }`

const backInQueue = `state = CASE WHEN attempts = 0 THEN 'pending' ELSE 'waiting' END,
  lease_owner = NULL, lease_until = NULL`

/** A subscription whose queue was too long, and the youngest of the hooks that it lost. */
export interface Overflow {
  readonly subscription_uuid: string
  readonly name: string
  readonly owner_tenant_uuid: string
  readonly owner_user_uuid: string | null
  readonly hooks: number
  readonly last: string
}

/**
 * Gives up the oldest hooks of subscriptions with more than so many in their queue, and logs each
 * (contracts/webhooks.md 15.8).
 */
export const trimQueues = (
  sql: SqlClient.SqlClient,
  most: number
): Effect.Effect<ReadonlyArray<Overflow>, SqlError.SqlError> => {
  const error = `more than ${most} deliveries wait`
  return sql<Overflow>`
    WITH full_queue AS (
      SELECT subscription_uuid, count(*) - ${most} AS surplus FROM webhook_hook
      WHERE state IN ('pending', 'waiting') GROUP BY subscription_uuid HAVING count(*) > ${most}),
    oldest AS (
      SELECT h.uuid FROM full_queue q CROSS JOIN LATERAL (
        SELECT w.uuid FROM webhook_hook w
        WHERE w.subscription_uuid = q.subscription_uuid AND w.state IN ('pending', 'waiting')
        ORDER BY w.number LIMIT q.surplus FOR UPDATE SKIP LOCKED) h),
    lost AS (
      UPDATE webhook_hook h SET state = 'failed', attempts = h.attempts + 1, last_error = ${error}
      FROM oldest o WHERE h.uuid = o.uuid
      RETURNING h.uuid, h.subscription_uuid, h.number, h.attempts, coalesce(h.max_attempts, h.attempts) AS max_attempts, h.event),
    logged AS (
      INSERT INTO webhook_log (uuid, attempts, subscription_uuid, status, started_at, ended_at, max_attempts, event, detail)
      SELECT uuid, attempts, subscription_uuid, 'error', now(), now(), max_attempts, event,
        ${JSON.stringify({ error, error_id: "queue-overflow" })} FROM lost
      ON CONFLICT DO NOTHING)
    SELECT s.uuid::text AS subscription_uuid, s.name, s.owner_tenant_uuid, s.owner_user_uuid,
      count(*)::integer AS hooks, (array_agg(l.uuid ORDER BY l.number DESC))[1]::text AS last
    FROM lost l JOIN webhook_subscription s ON s.uuid = l.subscription_uuid
    GROUP BY s.uuid, s.name, s.owner_tenant_uuid, s.owner_user_uuid`
}
