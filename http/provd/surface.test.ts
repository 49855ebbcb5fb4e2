import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { FetchHttpClient } from "effect/http"
import { makeClient } from "../../client.ts"
import { eventually } from "../../test/eventually.ts"
import { issueToken } from "../../test/identity.ts"
import { TestProvd, testProvdLayer } from "./fixture.ts"

const base = "/api/provd/0.2"
const wazo = "application/vnd.proformatique.provd+json"
const accent = "application/vnd.accent.provd+json"

layer(testProvdLayer, { excludeTestServices: true, timeout: "60 seconds" })("provd's HTTP rules", (it) => {
  it.effect("errors are plain text; every refusal of a token is 401 Unauthorized", () =>
    Effect.gen(function* () {
      const { send } = yield* TestProvd
      const { id: token } = yield* issueToken({ acl: ["provd.dev_mgr.devices.read"] })
      for (const options of [
        {},
        { token: "unknown" },
        { token, headers: { "Wazo-Tenant": "00000000-0000-4000-8000-000000000000" } }
      ]) {
        const refused = yield* send("GET", `${base}/dev_mgr/devices`, options)
        assert.deepStrictEqual([refused.status, refused.text], [401, "Unauthorized"])
        assert.match(refused.headers.get("content-type") ?? "", /^text\//)
      }
      assert.strictEqual((yield* send("GET", `${base}/dev_mgr`, { token })).status, 401)
      const admin = (yield* issueToken({ acl: ["provd.#"] })).id
      const missing = yield* send("GET", `${base}/dev_mgr/devices/nobody`, { token: admin })
      assert.deepStrictEqual([missing.status, missing.text], [404, "No such resource"])
      assert.strictEqual(missing.headers.get("content-type"), "text/plain; charset=ascii")
      assert.strictEqual((yield* send("GET", `${base}/nowhere`, { token: admin })).status, 404)
      assert.strictEqual((yield* send("DELETE", `${base}/dev_mgr`, { token: admin })).status, 405)
      assert.strictEqual((yield* send("HEAD", `${base}/dev_mgr`, { token: admin })).status, 200)
    })
  )

  it.effect("Accept: absent, listed or a wildcard; anything else is 406, after the token was checked", () =>
    Effect.gen(function* () {
      const { send } = yield* TestProvd
      const { id: token } = yield* issueToken({ acl: ["provd.#"] })
      const accepting = (accept: string) =>
        send("GET", `${base}/status`, { token, headers: { Accept: accept } })
      const typeFor = (accept: string) =>
        Effect.map(accepting(accept), ({ headers }) => headers.get("content-type"))
      assert.strictEqual(yield* typeFor("*/*"), wazo)
      assert.strictEqual(yield* typeFor("text/html, application/*;q=0.1"), wazo)
      assert.strictEqual(yield* typeFor(accent), accent)
      assert.strictEqual(yield* typeFor(`text/html, application/json, ${wazo}`), "application/json")
      for (const accept of ["text/html", "text/*", "application/xml", ""]) {
        const refused = yield* accepting(accept)
        assert.strictEqual(refused.status, 406, accept)
        assert.strictEqual(refused.headers.get("content-type"), "text/plain; charset=ascii")
      }
      const anonymous = yield* send("GET", `${base}/status`, { headers: { Accept: "text/html" } })
      assert.strictEqual(anonymous.status, 401)
    })
  )

  it.effect("bodies: 401 before 415 before 400; parameters of the type do not matter; 5 MiB are taken", () =>
    Effect.gen(function* () {
      const { send } = yield* TestProvd
      const { id: token } = yield* issueToken({ acl: ["provd.#"] })
      const post = (contentType: string, body: string, used = token) =>
        send("POST", `${base}/cfg_mgr/configs`, {
          token: used,
          body,
          headers: { "Content-Type": contentType }
        })
      assert.strictEqual((yield* post("text/plain", "{", "nobody")).status, 401)
      for (const type of [
        "text/plain",
        "text/csv",
        "application/x-www-form-urlencoded",
        "multipart/form-data"
      ]) {
        assert.strictEqual((yield* post(type, "{")).status, 415, type)
      }
      for (const bad of ["{", "", "null", "0", "[]", '"text"', "{}", '{"config":[]}', '{"config":5}']) {
        const refused = yield* post("application/json", bad)
        assert.strictEqual(refused.status, 400, bad)
        assert.strictEqual(refused.headers.get("content-type"), "text/plain; charset=ascii")
      }
      assert.strictEqual((yield* post("application/json", "[".repeat(100_000))).status, 400)
      for (const type of [wazo, accent, "application/json; charset=utf-8", "Application/JSON"]) {
        assert.strictEqual(
          (yield* post(type, '{"config":{"parent_ids":[],"raw_config":{}}}')).status,
          201,
          type
        )
      }
      const large = { parent_ids: [], raw_config: { X_large: "x".repeat(5 * 1024 * 1024) } }
      assert.strictEqual((yield* post(wazo, JSON.stringify({ config: large }))).status, 201)
      assert.strictEqual((yield* post(wazo, `"${"x".repeat(17 * 1024 * 1024)}"`)).status, 413)
    })
  )

  it.effect("OPTIONS is 200 everywhere and without a body; every answer carries the CORS headers", () =>
    Effect.gen(function* () {
      const { send } = yield* TestProvd
      for (const [method, path] of [
        ["OPTIONS", `${base}/dev_mgr`],
        ["OPTIONS", `${base}/nowhere/at/all`],
        ["OPTIONS", "/0.2/nowhere"],
        ["GET", `${base}/dev_mgr`],
        ["GET", `${base}/nowhere`]
      ] as const) {
        const { status, headers, text } = yield* send(method, path)
        if (method === "OPTIONS") assert.deepStrictEqual([status, text], [200, ""])
        assert.strictEqual(headers.get("access-control-allow-origin"), "*")
        assert.strictEqual(headers.get("access-control-allow-methods"), "GET, POST, PUT, DELETE, OPTIONS")
        assert.strictEqual(
          headers.get("access-control-allow-headers"),
          "Origin, X-Requested-With, Accept, Content-Type, X-Auth-Token, Wazo-Tenant, Accent-Tenant"
        )
        assert.strictEqual(headers.get("access-control-allow-credentials"), "false")
        assert.strictEqual(headers.get("access-control-expose-headers"), "Location")
      }
    })
  )

  it.effect("links and locations are as provd's clients know them, and can be followed", () =>
    Effect.gen(function* () {
      const { send } = yield* TestProvd
      const { id: token } = yield* issueToken({ acl: ["provd.#"] })
      const root = yield* send("GET", base, { token })
      assert.deepStrictEqual(root.json, {
        links: [
          { rel: "dev", href: "/0.2/dev_mgr" },
          { rel: "cfg", href: "/0.2/cfg_mgr" },
          { rel: "pg", href: "/0.2/pg_mgr" },
          { rel: "status", href: "/0.2/status" },
          { rel: "srv.configure", href: "/0.2/configure" }
        ]
      })
      for (const { href } of root.json.links) {
        assert.strictEqual((yield* send("GET", href, { token })).status, 200, href)
      }
      const created = yield* send("POST", `${base}/dev_mgr/devices`, { token, body: { device: {} } })
      assert.strictEqual(created.headers.get("location"), `/0.2/dev_mgr/devices/${created.json.id}`)
      const location = created.headers.get("location") ?? ""
      assert.strictEqual((yield* send("GET", location, { token })).json.device.id, created.json.id)
      const begun = yield* send("POST", "/0.2/dev_mgr/synchronize", { token, body: created.json })
      assert.deepStrictEqual([begun.status, begun.text], [201, ""])
      // There is no Asterisk that would tell the phone.
      const monitor = begun.headers.get("location") ?? ""
      assert.match(monitor, /^\/0\.2\/dev_mgr\/synchronize\/\d+$/)
      yield* eventually(send("GET", monitor, { token }), ({ json }) => json.status === "fail")
      assert.strictEqual((yield* send("DELETE", monitor, { token })).status, 204)
      assert.strictEqual((yield* send("GET", monitor, { token })).status, 404)
    })
  )

  it.effect(
    "parameters may be read with the access of the tenant or without one; a denial of either counts",
    () =>
      Effect.gen(function* () {
        const { send } = yield* TestProvd
        const tenant = (yield* issueToken({ acl: [] })).tenantUuid
        const statusWith = (...acl: ReadonlyArray<string>) =>
          Effect.gen(function* () {
            const { id: token } = yield* issueToken({ acl })
            return (yield* send("GET", `${base}/configure/NAT`, { token })).status
          })
        assert.strictEqual(yield* statusWith(`provd.configure.${tenant}.NAT.read`), 200)
        assert.strictEqual(yield* statusWith("provd.configure.NAT.read"), 200)
        assert.strictEqual(yield* statusWith("provd.configure.locale.read"), 401)
        assert.strictEqual(yield* statusWith("provd.configure.other.NAT.read"), 401)
        assert.strictEqual(yield* statusWith("provd.#", `!provd.configure.${tenant}.NAT.read`), 401)
        assert.strictEqual(yield* statusWith("provd.#", "!provd.configure.NAT.read"), 401)
      })
  )

  it.effect("is there for the typed client, with typed answers and refusals", () =>
    Effect.gen(function* () {
      const { url } = yield* TestProvd
      const { id: token } = yield* issueToken({ acl: ["provd.#"] })
      const { provd } = yield* makeClient({ url, token })
      const created = yield* provd.devices.create({ payload: { device: { id: "typed", sn: "1" } } })
      assert.strictEqual(created.body.id, "typed")
      const { devices } = yield* provd.devices.list({ query: { q: '{"id":"typed"}' } })
      assert.deepInclude(devices[0], { id: "typed", sn: "1" })
      const refusal = yield* Effect.flip(provd.devices.get({ params: { device_id: "nobody" } }))
      assert.deepInclude(refusal, { text: "No such resource" })
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.effect("a dot in a path value is an underscore in the access", () =>
    Effect.gen(function* () {
      const { send } = yield* TestProvd
      const { id: token } = yield* issueToken({ acl: ["provd.dev_mgr.devices.a_b.read"] })
      assert.strictEqual((yield* send("GET", `${base}/dev_mgr/devices/a.b`, { token })).status, 404)
      assert.strictEqual((yield* send("GET", `${base}/dev_mgr/devices/a.c`, { token })).status, 401)
    })
  )

  it.effect("what a DHCP server tells is checked and then worked off", () =>
    Effect.gen(function* () {
      const { send } = yield* TestProvd
      const { id: token } = yield* issueToken({ acl: ["provd.#"] })
      const tell = (dhcp_info: unknown) =>
        send("POST", `${base}/dev_mgr/dhcpinfo`, { token, body: { dhcp_info } })
      const commit = {
        op: "commit",
        ip: "10.1.0.7",
        mac: "00:1E:7A:00:00:07",
        options: ["06043.69.73.63.6f.20.53.50.41.35.30.38.47"]
      }
      assert.strictEqual((yield* tell(commit)).status, 204)
      const selector = encodeURIComponent('{"mac":"00:1e:7a:00:00:07"}')
      const found = yield* eventually(
        send("GET", `${base}/dev_mgr/devices?q=${selector}`, { token }),
        ({ json }) => json.devices.length === 1
      )
      assert.deepInclude(found.json.devices[0], {
        ip: "10.1.0.7",
        added: "auto",
        is_new: true,
        vendor: "Cisco",
        model: "SPA508G"
      })
      for (const good of [
        { ...commit, mac: "001E7A000008", options: [] },
        { ...commit, mac: "00-1e-7a-00-00-09" },
        { op: "expiry", ip: "10.1.0.7" },
        { op: "release", ip: "10.1.0.7" }
      ]) {
        assert.strictEqual((yield* tell(good)).status, 204)
      }
      for (const bad of [
        {},
        { ...commit, op: "discover" },
        { ...commit, ip: "10.1.0" },
        { ...commit, ip: "::1" },
        { ...commit, ip: 5 },
        { ...commit, mac: "00:1e" },
        { ...commit, mac: null },
        { ...commit, options: "06043" },
        { ...commit, options: [60] },
        { ...commit, options: ["60"] },
        { ...commit, options: ["060xx"] },
        { ...commit, options: ["999"] },
        { op: "commit", ip: "10.1.0.7" },
        { op: "release" }
      ]) {
        assert.strictEqual((yield* tell(bad)).status, 400, JSON.stringify(bad))
      }
      assert.strictEqual((yield* tell([])).status, 400)
    })
  )
})
