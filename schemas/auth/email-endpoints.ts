import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { RequiredAcl, TokenInQuery } from "../common/caller.ts"
import {
  AdminEmailsUpdate,
  EmailsUpdate,
  EmailView,
  PasswordChange,
  PasswordReset,
  PasswordResetQuery,
  PasswordResetTarget,
  Registration
} from "./emails.ts"
import { Conflict, NotAllowed, NotFound, ReasonTooMany, ReasonUnauthorized, Unauthorized } from "./errors.ts"
import { pathUuid } from "./fields.ts"
import { AuthAuthentication, AuthInput, ErrorResource, RegistrationOpen } from "./middleware.ts"
import { UserView } from "./models.ts"

const Done = HttpApiSchema.NoContent
const user = { user_uuid: pathUuid }
const email = { email_uuid: pathUuid }

/** Email addresses and their confirmation (contracts/auth.md 8). */
export class EmailEndpoints extends HttpApiGroup.make("emails")
  .add(
    HttpApiEndpoint.put("replace", "/users/:user_uuid/emails", {
      params: user,
      payload: EmailsUpdate,
      success: Schema.Array(EmailView),
      error: [NotFound, Conflict]
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.emails.update"),
    HttpApiEndpoint.put("replaceAsAdmin", "/admin/users/:user_uuid/emails", {
      params: user,
      payload: AdminEmailsUpdate,
      success: Schema.Array(EmailView),
      error: [NotFound, Conflict]
    }).annotate(RequiredAcl, "auth.admin.users.{user_uuid}.emails.update"),
    HttpApiEndpoint.get("requestConfirmation", "/users/:user_uuid/emails/:email_uuid/confirm", {
      params: { ...user, ...email },
      success: Done,
      error: [NotFound, Conflict]
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.emails.{email_uuid}.confirm.read"),
    HttpApiEndpoint.put("confirm", "/emails/:email_uuid/confirm", {
      params: email,
      success: Done,
      error: NotFound
    }).annotate(RequiredAcl, "auth.emails.{email_uuid}.confirm.update"),
    HttpApiEndpoint.get("confirmByLink", "/emails/:email_uuid/confirm", {
      params: email,
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/html; charset=utf-8" })),
      error: NotFound
    })
      .annotate(RequiredAcl, "auth.emails.{email_uuid}.confirm.update")
      .annotate(TokenInQuery, true)
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication)
  .annotate(ErrorResource, "emails") {}

/** A user's own change of password (contracts/auth.md 7). */
export class PasswordEndpoints extends HttpApiGroup.make("passwords")
  .add(
    HttpApiEndpoint.put("change", "/users/:user_uuid/password", {
      params: user,
      payload: PasswordChange,
      success: Done,
      error: [NotFound, ReasonUnauthorized, NotAllowed, ReasonTooMany]
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.password.update")
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication)
  .annotate(ErrorResource, "users") {}

/** Asking for a link by which a password is set: no token is needed (contracts/auth.md 8). */
export class PasswordResetRequestEndpoints extends HttpApiGroup.make("password reset requests")
  .add(HttpApiEndpoint.get("request", "/users/password/reset", { query: PasswordResetQuery, success: Done }))
  .middleware(AuthInput)
  .annotate(ErrorResource, "reset") {}

/** Setting a password by such a link. */
export class PasswordResetEndpoints extends HttpApiGroup.make("password resets")
  .add(
    HttpApiEndpoint.post("reset", "/users/password/reset", {
      query: PasswordResetTarget,
      payload: PasswordReset,
      success: Done,
      error: [Unauthorized, NotFound, NotAllowed]
    })
      .annotate(RequiredAcl, "auth.users.password.reset.{user_uuid}.create")
      .annotate(TokenInQuery, true)
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication)
  .annotate(ErrorResource, "reset") {}

/** Creating a tenant of one's own; an unknown path unless `STROWGER_USER_REGISTRATION` (contracts/auth.md 7). */
export class RegistrationEndpoints extends HttpApiGroup.make("registration")
  .add(
    HttpApiEndpoint.post("register", "/users/register", {
      payload: Registration,
      success: UserView,
      error: Conflict
    })
  )
  .middleware(AuthInput)
  .middleware(RegistrationOpen)
  .annotate(ErrorResource, "users") {}
