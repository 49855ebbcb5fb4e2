import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect } from "effect"
import { HttpApi } from "effect/http-api"
import { AlternativeAcl, RequiredAcl } from "../../schemas/common/caller.ts"
import { ConfdApi } from "../../schemas/confd/api.ts"
import { ProvdApi } from "../../schemas/provd/api.ts"
import { tftpRead } from "../../runtime/tftp/client.ts"
import { eventually } from "../../test/eventually.ts"
import { issueToken } from "../../test/identity.ts"
import { strowgerTestLayer } from "../../test/strowger.ts"
import { ListenAddress } from "../server.ts"
import { type Answer, sender } from "./fixture.ts"
import { PhoneListeners } from "../phones/phone-listeners.ts"

/** The endpoint inventory of contracts/provisioning.md: method, path, required access. */
const inventory = readFileSync(join(import.meta.dirname, "../../test/inventory/provd.tsv"), "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split("\t"))
  .map(([method = "", path = "", acl = ""]) => ({ method, path, acl: acl === "none" ? "" : acl }))

const rest = inventory.filter(({ path }) => path.startsWith("/api/"))
const guarded = rest.filter(({ acl }) => acl !== "")

/** Parameters have other names here and there; their places are what counts. */
const places = (path: string) =>
  path
    .replace(/\/$/, "")
    .replace("{tenant_uuid}", "T")
    .replace(/\{[^}]+\}|:[a-z_]+/g, "{}")

const declared = new Map<string, string>()
const note = (endpoint: {
  readonly method: string
  readonly path: string
  readonly annotations: unknown
}) => {
  const acl = Context.getOption(endpoint.annotations as Context.Context<RequiredAcl>, RequiredAcl)
  declared.set(`${endpoint.method} ${places(endpoint.path)}`, acl._tag === "Some" ? acl.value : "")
}
HttpApi.reflect(ProvdApi, { onGroup: () => {}, onEndpoint: ({ endpoint }) => note(endpoint) })
HttpApi.reflect(ConfdApi, { onGroup: () => {}, onEndpoint: ({ endpoint }) => note(endpoint) })

describe("the inventory of provisioning", () => {
  it("has 68 lines: 53 of provd, 13 of confd's devices, and the two ports of phones", () => {
    assert.strictEqual(inventory.length, 68)
    assert.strictEqual(rest.length, 66)
  })
  for (const { method, path, acl } of guarded) {
    it(`${method} ${path} is declared and needs ${acl}`, () => {
      assert.strictEqual(places(declared.get(`${method} ${places(path)}`) ?? "undeclared"), places(acl))
    })
  }
  it("the parameters are there for tokens that name no tenant too", () => {
    HttpApi.reflect(ProvdApi, {
      onGroup: () => {},
      onEndpoint: ({ endpoint }) => {
        if (!endpoint.path.endsWith("configure/:param_id")) return
        const acl = Context.getOption(endpoint.annotations as Context.Context<AlternativeAcl>, AlternativeAcl)
        assert.match(acl._tag === "Some" ? acl.value : "", /^provd\.configure\.\{param_id\}\.(read|update)$/)
      }
    })
  })
})

/** What a path parameter is in a request that walks the inventory. */
const values: Readonly<Record<string, string>> = {
  device_id: "walked",
  config_id: "walked",
  plugin_id: "strowger-yealink",
  param_id: "NAT",
  operation_id: "1",
  id: "walked",
  line_id: "1"
}
const filled = (pattern: string, tenant = "") =>
  pattern.replace("{tenant_uuid}", tenant).replace(/\{([^}]+)\}/g, (_, name: string) => values[name] ?? "")

/** The bodies that make a line succeed. */
const bodies: Readonly<Record<string, unknown>> = {
  "POST dev_mgr/devices": { device: { id: "walked", mac: "80:5e:c0:00:00:01", config: "walked" } },
  "PUT dev_mgr/devices/{device_id}": { device: { mac: "80:5e:c0:00:00:01", model: "T46S" } },
  "POST dev_mgr/synchronize": { id: "walked" },
  "POST dev_mgr/reconfigure": { id: "walked" },
  "POST dev_mgr/dhcpinfo": { dhcp_info: { op: "release", ip: "10.0.0.1" } },
  "POST cfg_mgr/configs": { config: { id: "walked", parent_ids: [], raw_config: {} } },
  "PUT cfg_mgr/configs/{config_id}": { config: { parent_ids: [], raw_config: { X_walked: 1 } } },
  "POST cfg_mgr/autocreate": {},
  "POST pg_mgr/install/uninstall": { id: "strowger-htek" },
  "POST pg_mgr/install/install": { id: "strowger-htek" },
  "POST pg_mgr/install/upgrade": { id: "strowger-yealink" },
  "POST pg_mgr/install/update": {},
  "POST pg_mgr/reload": { id: "strowger-yealink" },
  "POST pg_mgr/plugins/{plugin_id}/install/install": { id: "fw" },
  "POST pg_mgr/plugins/{plugin_id}/install/uninstall": { id: "fw" },
  "PUT configure/{param_id}": { param: { value: "1" } },
  "PUT pg_mgr/plugins/{plugin_id}/configure/{param_id}": { param: { value: "1" } }
}

const withoutBase = (path: string) => path.replace("/api/provd/0.2", "").replace(/^\//, "")

layer(strowgerTestLayer({ knobs: { STROWGER_AMI_PORT: "1" } }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("provisioning in the running runtime", (it) => {
  const setUp = Effect.gen(function* () {
    const { url } = yield* ListenAddress
    const send = sender(url)
    const { id: token, tenantUuid } = yield* issueToken({ acl: ["#"] })
    const ask = (method: string, path: string, body?: unknown) =>
      send(method, path, { token, ...(body !== undefined && { body }) })
    return { send, ask, tenantUuid }
  })

  it.effect("asks for a token on every line that needs one: 401, never 403", () =>
    Effect.gen(function* () {
      const { send } = yield* setUp
      for (const { method, path, acl } of rest) {
        const { status } = yield* send(method, filled(path))
        assert.strictEqual(status, acl === "" ? 200 : 401, `${method} ${path}`)
      }
    })
  )

  it.effect("lets a token with just the access of a line through, and no token that lacks it", () =>
    Effect.gen(function* () {
      const { send, tenantUuid } = yield* setUp
      for (const { method, path, acl } of guarded) {
        const access = filled(acl, tenantUuid)
        const { id: one } = yield* issueToken({ acl: [access] })
        const { id: rest } = yield* issueToken({ acl: ["provd.#", "confd.#", `!${access}`] })
        const body = method === "POST" || method === "PUT" ? "no JSON" : undefined
        const options = body === undefined ? {} : { body }
        assert.strictEqual((yield* send(method, filled(path), { token: rest, ...options })).status, 401, path)
        if (method === "DELETE") continue
        assert.notStrictEqual(
          (yield* send(method, filled(path), { token: one, ...options })).status,
          401,
          path
        )
      }
    })
  )

  it.effect("answers every line of provd with what the contract promises", () =>
    Effect.gen(function* () {
      const { ask } = yield* setUp
      const { pending, answered } = walkOf(ask)
      yield* pending(
        ["GET", "", 200],
        ["GET", "status", 200],
        ["GET", "api/api.yml", 200],
        ["GET", "configure", 200],
        ["GET", "configure/{param_id}", 200],
        ["PUT", "configure/{param_id}", 204],
        ["GET", "cfg_mgr", 200],
        ["POST", "cfg_mgr/configs", 201],
        ["GET", "cfg_mgr/configs", 200],
        ["GET", "cfg_mgr/configs/{config_id}", 200],
        ["PUT", "cfg_mgr/configs/{config_id}", 204],
        ["GET", "cfg_mgr/configs/{config_id}/raw", 200],
        ["POST", "cfg_mgr/autocreate", 201],
        ["GET", "dev_mgr", 200],
        ["POST", "dev_mgr/devices", 201],
        ["GET", "dev_mgr/devices", 200],
        ["GET", "dev_mgr/devices/{device_id}", 200],
        ["PUT", "dev_mgr/devices/{device_id}", 204],
        ["POST", "dev_mgr/reconfigure", 204],
        ["POST", "dev_mgr/dhcpinfo", 204],
        ["POST", "dev_mgr/synchronize", 201],
        ["GET", "dev_mgr/synchronize/{operation_id}", 200],
        ["DELETE", "dev_mgr/synchronize/{operation_id}", 204],
        ["DELETE", "dev_mgr/devices/{device_id}", 204],
        ["DELETE", "cfg_mgr/configs/{config_id}", 204],
        ["GET", "pg_mgr", 200],
        ["GET", "pg_mgr/install", 200],
        ["GET", "pg_mgr/install/installable", 200],
        ["GET", "pg_mgr/install/installed", 200],
        ["GET", "pg_mgr/plugins", 200],
        ["GET", "pg_mgr/plugins/{plugin_id}", 200],
        ["GET", "pg_mgr/plugins/{plugin_id}/info", 200],
        ["POST", "pg_mgr/reload", 204],
        ["POST", "pg_mgr/install/uninstall", 204],
        ["POST", "pg_mgr/install/install", 201],
        ["GET", "pg_mgr/install/install/{operation_id}", 200],
        ["DELETE", "pg_mgr/install/install/{operation_id}", 204],
        // Without a repository there is nothing to fetch.
        ["POST", "pg_mgr/install/update", 500],
        ["GET", "pg_mgr/install/update/{operation_id}", 404],
        ["DELETE", "pg_mgr/install/update/{operation_id}", 404],
        ["GET", "pg_mgr/install/upgrade/{operation_id}", 404],
        ["DELETE", "pg_mgr/install/upgrade/{operation_id}", 404],
        // A plugin without packages and parameters has none of their resources.
        ["GET", "pg_mgr/plugins/{plugin_id}/install", 404],
        ["POST", "pg_mgr/plugins/{plugin_id}/install/install", 404],
        ["GET", "pg_mgr/plugins/{plugin_id}/install/install/{operation_id}", 404],
        ["DELETE", "pg_mgr/plugins/{plugin_id}/install/install/{operation_id}", 404],
        ["POST", "pg_mgr/plugins/{plugin_id}/install/uninstall", 404],
        ["GET", "pg_mgr/plugins/{plugin_id}/install/installed", 404],
        ["GET", "pg_mgr/plugins/{plugin_id}/install/installable", 404],
        ["GET", "pg_mgr/plugins/{plugin_id}/configure", 404],
        ["GET", "pg_mgr/plugins/{plugin_id}/configure/{param_id}", 404],
        ["PUT", "pg_mgr/plugins/{plugin_id}/configure/{param_id}", 404]
      )
      answered.add("POST pg_mgr/install/upgrade")
      const listed = rest
        .filter(({ path }) => path.startsWith("/api/provd"))
        .map(({ method, path }) => `${method} ${withoutBase(path)}`)
      assert.sameMembers([...answered], listed)
    })
  )

  it.effect("serves phones on ports of their own, without a token", () =>
    Effect.gen(function* () {
      const { ask } = yield* setUp
      const listeners = yield* PhoneListeners
      const file = "805ec0a0b0c1.cfg"
      const response = yield* Effect.promise(() =>
        fetch(`http://127.0.0.1:${listeners.port("http")}/${file}`, {
          headers: { "User-Agent": "Yealink SIP-T46S 66.86.0.15 80:5e:c0:a0:b0:c1" }
        })
      )
      assert.strictEqual(response.status, 200)
      assert.match(yield* Effect.promise(() => response.text()), /^#!version:1\.0\.0\.1/)
      const selector = encodeURIComponent(JSON.stringify({ mac: "80:5e:c0:a0:b0:c1" }))
      yield* eventually(ask("GET", `/api/provd/0.2/dev_mgr/devices?q=${selector}`), ({ json }: Answer) => {
        const [device] = json.devices
        return device?.added === "auto" && device.is_new && device.configured && device.model === "T46S"
      })
      const tftp = { host: "127.0.0.1", port: listeners.port("tftp") ?? 0 }
      const refused = yield* Effect.flip(tftpRead({ ...tftp, path: "nobody.cfg" }))
      assert.strictEqual(refused.code, 1)
      const status = yield* ask("GET", "/api/provd/0.2/status")
      assert.deepStrictEqual(status.json, {
        rest_api: "ok",
        bus_consumer: { status: "ok" },
        tftp: { status: "ok" },
        http: { status: "ok" }
      })
    })
  )
})

/** Sends lines one after the other and remembers which. */
const walkOf = (ask: (method: string, path: string, body?: unknown) => Effect.Effect<Answer>) => {
  const answered = new Set<string>()
  const pending = Effect.fnUntraced(function* (
    ...walk: ReadonlyArray<readonly [method: string, path: string, status: number]>
  ) {
    for (const [method, path, status] of walk) {
      const line = `${method} ${path}`
      const answer = yield* ask(method, `/api/provd/0.2/${filled(path)}`, bodies[line])
      assert.strictEqual(answer.status, status, `${line}: ${answer.text}`)
      if (status === 404) assert.strictEqual(answer.text, "No such resource", line)
      if (status === 201) assert.match(answer.headers.get("location") ?? "", /^\/0\.2\//, line)
      if (method === "GET" && status === 200 && path !== "api/api.yml") {
        assert.strictEqual(answer.headers.get("content-type"), "application/vnd.proformatique.provd+json")
      }
      answered.add(line)
    }
  })
  return { pending, answered }
}
