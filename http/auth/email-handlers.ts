import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Emails } from "../../actors/identity/emails.ts"
import { renderTemplate } from "../../actors/identity/mail-templates.ts"
import { PasswordChanges } from "../../actors/identity/password-changes.ts"
import { Registrations } from "../../actors/identity/registration.ts"
import { AppConfig } from "../../runtime/config.ts"
import { AuthApi } from "../../schemas/auth/api.ts"
import { unknownPath } from "../../schemas/auth/errors.ts"
import { RegistrationOpen } from "../../schemas/auth/middleware.ts"
import { CurrentCaller } from "../../schemas/common/caller.ts"
import { linkBaseOf } from "./link-base.ts"
import { remoteAddress } from "./remote-address.ts"

/** Email addresses and their confirmation (contracts/auth.md 8). */
const emails = HttpApiBuilder.group(
  AuthApi,
  "emails",
  Effect.fnUntraced(function* (handlers) {
    const emails = yield* Emails
    const { mailTemplateDir, publicUrl } = yield* AppConfig
    return handlers.handleAll({
      replace: ({ params, payload }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          emails.replace(visibleTenants, params.user_uuid, payload.emails)
        ),
      replaceAsAdmin: ({ params, payload }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          emails.replace(visibleTenants, params.user_uuid, payload.emails)
        ),
      requestConfirmation: ({ params, request }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          emails.requestConfirmation(
            visibleTenants,
            params.user_uuid,
            params.email_uuid,
            linkBaseOf(request, publicUrl)
          )
        ),
      confirm: ({ params }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          emails.confirm(visibleTenants, params.email_uuid)
        ),
      confirmByLink: ({ params }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          Effect.andThen(
            emails.confirm(visibleTenants, params.email_uuid),
            renderTemplate(mailTemplateDir, "confirmation-page.html", { email_uuid: params.email_uuid })
          )
        )
    })
  })
)

const passwords = HttpApiBuilder.group(
  AuthApi,
  "passwords",
  Effect.fnUntraced(function* (handlers) {
    const passwords = yield* PasswordChanges
    return handlers.handleAll({
      change: ({ params, payload, request }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          passwords.change(visibleTenants, params.user_uuid, payload, remoteAddress(request))
        )
    })
  })
)

const resetRequests = HttpApiBuilder.group(
  AuthApi,
  "password reset requests",
  Effect.fnUntraced(function* (handlers) {
    const passwords = yield* PasswordChanges
    const { publicUrl } = yield* AppConfig
    return handlers.handleAll({
      request: ({ query, request }) => passwords.requestReset(query, linkBaseOf(request, publicUrl))
    })
  })
)

const resets = HttpApiBuilder.group(
  AuthApi,
  "password resets",
  Effect.fnUntraced(function* (handlers) {
    const passwords = yield* PasswordChanges
    return handlers.handleAll({
      reset: ({ query, payload }) =>
        Effect.flatMap(CurrentCaller, (caller) => passwords.reset(caller, query.user_uuid, payload.password))
    })
  })
)

const registration = HttpApiBuilder.group(
  AuthApi,
  "registration",
  Effect.fnUntraced(function* (handlers) {
    const registrations = yield* Registrations
    const { publicUrl } = yield* AppConfig
    return handlers.handleAll({
      register: ({ payload, request }) => registrations.register(payload, linkBaseOf(request, publicUrl))
    })
  })
)

const registrationOpen = Layer.effect(
  RegistrationOpen,
  Effect.map(
    AppConfig,
    ({ userRegistration }) =>
      (httpEffect) =>
        userRegistration ? httpEffect : Effect.suspend(() => Effect.fail(unknownPath()))
  )
)

/** Emails, passwords and the registration (contracts/auth.md 7 and 8). */
export const emailHandlers = Layer.mergeAll(
  emails,
  passwords,
  resetRequests,
  resets,
  registration.pipe(Layer.provide(registrationOpen))
)
