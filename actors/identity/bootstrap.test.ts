import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { AppConfig } from "../../runtime/config.ts"
import { migrate } from "../../runtime/database/migrator.ts"
import { Platform, platformMigrations } from "../../runtime/platform.ts"
import { forEachDatabase } from "../../test/database.ts"
import { bootstrapIdentity } from "./bootstrap.ts"
import { identityMigrations } from "./migrations.ts"
import { Passwords } from "./passwords.ts"

const start = (environment: Readonly<Record<string, string>> = {}) =>
  bootstrapIdentity.pipe(Effect.provide(AppConfig.layerFrom(environment)))

const adminHash = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ password_hash: string }>`select password_hash from auth_user`
  assert.strictEqual(rows.length, 1)
  return rows[0]?.password_hash
})

forEachDatabase((name, database) => {
  const ground = Layer.merge(
    Passwords.layer,
    Layer.effectDiscard(migrate({ ...platformMigrations, ...identityMigrations })).pipe(
      Layer.provideMerge(database)
    )
  )

  describe(`The first start on the ${name}`, () => {
    it.live("creates the master tenant and an administrator with a generated password, told once", () =>
      Effect.gen(function* () {
        const passwords = yield* Passwords
        const first = yield* start()
        const password = Redacted.value(first.generatedPassword ?? Redacted.make(""))
        assert.isAtLeast(password.length, 20)
        const check = yield* passwords.check(password, yield* adminHash)
        assert.isTrue(check.matches)
        const second = yield* start()
        assert.strictEqual(second.masterTenantUuid, first.masterTenantUuid)
        assert.isUndefined(second.generatedPassword)
      }).pipe(Effect.provide(ground))
    )

    it.live("takes a configured password and tells none; a later one changes nothing", () =>
      Effect.gen(function* () {
        const passwords = yield* Passwords
        const first = yield* start({ STROWGER_ADMIN_PASSWORD: "chosen" })
        assert.isUndefined(first.generatedPassword)
        yield* start({ STROWGER_ADMIN_PASSWORD: "another" })
        const hash = yield* adminHash
        assert.isTrue((yield* passwords.check("chosen", hash)).matches)
        assert.isFalse((yield* passwords.check("another", hash)).matches)
      }).pipe(Effect.provide(ground))
    )

    it.live("raced by several starters is won by one, and only that one tells a password", () =>
      Effect.gen(function* () {
        const results = yield* Effect.all(
          Array.from({ length: 4 }, () => start()),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(new Set(results.map(({ masterTenantUuid }) => masterTenantUuid)).size, 1)
        assert.strictEqual(results.filter(({ generatedPassword }) => generatedPassword).length, 1)
        yield* adminHash
      }).pipe(Effect.provide(ground))
    )

    it.live(
      "gives the master tenant its all-users group with the administrator in it, and the default policies",
      () =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const { masterTenantUuid } = yield* start()
          assert.deepStrictEqual(
            yield* sql`
            select g.name, g.system_managed, u.username from auth_group g
            join auth_group_user on group_uuid = g.uuid join auth_user u on u.uuid = user_uuid`,
            [{ name: `wazo-all-users-tenant-${masterTenantUuid}`, system_managed: true, username: "admin" }]
          )
          assert.deepStrictEqual(yield* sql`select slug, config_managed from auth_policy order by slug`, [
            { slug: "wazo_default_admin_policy", config_managed: true },
            { slug: "wazo_default_master_user_policy", config_managed: false },
            { slug: "wazo_default_user_policy", config_managed: true }
          ])
        }).pipe(Effect.provide(ground))
    )

    it.live(
      "a later start brings policies and groups up to what is configured then, and removes what is not",
      () =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const configured = (environment: {
            readonly policies: object
            readonly allUsers?: string
            readonly attached?: boolean
            readonly update?: boolean
          }) =>
            start({
              STROWGER_DEFAULT_POLICIES: JSON.stringify(environment.policies),
              STROWGER_ALL_USERS_POLICIES: environment.allUsers ?? "",
              STROWGER_DEFAULT_GROUPS: JSON.stringify({
                helpers: { policies: { kept: environment.attached ?? true, unknown: true } }
              }),
              STROWGER_UPDATE_POLICIES: String(environment.update ?? true)
            })
          const own = Effect.map(
            sql<{ slug: string; acl: ReadonlyArray<string>; description: string }>`
            select slug, acl, description from auth_policy where slug not like 'wazo%' order by slug`,
            (rows) => rows.map(({ slug, acl, description }) => [slug, acl.join(), description])
          )
          const attachments = Effect.map(
            sql<{ name: string; slug: string }>`
            select g.name, p.slug from auth_group_policy gp
            join auth_group g on g.uuid = gp.group_uuid join auth_policy p on p.uuid = gp.policy_uuid
            order by g.system_managed, p.slug`,
            (rows) => rows.map(({ name, slug }) => `${name.replace(/-tenant-.*/, "")}: ${slug}`)
          )
          const automatic = "Automatically created"
          const policies = {
            kept: { acl: ["a"] },
            orphan: { acl: ["b"] },
            used: { acl: ["c"], description: "d" }
          }
          const { masterTenantUuid } = yield* configured({ policies, allUsers: "used, orphan" })
          assert.deepStrictEqual(yield* own, [
            ["kept", "a", automatic],
            ["orphan", "b", automatic],
            ["used", "c", "d"]
          ])
          assert.deepStrictEqual(yield* attachments, [
            "helpers: kept",
            "wazo-all-users: orphan",
            "wazo-all-users: used"
          ])
          yield* sql`
          insert into auth_user_policy select u.uuid, p.uuid from auth_user u, auth_policy p where p.slug = 'used'`
          const fewer = { kept: { acl: ["a", "z"] } }
          yield* configured({ policies: fewer, update: false })
          assert.strictEqual((yield* own).length, 3)
          yield* configured({ policies: fewer, attached: false })
          // What a user has stays, what nobody has goes; nobody has it through the all-users group any more.
          assert.deepStrictEqual(yield* own, [
            ["kept", "a,z", automatic],
            ["used", "c", "d"]
          ])
          assert.deepStrictEqual(yield* attachments, [])
          yield* sql`
          insert into auth_tenant (uuid, name, slug, parent_uuid)
          values (gen_random_uuid(), 'later', 'later', ${masterTenantUuid})`
          yield* configured({ policies: fewer })
          assert.deepStrictEqual(yield* attachments, ["helpers: kept", "helpers: kept"])
        }).pipe(Effect.provide(ground))
    )

    it.live("chooses the platform's uuid, the same for every later start", () =>
      Effect.gen(function* () {
        const uuidOfStart = Effect.map(Platform, ({ uuid }) => uuid).pipe(
          Effect.provide(Platform.layer, { local: true })
        )
        const first = yield* uuidOfStart
        assert.match(first, /^[0-9a-f-]{36}$/)
        assert.strictEqual(yield* uuidOfStart, first)
      }).pipe(Effect.provide(ground))
    )
  })
})
