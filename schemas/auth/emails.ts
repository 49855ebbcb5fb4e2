import { Schema } from "effect"
import { email, flag, list, longText, nullable, objectOf, optional, pathUuid, text } from "./fields.ts"

/** An email address of a user (contracts/auth.md 7 and 8). */
export const EmailView = Schema.Struct({
  uuid: Schema.String,
  address: Schema.String,
  main: Schema.Boolean,
  confirmed: Schema.Boolean
})
export type EmailView = typeof EmailView.Type

const emailFields = { address: email, main: optional(flag, false) }

interface Addresses {
  readonly emails: ReadonlyArray<{ readonly address: string; readonly main: boolean }>
}

/** A list that is not empty has one main address, and no address twice. */
const consistent = Schema.makeFilter(({ emails }: Addresses) => {
  if (emails.length > 0 && emails.filter(({ main }) => main).length !== 1) return "One address must be main"
  if (new Set(emails.map(({ address }) => address)).size < emails.length) return "An address is given twice"
  return true
})

export const EmailsUpdate = objectOf({ emails: list(objectOf(emailFields), 1_000) }).check(consistent)
export const AdminEmailsUpdate = objectOf({
  emails: list(objectOf({ ...emailFields, confirmed: nullable(flag, "boolean") }), 1_000)
}).check(consistent)

const password = text(1, 4_096)

export const PasswordChange = objectOf({ old_password: password, new_password: password })
export type PasswordChange = typeof PasswordChange.Type
export const PasswordReset = objectOf({ password: Schema.NullOr(password) })

/** Exactly one of the three names the user. */
export const PasswordResetQuery = Schema.Struct({
  username: Schema.optionalKey(text(1, 256)),
  email: Schema.optionalKey(email),
  login: Schema.optionalKey(text(1, 256))
}).check(
  Schema.makeFilter((query) =>
    Object.keys(query).length === 1 ? true : "Exactly one of username, email and login is needed"
  )
)
export type PasswordResetQuery = typeof PasswordResetQuery.Type
export const PasswordResetTarget = Schema.Struct({ user_uuid: pathUuid })

/** Who creates a tenant of his own (contracts/auth.md 7). */
export const Registration = objectOf({
  username: nullable(text(1, 256)),
  password,
  firstname: nullable(longText),
  lastname: nullable(longText),
  email_address: email
})
export type Registration = typeof Registration.Type
