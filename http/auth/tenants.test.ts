import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { Bootstrap } from "../../actors/identity/bootstrap.ts"
import { Tokens } from "../../actors/identity/tokens.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import type { BusEvent } from "../../schemas/events/envelope.ts"
import { issueToken } from "../../test/identity.ts"
import { adminToken, AuthServer, authServerLayer } from "./fixture.ts"

const createTenant = Effect.fnUntraced(function* (body: object = {}, parent?: string) {
  const { call } = yield* AuthServer
  const token = yield* adminToken
  return yield* call("POST", "/tenants", { token, body, ...(parent === undefined ? {} : { tenant: parent }) })
})

const emptyAddress = {
  line_1: null,
  line_2: null,
  city: null,
  state: null,
  country: null,
  zip_code: null
}

describe("Tenants", () => {
  layer(authServerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("POST {} creates a child of the acting tenant with a random slug and no details", () =>
      Effect.gen(function* () {
        const { masterTenantUuid } = yield* Bootstrap
        const { status, body } = yield* createTenant()
        assert.strictEqual(status, 200)
        const { uuid, slug, ...rest } = body
        assert.match(slug, /^[a-z0-9]{3}$/)
        assert.deepStrictEqual(rest, {
          parent_uuid: masterTenantUuid,
          name: null,
          contact: null,
          phone: null,
          default_authentication_method: "native",
          domain_names: [],
          address: emptyAddress
        })
        const grandchild = yield* createTenant({ parent_uuid: masterTenantUuid }, uuid)
        assert.strictEqual(grandchild.body.parent_uuid, uuid)
      })
    )

    it.effect(
      "POST keeps what it is given, and GET and PUT show it; PUT replaces everything but uuid and slug",
      () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          const token = yield* adminToken
          const contact = (yield* call("POST", "/users", { token, body: {} })).body.uuid
          const uuid = randomUUID()
          const created = yield* createTenant({
            uuid: uuid.replaceAll("-", "").toUpperCase(),
            name: "Wonder land & co",
            phone: "+1",
            contact,
            domain_names: ["wonder.land", "a.b", "wonder.land"],
            default_authentication_method: "ldap",
            address: { city: "X", unknown: 1 }
          })
          assert.strictEqual(created.body.uuid, uuid)
          assert.strictEqual(created.body.slug, "Wonderland")
          assert.deepStrictEqual(created.body.address, { ...emptyAddress, city: "X" })
          assert.deepStrictEqual(created.body.domain_names, ["a.b", "wonder.land"])
          const fetched = yield* call("GET", `/tenants/${uuid.toUpperCase()}`, { token })
          assert.deepStrictEqual(fetched.body, created.body)
          const before = yield* call("GET", `/tenants/${uuid}/domains`, { token })
          const updated = yield* call("PUT", `/tenants/${uuid}`, {
            token,
            body: { slug: "other", domain_names: ["wonder.land", "c.d"] }
          })
          assert.deepStrictEqual(updated.body, {
            uuid,
            parent_uuid: created.body.parent_uuid,
            slug: "Wonderland",
            name: null,
            contact: null,
            phone: null,
            default_authentication_method: "native",
            domain_names: ["c.d", "wonder.land"],
            address: emptyAddress
          })
          const after = yield* call("GET", `/tenants/${uuid}/domains`, { token })
          assert.strictEqual(after.body.total, 2)
          assert.deepStrictEqual(
            after.body.items.find((item: { name: string }) => item.name === "wonder.land"),
            before.body.items.find((item: { name: string }) => item.name === "wonder.land")
          )
        })
    )

    it.effect("what is taken is a conflict that names the field", () =>
      Effect.gen(function* () {
        const taken = (yield* createTenant({ slug: "taken", domain_names: ["taken.example"] })).body
        const slug = yield* createTenant({ slug: "taken" })
        assert.strictEqual(slug.status, 409)
        assert.strictEqual(slug.body.error_id, "conflict")
        assert.strictEqual(slug.body.resource, "tenants")
        assert.strictEqual(slug.body.details.slug.constraint_id, "unique")
        const domain = yield* createTenant({ domain_names: ["taken.example"] })
        assert.strictEqual(domain.status, 409)
        assert.strictEqual(domain.body.details.domain_names["constraint-id"], "unique")
        const uuid = yield* createTenant({ uuid: taken.uuid })
        assert.strictEqual(uuid.status, 409)
        assert.strictEqual(uuid.body.error_id, "tenant-identity-conflict")
        const contact = yield* createTenant({ contact: randomUUID() })
        assert.strictEqual(contact.status, 404)
        assert.strictEqual(contact.body.error_id, "unknown-user")
      })
    )

    it.effect("a bad field is 400 with its constraint", () =>
      Effect.gen(function* () {
        const expectations: ReadonlyArray<readonly [body: object, field: string, constraint: string]> = [
          [{ name: "" }, "name", "length"],
          [{ name: 3 }, "name", "type"],
          [{ name: "a\u0000b" }, "name", "type"],
          [{ slug: "a-b" }, "slug", "regex"],
          [{ slug: "elevenchars" }, "slug", "length"],
          [{ phone: "1".repeat(33) }, "phone", "length"],
          [{ contact: "nobody" }, "contact", "type"],
          [{ uuid: "x" }, "uuid", "type"],
          [{ domain_names: null }, "domain_names", "not_null"],
          [{ domain_names: "a.b" }, "domain_names", "type"],
          [{ address: null }, "address", "not_null"],
          [{ address: "x" }, "address", "type"],
          [{ default_authentication_method: 3 }, "default_authentication_method", "type"],
          [{ default_authentication_method: null }, "default_authentication_method", "not_null"]
        ]
        for (const [body, field, constraint] of expectations) {
          const answer = yield* createTenant(body)
          assert.strictEqual(answer.status, 400, JSON.stringify(body))
          assert.strictEqual(answer.body.error_id, "invalid-data")
          assert.strictEqual(answer.body.resource, "tenants")
          assert.deepStrictEqual(Object.keys(answer.body.details), [field])
          assert.strictEqual(answer.body.details[field].constraint_id, constraint, JSON.stringify(body))
          assert.strictEqual(answer.body.message, answer.body.details[field].message)
        }
        for (const name of ["wazo", "-a.io", "a-.io", "_a.io", "a_b.io", "a..b", "123", "wazo .io"]) {
          const answer = yield* createTenant({ domain_names: ["ok.example", name] })
          assert.strictEqual(answer.status, 400, name)
          assert.strictEqual(answer.body.details.domain_names["1"].constraint_id, "regex")
        }
        const fine = yield* createTenant({ domain_names: ["wazo.io", "wazo.io.", "x.y", "1.2"] })
        assert.strictEqual(fine.status, 200)
      })
    )

    it.effect(
      "lists show the acting tenant and everything below, ordered, searched, filtered and paged",
      () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          const token = yield* adminToken
          const top = (yield* createTenant({ name: "list-top" })).body.uuid
          for (const name of ["list-c", "list-a", "list-b"]) {
            yield* createTenant({ name, domain_names: [`${name}.example`] }, top)
          }
          const list = (query: string) => call("GET", `/tenants?${query}`, { token, tenant: top })
          const names = ({ body }: { body: { items: ReadonlyArray<{ name: string }> } }) =>
            body.items.map(({ name }) => name)
          const all = yield* list("")
          assert.deepStrictEqual(names(all), ["list-a", "list-b", "list-c", "list-top"])
          assert.deepStrictEqual([all.body.total, all.body.filtered], [4, 4])
          assert.deepStrictEqual(names(yield* list("order=name&direction=desc&limit=2&offset=1")), [
            "list-c",
            "list-b"
          ])
          assert.deepStrictEqual(names(yield* list("limit=0")), [])
          const searched = yield* list("search=B.EXAM")
          assert.deepStrictEqual(names(searched), ["list-b"])
          assert.deepStrictEqual([searched.body.total, searched.body.filtered], [4, 1])
          assert.deepStrictEqual(names(yield* list("search=li%20-c")), ["list-c"])
          assert.deepStrictEqual(names(yield* list("domain_name=list-a.example")), ["list-a"])
          const uuids = all.body.items.slice(0, 2).map((item: { uuid: string }) => `uuids=${item.uuid}`)
          assert.deepStrictEqual(names(yield* list(uuids.join("&"))), ["list-a", "list-b"])
          assert.deepStrictEqual(names(yield* list("uuids=garbage&unknown=1")), [])
          for (const query of ["limit=-1", "limit=x", "offset=-1", "direction=up", "order=", "order=phone"]) {
            const answer = yield* list(query)
            assert.strictEqual(answer.status, 400, query)
            assert.strictEqual(answer.body.error_id, "invalid-list-param")
            assert.strictEqual(answer.body.resource, "users")
            assert.deepStrictEqual(answer.body.details, {})
            assert.deepStrictEqual(Object.keys(answer.body.message), [query.split("=")[0]])
          }
          const both = yield* list("limit=x&order=phone&offset=1")
          assert.sameMembers(Object.keys(both.body.message), ["limit", "order"])
          assert.strictEqual(both.body.message.order.constraint_id, "enum")
          const many = Array.from({ length: 26 }, () => `uuids=${randomUUID()}`).join("&")
          assert.strictEqual((yield* list(many)).status, 400)
        })
    )

    it.effect(
      "what is not below the acting tenant is unknown; a header beyond the own tenant is refused",
      () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          const { masterTenantUuid } = yield* Bootstrap
          const left = (yield* createTenant()).body.uuid
          const right = (yield* createTenant()).body.uuid
          const { id: token } = yield* issueToken({ acl: ["#"], tenantUuid: left })
          for (const [method, path] of [
            ["GET", ""],
            ["PUT", ""],
            ["DELETE", ""],
            ["GET", "/domains"],
            ["PUT", `/parent/${left}`]
          ] as const) {
            const answer = yield* call(method, `/tenants/${right}${path}`, {
              token,
              ...(method === "PUT" ? { body: {} } : {})
            })
            assert.strictEqual(answer.status, 404, `${method} ${path}`)
            assert.strictEqual(answer.body.error_id, "unknown-tenant")
          }
          for (const tenant of [right, masterTenantUuid, randomUUID(), "garbage"]) {
            const answer = yield* call("GET", "/tenants", { token, tenant })
            assert.strictEqual(answer.status, 401)
            assert.strictEqual(answer.body.error_id, "unauthorized-tenant")
            assert.deepStrictEqual(answer.body.details, { tenant_uuid: tenant })
          }
          const alias = yield* call("GET", "/tenants", { token, headers: { "Wazo-Tenant": left } })
          assert.strictEqual(alias.body.total, 1)
        })
    )

    it.effect(
      "DELETE refuses the own tenant and one with children; a deleted tenant's tokens end at once",
      () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          const tokens = yield* Tokens
          const { masterTenantUuid } = yield* Bootstrap
          const token = yield* adminToken
          const parent = (yield* createTenant()).body.uuid
          const child = (yield* createTenant({}, parent)).body.uuid
          const own = yield* call("DELETE", `/tenants/${masterTenantUuid}`, { token })
          assert.strictEqual(own.status, 403)
          assert.strictEqual(own.body.error_id, "deleting-own-tenant-forbidden")
          const full = yield* call("DELETE", `/tenants/${parent}`, { token })
          assert.strictEqual(full.status, 400)
          assert.strictEqual(full.body.error_id, "tenant-has-children")
          assert.strictEqual(full.body.resource, "tenants")
          const live = yield* issueToken({ acl: [], tenantUuid: child })
          let end: string | undefined
          yield* tokens.onEnd(live.id, (why) => {
            end = why
          })
          assert.strictEqual((yield* call("DELETE", `/tenants/${child}`, { token })).status, 204)
          assert.strictEqual(end, "revoked")
          assert.strictEqual((yield* call("HEAD", `/token/${live.id}`)).status, 404)
          assert.strictEqual((yield* call("GET", `/tenants/${child}`, { token })).status, 404)
          assert.strictEqual((yield* call("DELETE", `/tenants/${parent}`, { token })).status, 204)
        })
    )

    it.effect("a tenant moves with everything below it, but never below itself", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { masterTenantUuid } = yield* Bootstrap
        const token = yield* adminToken
        const from = (yield* createTenant()).body.uuid
        const to = (yield* createTenant()).body.uuid
        const moved = (yield* createTenant({}, from)).body.uuid
        const below = (yield* createTenant({}, moved)).body.uuid
        const move = (tenant: string, parent: string) =>
          Effect.map(call("PUT", `/tenants/${tenant}/parent/${parent}`, { token }), ({ status }) => status)
        assert.strictEqual(yield* move(moved, to), 204)
        const { id } = yield* issueToken({ acl: [], tenantUuid: to })
        assert.strictEqual((yield* call("HEAD", `/token/${id}?tenant=${below}`)).status, 204)
        assert.strictEqual(yield* move(moved, moved), 409)
        assert.strictEqual(yield* move(moved, below), 409)
        assert.strictEqual(yield* move(masterTenantUuid, to), 409)
        assert.strictEqual(yield* move(moved, randomUUID()), 404)
        assert.strictEqual(yield* move(randomUUID(), moved), 404)
      })
    )

    it.effect("its life is announced on the bus", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const bus = yield* EventBus
        const outbox = yield* Outbox
        const token = yield* adminToken
        yield* outbox.drained
        const events: Array<BusEvent> = []
        yield* bus.subscribe({}, (event) => event.name.startsWith("auth_tenant") && events.push(event))
        const { uuid, slug } = (yield* createTenant({ name: "told", domain_names: ["told.example"] })).body
        yield* call("PUT", `/tenants/${uuid}`, { token, body: { name: "retold" } })
        yield* call("DELETE", `/tenants/${uuid}`, { token })
        yield* outbox.drained
        assert.deepStrictEqual(
          events.map(({ name, data, headers }) => [
            name,
            data,
            headers["tenant_uuid"],
            headers["user_uuid:*"]
          ]),
          [
            ["auth_tenant_added", { uuid, name: "told", slug, domain_names: ["told.example"] }, uuid, true],
            ["auth_tenant_updated", { uuid, name: "retold" }, uuid, true],
            ["auth_tenant_deleted", { uuid }, uuid, true]
          ]
        )
        assert.strictEqual(events[0]?.headers["required_acl"], `events.auth.tenants.${uuid}.created`)
      })
    )
  })
})
