import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Tenants } from "../../actors/identity/tenants.ts"
import { create } from "../../test/confd.ts"
import { clientOf } from "../../test/client.ts"
import { issueToken } from "../../test/identity.ts"
import { TestProvd, testProvdLayer } from "./fixture.ts"

const base = "/api/provd/0.2"
const devices = `${base}/dev_mgr/devices`
const configs = `${base}/cfg_mgr/configs`

layer(testProvdLayer, { excludeTestServices: true, timeout: "60 seconds" })("provd among strangers", (it) => {
  /** Requests with a token; by default with every right, in the master tenant. */
  const as = Effect.fnUntraced(function* (
    options: { readonly acl?: ReadonlyArray<string>; readonly tenantUuid?: string } = {}
  ) {
    const { send } = yield* TestProvd
    const { id: token } = yield* issueToken({ acl: ["provd.#"], ...options })
    return (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) =>
      send(method, path, { token, headers, ...(body !== undefined && { body }) })
  })

  const newTenant = Effect.gen(function* () {
    const { url } = yield* TestProvd
    const { id } = yield* issueToken({ acl: ["#"] })
    const { uuid } = yield* create<{ uuid: string }>(clientOf(url, id), "/api/auth/0.1/tenants", {}, 200)
    return uuid
  })

  it.effect("a device of another tenant is not there: on no line, by no header, with no parent's child", () =>
    Effect.gen(function* () {
      const [north, south] = [yield* newTenant, yield* newTenant]
      const northern = yield* as({ tenantUuid: north })
      const southern = yield* as({ tenantUuid: south })
      const { json } = yield* northern("POST", devices, { device: { mac: "80:5e:c0:00:01:01" } })
      const path = `${devices}/${json.id}`
      const body = { device: { description: "taken" } }
      for (const [method, target, sent, status] of [
        ["GET", path, undefined, 404],
        ["PUT", path, body, 404],
        ["DELETE", path, undefined, 404],
        ["POST", `${base}/dev_mgr/synchronize`, { id: json.id }, 404],
        ["POST", `${base}/dev_mgr/reconfigure`, { id: json.id }, 400]
      ] as const) {
        assert.strictEqual((yield* southern(method, target, sent)).status, status, `${method} ${target}`)
        const header = { "Accent-Tenant": north }
        assert.strictEqual((yield* southern(method, target, sent, header)).status, 401, `${method} ${target}`)
      }
      const seen = (yield* southern("GET", `${devices}?recurse=true`)).json.devices
      assert.deepStrictEqual(seen, [])
      const selector = encodeURIComponent(JSON.stringify({ tenant_uuid: north }))
      assert.deepStrictEqual(
        (yield* southern("GET", `${devices}?q=${selector}&recurse=true`)).json.devices,
        []
      )
      // Its own tenant and those above it do see it, and cannot move it.
      const master = yield* as()
      assert.strictEqual(
        (yield* master("PUT", path, { device: { tenant_uuid: south, is_new: true } })).status,
        204
      )
      assert.deepInclude((yield* northern("GET", path)).json.device, { tenant_uuid: north, is_new: false })
    })
  )

  it.effect("a new device is anybody's to claim, once", () =>
    Effect.gen(function* () {
      const [north, south] = [yield* newTenant, yield* newTenant]
      const { json } = yield* (yield* as())("POST", devices, { device: { sn: "1" } })
      const path = `${devices}/${json.id}`
      const answers = yield* Effect.forEach(
        [north, south],
        (tenantUuid) =>
          Effect.flatMap(as({ tenantUuid }), (ask) => ask("PUT", path, { device: { sn: "1" } })),
        { concurrency: 2 }
      )
      assert.deepStrictEqual(answers.map(({ status }) => status).sort(), [204, 404])
    })
  )

  it.effect("tokens without the access, or for another device, are turned away with 401", () =>
    Effect.gen(function* () {
      const admin = yield* as()
      const { json } = yield* admin("POST", devices, { device: {} })
      const path = `${devices}/${json.id}`
      const none = yield* as({ acl: [] })
      const reader = yield* as({ acl: ["provd.dev_mgr.devices.*.read", "provd.cfg_mgr.configs.read"] })
      for (const method of ["GET", "PUT", "DELETE"]) {
        const body = method === "PUT" ? { device: {} } : undefined
        const refused = yield* none(method, path, body)
        assert.deepStrictEqual([refused.status, refused.text], [401, "Unauthorized"])
        assert.strictEqual((yield* reader(method, path, body)).status, method === "GET" ? 200 : 401)
      }
      assert.strictEqual((yield* reader("GET", configs)).status, 200)
      assert.strictEqual((yield* reader("GET", `${configs}/autoprov`)).status, 401)
    })
  )

  it.effect("bodies of any shape are refused without a trace", () =>
    Effect.gen(function* () {
      const ask = yield* as()
      const before = (yield* ask("GET", devices)).json.devices.length
      for (const body of [
        "{",
        "\u0000",
        "[".repeat(100_000),
        `{"device":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}`,
        '"text"',
        "[1]",
        "1",
        "null",
        "{}",
        '{"device":null}',
        '{"device":"x"}',
        '{"device":[{}]}',
        '{"device":{"id":null}}',
        '{"device":{"id":""}}',
        '{"device":{"id":5}}',
        '{"device":{"id":"../../etc/passwd"}}',
        '{"device":{"id":"a/b"}}',
        '{"device":{"id":"a\\u0000b"}}',
        `{"device":{"id":"${"x".repeat(300)}"}}`,
        '{"device":{"mac":"80:5E:C0:00:00:01"}}',
        '{"device":{"mac":""}}',
        '{"device":{"mac":[]}}',
        '{"device":{"ip":"1.2.3"}}',
        '{"device":{"ip":"1.2.3.4.5"}}',
        '{"device":{"ip":{}}}',
        '{"device":{"model":{"a":1}}}',
        '{"device":{"options":"x"}}',
        '{"device":{"sn":"\\ud800"}}'
      ]) {
        const refused = yield* ask("POST", devices, body)
        assert.strictEqual(refused.status, 400, `${body.slice(0, 60)}: ${refused.text}`)
        assert.strictEqual(refused.headers.get("content-type"), "text/plain; charset=ascii")
        assert.notMatch(refused.text, /\n|at .*\.ts/)
      }
      assert.strictEqual((yield* ask("GET", devices)).json.devices.length, before)
      // What every object inherits is no key of a document.
      const odd = yield* ask("POST", devices, '{"device":{"__proto__":{"x":1},"constructor":"y","X_own":1}}')
      assert.strictEqual(odd.status, 201)
      const stored = (yield* ask("GET", `${devices}/${odd.json.id}`)).json.device
      assert.strictEqual(stored.X_own, 1)
      assert.isUndefined(({} as Record<string, unknown>)["x"])
      for (const body of [
        '{"config":{"raw_config":{}}}',
        '{"config":{"parent_ids":"base","raw_config":{}}}',
        '{"config":{"parent_ids":[5],"raw_config":{}}}',
        '{"config":{"parent_ids":[]}}',
        '{"config":{"parent_ids":[],"raw_config":[]}}',
        '{"config":{"parent_ids":[],"raw_config":{"unknown":1}}}',
        '{"config":{"parent_ids":[],"raw_config":{"vlan_id":5000}}}',
        '{"config":{"parent_ids":[],"raw_config":{"sip_lines":null}}}',
        '{"config":{"parent_ids":[],"raw_config":{"funckeys":{"x":{"type":"blf","value":"1"}}}}}',
        '{"config":{"parent_ids":[],"raw_config":{"timezone":"Mars/Olympus"}}}'
      ]) {
        const refused = yield* ask("POST", configs, body)
        assert.strictEqual(refused.status, 400, `${body}: ${refused.text}`)
      }
      for (const path of [
        "pg_mgr/install/install",
        "pg_mgr/install/uninstall",
        "pg_mgr/reload",
        "dev_mgr/reconfigure",
        "dev_mgr/synchronize"
      ]) {
        for (const body of ["{}", '{"id":null}', '{"id":5}', '{"id":""}', '{"id":["a"]}']) {
          assert.strictEqual((yield* ask("POST", `${base}/${path}`, body)).status, 400, `${path} ${body}`)
        }
      }
      for (const id of ["../../../etc", "..", "%2e%2e", "a/b", "x".repeat(5_000)]) {
        const { status } = yield* ask("POST", `${base}/pg_mgr/install/uninstall`, { id })
        assert.strictEqual(status, 400, id.slice(0, 20))
      }
    })
  )

  it.effect("an update looks for the document first (404), then at what it says (500)", () =>
    Effect.gen(function* () {
      const ask = yield* as()
      const bad = { device: { mac: "nonsense" } }
      assert.strictEqual((yield* ask("PUT", `${devices}/nobody`, bad)).status, 404)
      const { json } = yield* ask("POST", devices, {
        device: { mac: "80:5e:c0:00:02:01", description: "old" }
      })
      const path = `${devices}/${json.id}`
      assert.strictEqual((yield* ask("PUT", path, bad)).status, 500)
      assert.strictEqual((yield* ask("PUT", path, { device: [] })).status, 400)
      assert.strictEqual((yield* ask("PUT", path, { device: { id: "other", sn: "1" } })).status, 204)
      const { device } = (yield* ask("GET", path)).json
      assert.deepInclude(device, { id: json.id, sn: "1" })
      assert.notProperty(device, "description")
      const worse = { config: { parent_ids: [], raw_config: { unknown: 1 } } }
      assert.strictEqual((yield* ask("PUT", `${configs}/nobody`, worse)).status, 404)
      assert.strictEqual((yield* ask("PUT", `${configs}/base`, worse)).status, 500)
      assert.strictEqual((yield* ask("DELETE", `${configs}/base`)).status, 403)
      assert.strictEqual((yield* ask("POST", devices, { device: { id: json.id } })).status, 400)
    })
  )

  it.effect("paths and ids that lead elsewhere lead nowhere", () =>
    Effect.gen(function* () {
      const ask = yield* as()
      for (const id of [
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%5c..%5cetc",
        "%00",
        "%ff",
        "a%2fb",
        "x".repeat(6_000),
        "__proto__"
      ]) {
        for (const path of [
          devices,
          configs,
          `${base}/pg_mgr/plugins`,
          `${base}/configure`,
          `${base}/dev_mgr/synchronize`
        ]) {
          const { status } = yield* ask("GET", `${path}/${id}`)
          assert.include([400, 404, 401], status, `${path}/${id.slice(0, 40)}`)
        }
      }
      assert.strictEqual((yield* ask("GET", `${base}/configure/tenants`)).status, 404)
    })
  )

  it.effect("selectors: operators as promised, nonsense ignored or refused, depth bounded", () =>
    Effect.gen(function* () {
      const { master } = yield* Tenants
      const ask = yield* as({ tenantUuid: master })
      for (const [id, model, lines] of [
        ["q-a", "T1", 1],
        ["q-b", "T2", 2],
        ["q-c", "T3", 12]
      ] as const) {
        yield* ask("POST", devices, { device: { id, model, X_lines: lines, X_deep: { a: { b: id } } } })
      }
      const ids = (query: string) =>
        Effect.map(ask("GET", `${devices}?${query}`), ({ json }) =>
          json.devices.map(({ id }: { id: string }) => id)
        )
      const q = (selector: unknown) => `q=${encodeURIComponent(JSON.stringify(selector))}`
      const ours = { id: { $in: ["q-a", "q-b", "q-c"] } }
      assert.sameMembers(yield* ids(q(ours)), ["q-a", "q-b", "q-c"])
      assert.deepStrictEqual(yield* ids(q({ "X_deep.a.b": "q-b" })), ["q-b"])
      assert.deepStrictEqual(yield* ids(q({ ...ours, X_lines: { $gt: 1, $lt: 10 } })), ["q-b"])
      assert.deepStrictEqual(yield* ids(q({ ...ours, X_lines: { $gt: "1" } })), [])
      assert.deepStrictEqual(yield* ids(`${q(ours)}&sort=model&sort_ord=DESC&skip=1&limit=1`), ["q-b"])
      assert.deepStrictEqual(yield* ids(`${q(ours)}&limit=-1`), [])
      assert.strictEqual((yield* ids(`${q(ours)}&limit=abc&skip=-3`)).length, 3)
      const q64 = Buffer.from(JSON.stringify({ id: "q-c" })).toString("base64")
      assert.deepStrictEqual(yield* ids(`${q({ id: "q-a" })}&q64=${encodeURIComponent(q64)}`), ["q-c"])
      const cut = yield* ask("GET", `${devices}?${q({ id: "q-a" })}&fields=model,X_deep.a.b,nothing`)
      assert.deepInclude(cut.json.devices[0], { id: "q-a", model: "T1" })
      assert.notProperty(cut.json.devices[0], "X_lines")
      const everything = (yield* ids("")).length
      for (const ignored of ["q=nonsense", "q=%22text%22", "q64=%%%", "q=", "nonsense=1"]) {
        assert.strictEqual((yield* ids(ignored)).length, everything, ignored)
      }
      const deep = `${'{"a":'.repeat(3_000)}1${"}".repeat(3_000)}`
      for (const refused of [
        "q=5",
        "q=null",
        "q=[]",
        q({ model: { $where: "1" } }),
        q({ model: { $in: "T1" } }),
        `q=${deep}`
      ]) {
        const { status } = yield* ask("GET", `${devices}?${refused}`)
        assert.strictEqual(status, 400, refused.slice(0, 40))
      }
    })
  )

  it.effect("many creations of one id at once: one device, the others are refused", () =>
    Effect.gen(function* () {
      const ask = yield* as()
      const answers = yield* Effect.forEach(
        Array.from({ length: 8 }, () => ({ device: { id: "raced" } })),
        (body) => ask("POST", devices, body),
        { concurrency: 8 }
      )
      assert.deepStrictEqual(answers.map(({ status }) => status).sort(), [
        201,
        ...Array.from({ length: 7 }, () => 400)
      ])
    })
  )
})
