import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import type { SqlClient } from "effect/sql"
import { DatabaseUnavailable } from "./database-unavailable.ts"

/**
 * An external PostgreSQL. The start fails with the host, port and reason when it does not answer; later a lost
 * connection fails the statements on it with a `SqlError` and the pool opens another one.
 */
export const externalLayer = (
  url: Redacted.Redacted<string>
): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, DatabaseUnavailable> =>
  PgClient.layerFrom(
    Effect.gen(function* () {
      const where = yield* addressOf(url)
      const client = yield* PgClient.make({
        url,
        maxConnections: MAX_CONNECTIONS,
        connectTimeout: "5 seconds",
        keepAlive: "30 seconds",
        applicationName: "strowger"
      }).pipe(Effect.mapError((error) => DatabaseUnavailable.fromSqlError(where, error)))
      yield* client`SELECT 1`.pipe(Effect.mapError((error) => DatabaseUnavailable.fromSqlError(where, error)))
      return client
    })
  )

/** Leaves room for several nodes below PostgreSQL's default of 100 connections. */
const MAX_CONNECTIONS = 16

/** `host:port/database`, for people; never the user's password. */
const addressOf = (url: Redacted.Redacted<string>): Effect.Effect<string, DatabaseUnavailable> =>
  Effect.try({
    try: () => {
      const { protocol, hostname, port, pathname, searchParams } = new URL(Redacted.value(url))
      if (protocol !== "postgres:" && protocol !== "postgresql:") throw new Error("wrong protocol")
      const host = searchParams.get("host") ?? (hostname === "" ? "localhost" : hostname)
      return `${host}:${searchParams.get("port") ?? (port === "" ? "5432" : port)}${pathname}`
    },
    // The cause is left out: it would quote the URL with its password.
    catch: () =>
      new DatabaseUnavailable({
        where: "STROWGER_DATABASE_URL",
        reason: "expected postgres://user:password@host:port/database"
      })
  })
