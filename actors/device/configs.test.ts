import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { SqlClient } from "effect/sql"
import { forEachDatabase } from "../../test/database.ts"
import type { JsonObject } from "../../schemas/provd/device.ts"
import { Configs } from "./configs.ts"
import { Devices } from "./devices.ts"
import { DevicePlugins } from "./device-plugins.ts"
import { macAt, makeWorkshop, north, provisioningLayer, storedFiles, tenant, toyPlugin } from "./fixture.ts"
import { PhoneRequests } from "./phone-requests.ts"
import { Regenerations } from "./regenerations.ts"
import { SystemParameters } from "./system-parameters.ts"

const workshop = makeWorkshop()

const toy = toyPlugin()
/** Suits every phone best, and takes its time. */
const slowPlugin = toyPlugin({
  id: "slow",
  associate: () => 600,
  deviceFiles: (device, config) => Effect.delay(toy.deviceFiles(device, config), "15 millis")
})

forEachDatabase((name, database) =>
  layer(provisioningLayer(workshop).pipe(Layer.provideMerge(database)), {
    timeout: "60 seconds",
    excludeTestServices: true
  })(`configs (${name})`, (it) => {
    let last = 0
    const newDevice = (config: string, more: JsonObject = {}) =>
      Effect.flatMap(Devices, (devices) =>
        devices.create(north, { mac: macAt(1_000 + ++last), plugin: "toy", config, ...more })
      )
    const line = (username: string) => ({
      sip_lines: { "1": { username, proxy_ip: "1.2.3.4" } }
    })
    const fileOf = (id: string) =>
      Effect.map(storedFiles(id), (files) => Object.values(files).join("\n---\n"))
    const config = (
      raw_config: JsonObject,
      parent_ids: ReadonlyArray<string> = [],
      more: JsonObject = {}
    ) => ({
      parent_ids,
      raw_config,
      ...more
    })

    it.effect("the first configs are there: base, default, defaultconfigdevice and autoprov", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        assert.deepInclude(yield* configs.get("base"), {
          X_type: "internal",
          deletable: false,
          raw_config: {
            ntp_enabled: true,
            ntp_ip: "pbx.example",
            X_xivo_phonebook_ip: "pbx.example",
            X_accent_phonebook_ip: "pbx.example"
          }
        })
        assert.deepInclude(yield* configs.get("default"), {
          X_type: "registrar",
          displayname: "local",
          proxy_main: "pbx.example",
          registrar_main: "pbx.example"
        })
        const { raw_config: template } = yield* configs.get("defaultconfigdevice")
        assert.match(String((template as JsonObject)["admin_password"]), /^[A-Za-z0-9]{16}$/)
        const raw = yield* configs.raw("autoprov")
        const [account] = Object.values(raw["sip_lines"] as Record<string, JsonObject>)
        assert.match(String(account?.["username"]), /^ap[a-z0-9]{8}$/)
        assert.match(String(account?.["password"]), /^[A-Za-z0-9]{8}$/)
      })
    )

    it.effect("raw flattens: base parameters, parents in their order, each once, then its own", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        yield* configs.create(config({ X_a: 1, X_b: 1, X_o: { one: 1, two: 1 } }, ["f-b"], { id: "f-a" }))
        yield* configs.create(
          config({ X_b: 2, X_o: { two: 2 }, X_list: [1, 2] }, ["f-a", "nobody"], { id: "f-b" })
        )
        const id = yield* configs.create(config({ X_c: null, X_list: [3] }, ["f-a", "f-b"]))
        assert.deepEqual(yield* configs.raw(id), {
          ip: "provd.example",
          http_port: 8667,
          http_base_url: "http://provd.example:8667",
          tftp_port: 69,
          X_a: 1,
          // f-b is a parent of f-a and comes before it.
          X_b: 1,
          X_o: { one: 1, two: 1 },
          X_list: [3],
          X_c: null
        })
        assert.strictEqual((yield* Effect.flip(configs.raw("nobody")))._tag, "NoSuchConfig")
      })
    )

    it.effect("null overrides what a parent says; a key named __proto__ harms nobody", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        const parent = yield* configs.create(config({ ntp_enabled: true, ntp_ip: "1.1.1.1" }))
        const hostile: JsonObject = JSON.parse('{"X_o": {"__proto__": {"polluted": true}}, "ntp_ip": null}')
        const child = yield* configs.create(config(hostile, [parent]))
        const raw = yield* configs.raw(child)
        assert.isNull(raw["ntp_ip"])
        assert.strictEqual(JSON.stringify(raw["X_o"]), '{"__proto__":{"polluted":true}}')
        assert.notProperty({}, "polluted")
      })
    )

    it.effect("a circle of parents is followed once", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        yield* configs.create(config({ X_n: 0 }, ["circle-b"], { id: "circle-a" }))
        yield* configs.create(config({ X_m: 1 }, ["circle-a"], { id: "circle-b" }))
        assert.deepInclude(yield* configs.raw("circle-a"), { X_n: 0, X_m: 1 })
        assert.deepInclude(yield* configs.raw("circle-b"), { X_n: 0, X_m: 1 })
      })
    )

    it.effect("a refused config leaves nothing", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        const before = yield* configs.list({})
        for (const bad of [
          { raw_config: {} },
          { parent_ids: [] },
          { parent_ids: "base", raw_config: {} },
          { parent_ids: [1], raw_config: {} },
          { parent_ids: [], raw_config: [] },
          { parent_ids: [], raw_config: { unknown: 1 } },
          { id: "../x", parent_ids: [], raw_config: {} },
          { id: null, parent_ids: [], raw_config: {} },
          { parent_ids: [], raw_config: {}, deletable: "no" }
        ] as ReadonlyArray<JsonObject>) {
          const failure = yield* Effect.flip(configs.create(bad))
          assert.strictEqual(failure._tag, "InvalidDocument", JSON.stringify(bad))
        }
        assert.strictEqual(
          (yield* Effect.flip(configs.create(config({}, [], { id: "base" }))))._tag,
          "IdTaken"
        )
        assert.deepEqual(yield* configs.list({}), before)
      })
    )

    it.effect("of concurrent creates with one id one succeeds", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        const results = yield* Effect.forEach(
          Array.from({ length: 10 }, (_, index) => index),
          (X_n) => Effect.result(configs.create(config({ X_n }, [], { id: "contended" }))),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(results.filter(Result.isSuccess), 1)
      })
    )

    it.effect(
      "in a template of devices null values are dropped at every depth, null items of lists stay",
      () =>
        Effect.gen(function* () {
          const configs = yield* Configs
          const id = yield* configs.create(
            config({ ntp_ip: null, X_o: { a: null, b: [null, { c: null, d: 1 }] } }, [], {
              X_type: "device",
              label: null
            })
          )
          assert.deepEqual(yield* configs.get(id), {
            id,
            X_type: "device",
            parent_ids: [],
            raw_config: { X_o: { b: [null, { d: 1 }] } }
          })
        })
    )

    it.effect(
      "an update is in the files of every device on the config or a descendant when it succeeds",
      () =>
        Effect.gen(function* () {
          const configs = yield* Configs
          const top = yield* configs.create(config(line("before")))
          const middle = yield* configs.create(config({}, [top]))
          const below = yield* configs.create(config({}, [middle]))
          const others = yield* configs.create(config(line("other")))
          const [one, two, three] = [yield* newDevice(top), yield* newDevice(below), yield* newDevice(others)]
          yield* configs.update(top, config(line("after")))
          assert.include(yield* fileOf(one.id), "user=after\n")
          assert.include(yield* fileOf(two.id), "user=after\n")
          assert.include(yield* fileOf(three.id), "user=other\n")
          const regenerations = yield* Regenerations
          assert.deepEqual(yield* regenerations.pending, [])
        })
    )

    it.effect("an update equal to what is stored does nothing", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        const sql = yield* SqlClient.SqlClient
        const id = yield* configs.create(config(line("same")))
        const revision = sql<{ revision: bigint }>`SELECT revision FROM provd_configs WHERE id = ${id}`
        const before = yield* revision
        yield* configs.update(id, { ...config(line("same")), id: "another" })
        assert.deepEqual(yield* revision, before)
      })
    )

    it.effect("an update of nothing known is told before what is wrong with it", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        assert.strictEqual((yield* Effect.flip(configs.update("nobody", {})))._tag, "NoSuchConfig")
        assert.strictEqual((yield* Effect.flip(configs.update("base", {})))._tag, "InvalidDocument")
      })
    )

    it.effect("a config created after a device or a child named it configures the devices", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        const devices = yield* Devices
        const { id, configured } = yield* newDevice("late-child")
        assert.isFalse(configured)
        yield* configs.create(config({}, ["late"], { id: "late-child" }))
        yield* configs.create(config(line("late"), [], { id: "late" }))
        assert.isTrue((yield* devices.get(north, id)).configured)
        assert.include(yield* fileOf(id), "user=late\n")
      })
    )

    it.effect("a deleted config leaves its devices not configured, those on descendants are made anew", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        const devices = yield* Devices
        const top = yield* configs.create(config({ ntp_ip: "9.9.9.9", ...line("top") }))
        const below = yield* configs.create(config(line("below"), [top]))
        const [one, two] = [yield* newDevice(top), yield* newDevice(below)]
        yield* configs.remove(top)
        assert.isFalse((yield* devices.get(north, one.id)).configured)
        assert.deepEqual(yield* storedFiles(one.id), {})
        assert.isTrue((yield* devices.get(north, two.id)).configured)
        assert.notInclude(yield* fileOf(two.id), "ntp=9.9.9.9\n")
        assert.strictEqual((yield* Effect.flip(configs.remove(top)))._tag, "NoSuchConfig")
      })
    )

    it.effect("a config that is not deletable stays until it is", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        const id = yield* configs.create(config({}, [], { deletable: false }))
        assert.strictEqual((yield* Effect.flip(configs.remove(id)))._tag, "NotDeletable")
        yield* configs.update(id, config({}))
        yield* configs.remove(id)
        assert.strictEqual((yield* Effect.flip(configs.get(id)))._tag, "NoSuchConfig")
      })
    )

    it.effect("autocreate copies the parameters of the config with that role, which becomes its parent", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        const id = yield* configs.autocreate
        const { raw_config } = yield* configs.get("autoprov")
        assert.match(id, /^autoprov[0-9a-f]{32}$/)
        assert.deepEqual(yield* configs.get(id), {
          id,
          parent_ids: ["autoprov"],
          raw_config: raw_config ?? {},
          transient: true
        })
      })
    )

    it.effect("a device that moves onto a config while that changes has the change in its files", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        const devices = yield* Devices
        for (let round = 0; round < 10; round++) {
          const id = yield* configs.create(config(line("before")))
          const { id: device, ...body } = yield* newDevice("autoprov")
          yield* Effect.all(
            [
              configs.update(id, config(line("after"))),
              devices.update(north, device, { ...body, config: id })
            ],
            { concurrency: "unbounded" }
          )
          assert.include(yield* fileOf(device), "user=after\n")
        }
      })
    )

    it.effect("a device that comes onto a config while that is deleted ends not configured", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        const devices = yield* Devices
        workshop.plugins.set("slow", slowPlugin)
        for (let round = 0; round < 10; round++) {
          const parent = yield* configs.create(config({ ntp_ip: "9.9.9.9" }))
          const id = yield* configs.create(config(line("gone"), [parent]))
          const [below, on] = yield* Effect.all(
            [
              newDevice(id, { plugin: "slow" }),
              newDevice(parent, { plugin: "slow" }),
              Effect.delay(configs.remove(parent), "5 millis")
            ],
            { concurrency: "unbounded" }
          )
          assert.isFalse((yield* devices.get(north, on.id)).configured)
          assert.notInclude(yield* fileOf(below.id), "ntp=9.9.9.9\n")
        }
        workshop.plugins.delete("slow")
      })
    )

    it.effect("a phone that boots for the first time while a config changes has the change in its file", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        const phones = yield* PhoneRequests
        workshop.plugins.set("slow", slowPlugin)
        const template = yield* configs.get("defaultconfigdevice")
        for (let round = 0; round < 5; round++) {
          const mac = macAt(2_000 + round)
          const request = {
            protocol: "http",
            path: `/${mac.replaceAll(":", "")}.cfg`,
            query: {},
            userAgent: "Toy T1 1.0",
            address: `10.6.0.${round}`,
            options: {}
          } as const
          const served = phones.serve(request)
          yield* Effect.all(
            [
              Effect.isEffect(served) ? served : Effect.succeed(served),
              Effect.delay(
                configs.update("defaultconfigdevice", {
                  ...template,
                  raw_config: { ntp_ip: `9.0.0.${round}` }
                }),
                "5 millis"
              )
            ],
            { concurrency: "unbounded" }
          )
          const again = phones.serve(request)
          const file = Effect.isEffect(again) ? yield* again : again
          const text = file.kind === "content" ? Buffer.from(file.content).toString("utf8") : file.kind
          assert.include(text, `ntp=9.0.0.${round}\n`)
        }
        yield* configs.update("defaultconfigdevice", template)
        workshop.plugins.delete("slow")
      })
    )

    it.effect("without a config of the role autocreate there is none to create from", () =>
      Effect.gen(function* () {
        const configs = yield* Configs
        const { raw_config, parent_ids } = yield* configs.get("autoprov")
        const document = { parent_ids: parent_ids ?? [], raw_config: raw_config ?? {} }
        yield* configs.update("autoprov", document)
        assert.strictEqual((yield* Effect.flip(configs.autocreate))._tag, "NoAutocreateConfig")
        yield* configs.update("autoprov", { ...document, role: "autocreate" })
        yield* configs.autocreate
      })
    )

    it.effect(
      "a plugin that comes configures the devices that name it; one that goes takes their files along",
      () =>
        Effect.gen(function* () {
          const plugins = yield* DevicePlugins
          const devices = yield* Devices
          const { id, configured } = yield* newDevice("autoprov", { plugin: "later" })
          assert.isFalse(configured)
          workshop.plugins.set("later", toyPlugin({ id: "later" }))
          yield* plugins.regenerate("later")
          assert.isTrue((yield* devices.get(north, id)).configured)
          workshop.plugins.delete("later")
          yield* plugins.withdraw("later")
          assert.isFalse((yield* devices.get(north, id)).configured)
          assert.deepEqual(yield* storedFiles(id), {})
        })
    )

    it.effect("parameters keep what is right, refuse what is not, and are read back", () =>
      Effect.gen(function* () {
        const parameters = yield* SystemParameters
        const set = (id: string, value: unknown, owner: string = tenant.master) =>
          Effect.map(Effect.result(parameters.set(id, owner, value)), (result) => result._tag === "Success")
        const right: ReadonlyArray<readonly [string, unknown]> = [
          ["plugin_server", "http://plugins.example/stable/"],
          ["http_proxy", "http://user:pw@proxy.example:3128"],
          ["ftp_proxy", "http://proxy.example"],
          ["https_proxy", "proxy.example:3128"],
          ["locale", "fr_FR"],
          ["locale", ""],
          ["NAT", "1"],
          ["NAT", 0],
          ["provisioning_key", "ABC-def.~$1"],
          ["provisioning_key", "ABC-def.~$1"]
        ]
        for (const [id, value] of right) assert.isTrue(yield* set(id, value), `${id} ${String(value)}`)
        const wrong: ReadonlyArray<readonly [string, unknown]> = [
          ["plugin_server", "plugins.example"],
          ["plugin_server", 5],
          ["http_proxy", ""],
          ["http_proxy", "http://proxy.example/path"],
          ["https_proxy", ""],
          ["https_proxy", "http://proxy.example:3128"],
          ["locale", "french"],
          ["NAT", ""],
          ["NAT", "2"],
          ["provisioning_key", "short"],
          ["provisioning_key", "with space"],
          ["provisioning_key", "x".repeat(257)],
          ["tenants", "x"],
          ["__proto__", "x"]
        ]
        for (const [id, value] of wrong) assert.isFalse(yield* set(id, value), `${id} ${String(value)}`)
        assert.strictEqual(parameters.pluginServer(), "http://plugins.example/stable/")
        assert.strictEqual(parameters.nat(), 0)
        assert.isNull(parameters.locale())
        assert.isTrue(yield* set("http_proxy", null))
        assert.isNull(parameters.httpProxy())
      })
    )

    it.effect("a provisioning key is one tenant's; many may have none; an empty one is none", () =>
      Effect.gen(function* () {
        const parameters = yield* SystemParameters
        yield* parameters.set("provisioning_key", tenant.north, "the-norths-key")
        const refused = yield* Effect.flip(parameters.set("provisioning_key", tenant.south, "the-norths-key"))
        assert.strictEqual(refused._tag, "InvalidParameter")
        assert.strictEqual(parameters.tenantOfKey("the-norths-key"), tenant.north)
        yield* parameters.set("provisioning_key", tenant.north, "")
        yield* parameters.set("provisioning_key", tenant.south, null)
        assert.isNull(parameters.provisioningKey(tenant.north))
        assert.isUndefined(parameters.tenantOfKey("the-norths-key"))
        yield* parameters.set("provisioning_key", tenant.south, "the-norths-key")
      })
    )
  })
)
