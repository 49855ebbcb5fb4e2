import { Effect, Layer } from "effect"
import { HttpServerResponse } from "effect/http"
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
import { forwarded } from "./forwarded.ts"

/** Email addresses and their confirmation (contracts/auth.md 8). */
const emails = HttpApiBuilder.group(
  AuthApi,
  "emails",
  Effect.fnUntraced(function* (handlers) {
    const emails = yield* Emails
    const { mailTemplateDir, confirmationPageType } = yield* AppConfig
    const { linkBase } = yield* forwarded
    return handlers
      .handle("replace", ({ params, payload }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          emails.replace(visibleTenants, params.user_uuid, payload.emails)
        )
      )
      .handle("replaceAsAdmin", ({ params, payload }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          emails.replace(visibleTenants, params.user_uuid, payload.emails)
        )
      )
      .handle("requestConfirmation", ({ params, request }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          emails.requestConfirmation(visibleTenants, params.user_uuid, params.email_uuid, linkBase(request))
        )
      )
      .handle("confirm", ({ params }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          emails.confirm(visibleTenants, params.email_uuid)
        )
      )
      .handleRaw("confirmByLink", ({ params }) =>
        Effect.gen(function* () {
          const { visibleTenants } = yield* CurrentCaller
          const { email_uuid } = params
          yield* emails.confirm(visibleTenants, email_uuid)
          const page = yield* renderTemplate(mailTemplateDir, "confirmation-page.html", { email_uuid })
          return HttpServerResponse.text(page, { contentType: confirmationPageType })
        })
      )
  })
)

const passwords = HttpApiBuilder.group(
  AuthApi,
  "passwords",
  Effect.fnUntraced(function* (handlers) {
    const passwords = yield* PasswordChanges
    const { address } = yield* forwarded
    return handlers.handleAll({
      change: ({ params, payload, request }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          passwords.change(visibleTenants, params.user_uuid, payload, address(request))
        )
    })
  })
)

const resetRequests = HttpApiBuilder.group(
  AuthApi,
  "password reset requests",
  Effect.fnUntraced(function* (handlers) {
    const passwords = yield* PasswordChanges
    const { linkBase } = yield* forwarded
    return handlers.handleAll({
      request: ({ query, request }) => passwords.requestReset(query, linkBase(request))
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
    const { linkBase } = yield* forwarded
    return handlers.handleAll({
      register: ({ payload, request }) => registrations.register(payload, linkBase(request))
    })
  })
)

const registrationOpen = Layer.effect(
  RegistrationOpen,
  Effect.map(
    AppConfig,
    ({ userRegistration, enabledHttpPlugins }) =>
      (httpEffect) =>
        (enabledHttpPlugins["user_registration"] ?? userRegistration)
          ? httpEffect
          : Effect.suspend(() => Effect.fail(unknownPath()))
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
