import { Layer } from "effect"
import type { SqlClient } from "effect/sql"
import type { EventBus } from "../../runtime/bus/event-bus.ts"
import type { Outbox } from "../../runtime/bus/outbox.ts"
import type { AppConfig } from "../../runtime/config.ts"
import { Ldap } from "../../runtime/ldap/ldap.ts"
import { Mailer } from "../../runtime/mail/mailer.ts"
import type { Platform } from "../../runtime/platform.ts"
import { Accounts } from "./accounts.ts"
import { Authentication } from "./authentication.ts"
import { AuthenticationMethods } from "./authentication-methods.ts"
import { Bootstrap } from "./bootstrap.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { Emails } from "./emails.ts"
import { Groups } from "./groups.ts"
import { ExternalAuthorisations } from "./external-authorisations.ts"
import { ExternalConfigs } from "./external-configs.ts"
import { ExternalCredentials } from "./external-credentials.ts"
import { ExternalPlugins } from "./external-plugins.ts"
import { IdentityProviders } from "./identity-providers.ts"
import { LdapConfigurations } from "./ldap-configurations.ts"
import { LdapLogin } from "./ldap-login.ts"
import { tokensLayer } from "./live-tokens.ts"
import { mailDeliveryLayer } from "./mail-delivery.ts"
import { MailQueue } from "./mail-queue.ts"
import { PasswordChanges } from "./password-changes.ts"
import { Passwords } from "./passwords.ts"
import { IdentityPlugins } from "./plugins.ts"
import { Policies } from "./policies.ts"
import { Registrations } from "./registration.ts"
import { RefreshTokenKey } from "./refresh-token-key.ts"
import { RefreshTokens } from "./refresh-tokens.ts"
import { SamlConfigurations } from "./saml-configurations.ts"
import { SamlSessions } from "./saml-sessions.ts"
import { Sealing } from "./sealing.ts"
import { Sessions } from "./sessions.ts"
import { TenantRegistry } from "./tenant-registry.ts"
import { TenantTree, tenantsLayer } from "./tenant-tree.ts"
import type { Tenants } from "./tenants.ts"
import { LoginThrottle } from "./throttle.ts"
import { TokenCache } from "./token-cache.ts"
import type { Tokens } from "./tokens.ts"
import { Users } from "./users.ts"

/** Everything identity offers to the doors and to the other inhabitants. */
export type Identity =
  | Authentication
  | AuthenticationMethods
  | Bootstrap
  | Emails
  | Groups
  | IdentityPlugins
  | ExternalAuthorisations
  | ExternalConfigs
  | ExternalCredentials
  | ExternalPlugins
  | LdapConfigurations
  | SamlConfigurations
  | SamlSessions
  | PasswordChanges
  | Policies
  | Registrations
  | RefreshTokens
  | Sessions
  | TenantRegistry
  | Tenants
  | TokenCache
  | Tokens
  | Transactions
  | Users

/**
 * Identity on a migrated database (`identityMigrations`, `platformMigrations`, `outboxMigrations`). The first build
 * creates the master tenant and the administrator: ask `Bootstrap` for the generated password.
 */
export const identityLayer: Layer.Layer<
  Identity,
  never,
  SqlClient.SqlClient | EventBus | Outbox | Platform | AppConfig
> = Registrations.layer.pipe(
  Layer.provideMerge(
    Layer.mergeAll(
      Authentication.layer,
      AuthenticationMethods.layer,
      Emails.layer,
      Groups.layer,
      PasswordChanges.layer,
      Users.layer,
      TenantRegistry.layer,
      mailDeliveryLayer
    )
  ),
  Layer.provide(IdentityProviders.layer),
  Layer.provideMerge(IdentityPlugins.layer),
  Layer.provide(LdapLogin.layer),
  Layer.provideMerge(SamlSessions.layer),
  Layer.provideMerge(SamlConfigurations.layer),
  Layer.provideMerge(LdapConfigurations.layer),
  Layer.provideMerge(ExternalAuthorisations.layer),
  Layer.provideMerge(Layer.mergeAll(ExternalConfigs.layer, ExternalCredentials.layer)),
  Layer.provideMerge(ExternalPlugins.layer),
  Layer.provideMerge(RefreshTokens.layer),
  Layer.provide(Layer.mergeAll(LoginThrottle.layer, MailQueue.layer, Mailer.layerSmtp)),
  Layer.provideMerge(Layer.mergeAll(Sessions.layer, Policies.layer, tokensLayer, tenantsLayer)),
  Layer.provideMerge(Layer.mergeAll(TokenCache.layer, TenantTree.layer, Transactions.layer)),
  Layer.provideMerge(Bootstrap.layer),
  Layer.provide(Layer.mergeAll(Accounts.layer, Passwords.layer, RefreshTokenKey.layer)),
  Layer.provide(Layer.mergeAll(Sealing.layer, Ldap.layer))
)
