import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Mails that are still to be sent. A row never holds a token: it is made when the mail goes out. */
export const mailMigrations = {
  "0060_auth_mail": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql.unsafe(`
      create table auth_mail (
        uuid uuid primary key,
        job jsonb not null,
        attempts integer not null default 0,
        due_at timestamptz not null
      )`)
    yield* sql.unsafe(`create index auth_mail_due on auth_mail (due_at)`)
  })
}
