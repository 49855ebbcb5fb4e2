import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"

/** What is true of this installation over all restarts and nodes (contracts/callcenter.md 1: origin_uuid). */
export class Platform extends Context.Service<
  Platform,
  {
    /** The uuid in `origin_uuid` of every event and in confd `/infos`. */
    readonly uuid: string
  }
>()("strowger/runtime/Platform") {
  /** From the database: chosen by the first start, the same for every later one and every node. */
  static readonly layer: Layer.Layer<Platform, SqlError.SqlError, SqlClient.SqlClient> = Layer.effect(
    Platform,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into platform (uuid) values (${randomUUID()}) on conflict do nothing`
      const [row] = yield* sql<{ uuid: string }>`select uuid from platform`
      return row ?? (yield* Effect.die("the platform row was just inserted"))
    })
  )
}

/** The one row about this installation. */
export const platformMigrations = {
  "0009_platform": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`
      create table platform (
        single boolean primary key default true check (single),
        uuid uuid not null
      )`
  })
}
