import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { Bootstrap } from "../actors/identity/bootstrap.ts"
import { type Identity, identityLayer } from "../actors/identity/identity.ts"
import { identityMigrations } from "../actors/identity/migrations.ts"
import { Sessions } from "../actors/identity/sessions.ts"
import type { EventBus } from "../runtime/bus/event-bus.ts"
import { layerMemory } from "../runtime/bus/memory.ts"
import { outboxMigrations } from "../runtime/bus/outbox-migrations.ts"
import { Outbox } from "../runtime/bus/outbox.ts"
import { AppConfig } from "../runtime/config.ts"
import { type Migrations, migrate } from "../runtime/database/migrator.ts"
import { Platform, platformMigrations } from "../runtime/platform.ts"
import { type TestDatabase, testDatabaseLayer } from "./database.ts"
import { temporaryFolder } from "./runtime.ts"

/** The administrator of `testIdentityLayer`. */
export const adminCredentials = { username: "admin", password: "test-admin-password" }

/** What `testIdentityLayer` gives: identity and the ground it stands on. */
export type TestIdentity = Identity | SqlClient.SqlClient | EventBus | Outbox | Platform | AppConfig

/**
 * Identity on a fresh database: master tenant and administrator exist (`adminCredentials`). `migrations` adds the
 * tables of other domains; `environment` sets knobs.
 */
export const testIdentityLayer = (
  options: {
    readonly database?: TestDatabase
    readonly migrations?: Migrations
    readonly environment?: Readonly<Record<string, string>>
    /** Who hears of commits with events. */
    readonly outboxListener?: Layer.Layer<never>
  } = {}
): Layer.Layer<TestIdentity> => {
  const migrated = Layer.effectDiscard(
    migrate({ ...outboxMigrations, ...platformMigrations, ...identityMigrations, ...options.migrations })
  ).pipe(Layer.provideMerge(options.database ?? testDatabaseLayer))
  const ground = Layer.mergeAll(
    Platform.layer,
    Outbox.layer.pipe(Layer.provide(options.outboxListener ?? Layer.empty), Layer.provideMerge(layerMemory)),
    Layer.unwrap(
      Effect.map(temporaryFolder, (folder) =>
        AppConfig.layerFrom({
          STROWGER_ADMIN_PASSWORD: adminCredentials.password,
          STROWGER_DATA_DIR: folder,
          STROWGER_TOKEN_KEY: "test",
          ...options.environment
        })
      )
    )
  ).pipe(Layer.provideMerge(migrated))
  return identityLayer.pipe(Layer.provideMerge(ground), Layer.orDie)
}

/** A live token with the given accesses; by default of a fresh user id in the master tenant, for two hours. */
export const issueToken = Effect.fnUntraced(function* (options: {
  readonly acl: ReadonlyArray<string>
  readonly tenantUuid?: string
  /** Not necessarily an existing user; null: an internal service. */
  readonly userUuid?: string | null
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly lifetimeSeconds?: number
  readonly mobile?: boolean
}) {
  const sessions = yield* Sessions
  const { masterTenantUuid } = yield* Bootstrap
  const tenantUuid = options.tenantUuid ?? masterTenantUuid
  const userUuid = options.userUuid === undefined ? randomUUID() : options.userUuid
  return yield* sessions.create({
    authId: userUuid ?? "wazo-auth",
    tenantUuid,
    acl: options.acl,
    metadata: {
      ...(userUuid === null ? {} : { uuid: userUuid, auth_id: userUuid, purpose: "user" }),
      tenant_uuid: tenantUuid,
      ...options.metadata
    },
    mobile: options.mobile ?? false,
    lifetimeSeconds: options.lifetimeSeconds ?? 7_200,
    userAgent: "test",
    remoteAddress: "127.0.0.1"
  })
})
