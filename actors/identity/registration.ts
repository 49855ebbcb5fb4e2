import { Context, Effect, Layer } from "effect"
import type { Registration } from "../../schemas/auth/emails.ts"
import type { Conflict } from "../../schemas/auth/errors.ts"
import type { UserView } from "../../schemas/auth/models.ts"
import { Emails } from "./emails.ts"
import type { LinkBase } from "./mail-queue.ts"
import { systemCaller } from "./system-caller.ts"
import { TenantRegistry } from "./tenant-registry.ts"
import { Tenants } from "./tenants.ts"
import { Users } from "./users.ts"

/**
 * Whoever comes creates a tenant, named after the username, with a user in it whose address is still to be
 * confirmed (contracts/auth.md 7). When the user cannot be created the tenant does not stay.
 */
export class Registrations extends Context.Service<
  Registrations,
  { readonly register: (registration: Registration, base: LinkBase) => Effect.Effect<UserView, Conflict> }
>()("strowger/actors/identity/Registrations") {
  static readonly layer: Layer.Layer<Registrations, never, TenantRegistry | Tenants | Users | Emails> =
    Layer.effect(
      Registrations,
      Effect.gen(function* () {
        const registry = yield* TenantRegistry
        const system = systemCaller(yield* Tenants)
        const users = yield* Users
        const emails = yield* Emails

        const createUser = Effect.fnUntraced(function* (
          tenantUuid: string,
          { email_address, ...names }: Registration,
          base: LinkBase
        ) {
          const { uuid } = yield* users.create(tenantUuid, {
            ...names,
            email_address: null,
            purpose: "user",
            enabled: true,
            authentication_method: "default"
          })
          const scope = [tenantUuid]
          const [email] = yield* emails
            .replace(scope, uuid, [{ address: email_address, main: true }])
            .pipe(Effect.catchIf(isNotFound, Effect.die))
          if (email) {
            yield* emails
              .requestConfirmation(scope, uuid, email.uuid, base)
              .pipe(Effect.catchIf(isNotFound, Effect.die))
          }
          return yield* users.get(scope, uuid).pipe(Effect.orDie)
        })

        const register = Effect.fnUntraced(function* (registration: Registration, base: LinkBase) {
          const { uuid } = yield* registry
            .create(system, {
              name: registration.username?.slice(0, 128) ?? null,
              slug: null,
              contact: null,
              phone: null,
              default_authentication_method: "native",
              domain_names: [],
              address: noAddress
            })
            .pipe(Effect.catchIf(isNotFound, Effect.die))
          return yield* createUser(uuid, registration, base).pipe(
            Effect.tapError(() => Effect.ignore(registry.remove(system, uuid)))
          )
        })
        return { register }
      })
    )
}

const noAddress = { line_1: null, line_2: null, city: null, state: null, country: null, zip_code: null }

const isNotFound = (error: { readonly error_id: string }): boolean => error.error_id.startsWith("unknown-")
