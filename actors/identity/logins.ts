import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** How logins are compared: usernames and email addresses ignore case (contracts/auth.md 1). */
export const foldLogin = (login: string): string => login.toLowerCase()

/** Takes a login for a user in the namespace shared by usernames and emails; false when another user has it. */
export const claimLogin = Effect.fnUntraced(function* (login: string, userUuid: string) {
  const sql = yield* SqlClient.SqlClient
  const taken = yield* sql`
    insert into auth_login ${sql.insert({ login: foldLogin(login), user_uuid: userUuid })}
    on conflict on constraint auth_login_taken do update set user_uuid = excluded.user_uuid
      where auth_login.user_uuid = excluded.user_uuid
    returning login`
  return taken.length > 0
})

/** Gives back the logins of a user that are neither the username nor an email address any more. */
export const releaseLogins = Effect.fnUntraced(function* (userUuid: string, kept: ReadonlyArray<string>) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    delete from auth_login
    where user_uuid = ${userUuid} and not (login = any(${kept.map(foldLogin)}::text[]))`
})
