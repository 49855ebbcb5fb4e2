import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { forEachDatabase, testDatabaseLayer } from "../../test/database.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import { Configs } from "./configs.ts"
import { Devices } from "./devices.ts"
import {
  type Log,
  macAt,
  makeWorkshop,
  master,
  north,
  provisioningLayer,
  storedFiles,
  tenant,
  toyPlugin
} from "./fixture.ts"
import { PhoneRequests, type Served } from "./phone-requests.ts"
import { SystemParameters } from "./system-parameters.ts"

/** Folders of a plugin's file service, with what a test puts there. */
const folder = mkdtempSync(join(tmpdir(), "strowger-phones-"))
const root = join(folder, "tftpboot")
mkdirSync(join(root, "firmware"), { recursive: true })
writeFileSync(join(root, "firmware", "t1.rom"), "rom")
writeFileSync(join(folder, "secret"), "secret")
symlinkSync(join(folder, "secret"), join(root, "linked"))
process.once("exit", () => rmSync(folder, { recursive: true, force: true }))

let last = 0
/** A phone that nobody has seen yet. */
const newPhone = () => {
  last++
  const mac = macAt(last)
  const address = `10.1.${last >> 8}.${last & 255}`
  const file = `${mac.replaceAll(":", "")}.cfg`
  const asks = (path: string, overrides: Partial<PhoneRequest> = {}): PhoneRequest => ({
    protocol: "http",
    path,
    query: {},
    userAgent: "Toy T1 1.0",
    address,
    options: {},
    ...overrides
  })
  return { mac, address, file, asks, asksConfig: asks(`/${file}`) }
}

const serve = (request: PhoneRequest, key?: string): Effect.Effect<Served, never, PhoneRequests> =>
  Effect.flatMap(PhoneRequests, (phones) => {
    const served = phones.serve(request, key)
    return Effect.isEffect(served) ? served : Effect.succeed(served)
  })

const textOf = (served: Served): string =>
  served.kind === "content" ? Buffer.from(served.content).toString("utf8") : served.kind

const deviceWith = (selector: object) =>
  Effect.gen(function* () {
    const devices = yield* Devices
    const found = yield* devices.list(master, true, { selector })
    assert.lengthOf(found, 1, JSON.stringify(selector))
    return found[0] ?? {}
  })

const log: Log = []
const workshop = makeWorkshop(toyPlugin({ fileRoot: root }))

forEachDatabase((name, database) =>
  layer(provisioningLayer(workshop, { log }).pipe(Layer.provideMerge(database)), {
    timeout: "60 seconds",
    excludeTestServices: true
  })(`requests of phones (${name})`, (it) => {
    it.effect("a phone that nobody entered gets its file on its first request, as an autoprov device", () =>
      Effect.gen(function* () {
        const { asksConfig, mac, address } = newPhone()
        const text = textOf(yield* serve(asksConfig))
        const device = yield* deviceWith({ mac })
        assert.deepInclude(device, {
          added: "auto",
          configured: true,
          ip: address,
          is_new: true,
          model: "T1",
          plugin: "toy",
          tenant_uuid: tenant.master,
          vendor: "Toy",
          version: "1.0"
        })
        assert.match(String(device["config"]), /^autoprov[0-9a-f]{32}$/)
        const configs = yield* Configs
        assert.deepInclude(yield* configs.get(String(device["config"])), {
          transient: true,
          parent_ids: ["autoprov"]
        })
        assert.match(text, /user=ap[0-9a-z]{8}\n/)
        assert.include(log, `New device created automatically from ${address}: ${String(device["id"])}`)
        assert.include(log, `Sensitive file requested from ${address}: ${mac.replaceAll(":", "")}.cfg`)
      })
    )

    it.effect("a request that changes nothing is answered at once, without a query", () =>
      Effect.gen(function* () {
        const phones = yield* PhoneRequests
        const { asksConfig } = newPhone()
        const first = yield* serve(asksConfig)
        yield* serve(asksConfig)
        const again = phones.serve(asksConfig)
        assert.isFalse(Effect.isEffect(again))
        assert.deepEqual(again, first)
      })
    )

    it.effect("first requests of one phone at once make one device", () =>
      Effect.gen(function* () {
        const { asksConfig, mac } = newPhone()
        const texts = yield* Effect.forEach(
          Array.from({ length: 20 }),
          () => Effect.map(serve(asksConfig), textOf),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(new Set(texts), 1)
        yield* deviceWith({ mac })
        const sql = yield* SqlClient.SqlClient
        const [row] = yield* sql<{ configs: bigint; users: bigint }>`
          SELECT (SELECT count(*) FROM provd_configs WHERE document ->> 'transient' = 'true') AS configs,
            (SELECT count(*) FROM provd_devices WHERE config LIKE 'autoprov_%') AS users`
        assert.strictEqual(row?.configs, row?.users)
      })
    )

    it.effect("a phone is found by its mac, whatever address it has now, and its new address is kept", () =>
      Effect.gen(function* () {
        const { asksConfig, mac } = newPhone()
        yield* serve(asksConfig)
        const { id } = yield* deviceWith({ mac })
        yield* serve({ ...asksConfig, address: "10.2.0.1" })
        assert.deepInclude(yield* deviceWith({ mac }), { id, ip: "10.2.0.1" })
      })
    )

    it.effect("the address belongs to the phone that asked last: every other device loses it", () =>
      Effect.gen(function* () {
        const one = newPhone()
        const other = newPhone()
        yield* serve(one.asksConfig)
        yield* serve({ ...other.asksConfig, address: one.address })
        assert.notProperty(yield* deviceWith({ mac: one.mac }), "ip")
        assert.strictEqual((yield* deviceWith({ mac: other.mac }))["ip"], one.address)
      })
    )

    it.effect("two phones that come from one address at once: exactly one of them has it in the end", () =>
      Effect.gen(function* () {
        for (let round = 0; round < 5; round++) {
          const phones = [newPhone(), newPhone(), newPhone()]
          const address = `10.3.0.${round}`
          yield* Effect.forEach(phones, ({ asksConfig }) => serve({ ...asksConfig, address }), {
            concurrency: "unbounded"
          })
          yield* deviceWith({ ip: address })
        }
      })
    )

    it.effect("where NAT is set phones share an address, and one without an identity is none of them", () =>
      Effect.gen(function* () {
        const parameters = yield* SystemParameters
        yield* parameters.set("NAT", tenant.master, "1")
        const one = newPhone()
        const other = newPhone()
        const address = "10.4.0.1"
        yield* serve({ ...one.asksConfig, address })
        yield* serve({ ...other.asksConfig, address })
        assert.strictEqual((yield* deviceWith({ mac: one.mac }))["ip"], address)
        assert.strictEqual((yield* deviceWith({ mac: other.mac }))["ip"], address)
        const anonymous = one.asks("/common.cfg", { userAgent: "", address })
        for (let times = 0; times < 3; times++) yield* serve(anonymous)
        const devices = yield* Devices
        assert.lengthOf(yield* devices.list(master, true, { selector: { ip: address } }), 3)
        yield* parameters.set("NAT", tenant.master, null)
      })
    )

    it.effect(
      "without an identity a phone is known by its address, unless the device there is another model",
      () =>
        Effect.gen(function* () {
          const { asksConfig, asks, mac, address } = newPhone()
          yield* serve(asksConfig)
          assert.strictEqual(
            textOf(yield* serve(asks(asksConfig.path, { userAgent: "" }))).slice(0, 4),
            "url="
          )
          yield* serve(asks("/other", { userAgent: "Toy T9 1.0" }))
          assert.deepInclude(yield* deviceWith({ model: "T9", ip: address }), { added: "auto" })
          assert.notProperty(yield* deviceWith({ mac }), "ip")
        })
    )

    it.effect(
      "another version is stored and makes the files anew; vendor and model never change once set",
      () =>
        Effect.gen(function* () {
          const { asksConfig, mac } = newPhone()
          yield* serve(asksConfig)
          const text = textOf(yield* serve({ ...asksConfig, userAgent: "Toy T2 2.0" }))
          assert.include(text, "version=2.0\n")
          assert.deepInclude(yield* deviceWith({ mac }), { model: "T1", version: "2.0" })
        })
    )

    it.effect(
      "a device with a key plugin, even null, is not associated; one with a key config keeps it",
      () =>
        Effect.gen(function* () {
          const devices = yield* Devices
          const { asksConfig, mac } = newPhone()
          const { id } = yield* devices.create(north, { mac, plugin: null, config: null })
          assert.strictEqual((yield* serve(asksConfig)).kind, "missing")
          assert.deepInclude(yield* devices.get(north, id), {
            plugin: null,
            config: null,
            vendor: "Toy",
            tenant_uuid: tenant.north
          })
        })
    )

    it.effect("a phone that no plugin knows costs one device and one config, and gets nothing", () =>
      Effect.gen(function* () {
        const { asks, address } = newPhone()
        const stranger = asks("/index.html", { userAgent: "Mozilla" })
        for (let times = 0; times < 3; times++) {
          assert.strictEqual((yield* serve(stranger)).kind, "missing")
        }
        const device = yield* deviceWith({ ip: address })
        assert.deepInclude(device, { configured: false, added: "auto" })
        assert.notProperty(device, "plugin")
        assert.match(String(device["config"]), /^autoprov/)
      })
    )

    it.effect("asking for its configuration a phone shows the account of its own config", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const configs = yield* Configs
        const { asksConfig, asks, mac } = newPhone()
        const config = yield* configs.create({
          parent_ids: ["autoprov"],
          raw_config: { sip_lines: { "1": { username: "line-1", proxy_ip: "1.2.3.4" } } }
        })
        yield* devices.create(north, { mac, plugin: "toy", config })
        yield* serve(asks("/firmware/t1.rom", { userAgent: "", address: asksConfig.address }))
        yield* serve(asksConfig)
        assert.strictEqual((yield* deviceWith({ mac }))["remote_state_sip_username"], "line-1")
        const inherited = yield* configs.create({ parent_ids: [config], raw_config: {} })
        const other = newPhone()
        yield* devices.create(north, { mac: other.mac, plugin: "toy", config: inherited })
        yield* serve(other.asksConfig)
        assert.notProperty(yield* deviceWith({ mac: other.mac }), "remote_state_sip_username")
      })
    )

    it.effect("a generated file of another device is never served", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const one = newPhone()
        const other = newPhone()
        yield* serve(one.asksConfig)
        yield* serve(other.asksConfig)
        const { id } = yield* deviceWith({ mac: other.mac })
        // A phone known by its address alone asks for the file of its neighbour.
        assert.strictEqual(
          (yield* serve(one.asks(`/x/../${other.file}`, { userAgent: "" }))).kind,
          "forbidden"
        )
        assert.strictEqual((yield* serve(one.asks(`/${other.file}`, { userAgent: "" }))).kind, "missing")
        assert.property(yield* storedFiles(String(id)), other.file)
        yield* devices.remove(master, String(id))
        assert.strictEqual((yield* serve(one.asks(`/${other.file}`, { userAgent: "" }))).kind, "missing")
      })
    )

    it.effect("a file is the device's own, else the plugin's for all, else that on the disk", () =>
      Effect.gen(function* () {
        const { asks, asksConfig, file } = newPhone()
        const own = textOf(yield* serve(asksConfig))
        workshop.plugins.set(
          "toy",
          toyPlugin({
            fileRoot: root,
            commonFiles: new Map([
              [file, { path: file, content: "common" }],
              ["firmware/t1.rom", { path: "firmware/t1.rom", content: "common" }]
            ])
          })
        )
        assert.strictEqual(textOf(yield* serve(asksConfig)), own)
        assert.strictEqual(textOf(yield* serve(asks("/firmware/t1.rom"))), "common")
        workshop.plugins.set("toy", toyPlugin({ fileRoot: root }))
        assert.deepEqual(yield* serve(asks("/firmware/t1.rom")), {
          kind: "file",
          root,
          path: "firmware/t1.rom"
        })
      })
    )

    it.effect("no path leads out of the root or shows a folder", () =>
      Effect.gen(function* () {
        const { asks, asksConfig } = newPhone()
        yield* serve(asksConfig)
        const kinds: Record<string, string> = {}
        for (const path of [
          "/",
          "/firmware",
          "/firmware/",
          "/../secret",
          "/firmware/../../secret",
          "/./firmware/t1.rom",
          "//firmware/t1.rom",
          "/..\\secret",
          "/linked",
          "/firmware/t1.rom\0.cfg",
          "/nothing",
          "/firmware/t1.rom/x"
        ]) {
          kinds[path] = (yield* serve(asks(path))).kind
        }
        assert.deepEqual(kinds, {
          "/": "forbidden",
          "/firmware": "forbidden",
          "/firmware/": "forbidden",
          "/../secret": "forbidden",
          "/firmware/../../secret": "forbidden",
          "/./firmware/t1.rom": "forbidden",
          "//firmware/t1.rom": "forbidden",
          "/..\\secret": "forbidden",
          "/linked": "forbidden",
          "/firmware/t1.rom\0.cfg": "missing",
          "/nothing": "missing",
          "/firmware/t1.rom/x": "missing"
        })
      })
    )

    it.effect("hostile User-Agents, paths and addresses harm nobody and change no other device", () =>
      Effect.gen(function* () {
        const { asksConfig, mac, asks } = newPhone()
        yield* serve(asksConfig)
        const before = yield* deviceWith({ mac })
        for (const request of [
          asks("/x", { userAgent: "Toy \u0000 \n", address: "10.9.0.1" }),
          asks("/x", { userAgent: `Toy ${"M".repeat(5_000)} 1`, address: "10.9.0.2" }),
          asks("/__proto__", { userAgent: "Toy __proto__ constructor", address: "10.9.0.3" }),
          asks("/\nSensitive file requested from 1.2.3.4: x.cfg", { address: "10.9.0.4" }),
          asks("/x", { address: "no address" }),
          asks("/zzzzzzzzzzzz.cfg", { address: "fe80::1%eth0" })
        ]) {
          assert.notStrictEqual((yield* serve(request)).kind, "content", request.path)
        }
        assert.deepEqual(yield* deviceWith({ mac }), before)
        assert.isFalse(log.some((line) => line.includes("\n") && line.startsWith("Sensitive")))
      })
    )

    it.effect("an IPv4 address inside an IPv6 one is the IPv4 address; IPv6 is kept in its short form", () =>
      Effect.gen(function* () {
        const one = newPhone()
        yield* serve({ ...one.asksConfig, address: "::ffff:10.8.0.1" })
        assert.strictEqual((yield* deviceWith({ mac: one.mac }))["ip"], "10.8.0.1")
        yield* serve({ ...one.asksConfig, address: "2001:DB8:0:0::0001" })
        assert.strictEqual((yield* deviceWith({ mac: one.mac }))["ip"], "2001:db8::1")
      })
    )

    it.effect("DHCP enters a phone with the mac and address of its lease, and serves nothing", () =>
      Effect.gen(function* () {
        const phones = yield* PhoneRequests
        const { asks, mac, address } = newPhone()
        yield* phones.learn(asks("", { protocol: "dhcp", userAgent: "", mac, options: { 60: "Cisco" } }))
        assert.deepInclude(yield* deviceWith({ mac }), { ip: address, added: "auto" })
      })
    )

    it.effect("by mac before sn before uuid; a device is found by any of them", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const { asks, mac } = newPhone()
        yield* devices.create(north, { mac, sn: "sn-a", uuid: "uuid-a" })
        const other = yield* devices.create(north, { sn: "sn-b", uuid: "uuid-b" })
        workshop.plugins.set(
          "oracle",
          toyPlugin({ id: "oracle", extract: ({ query }) => query, associate: () => 0 })
        )
        yield* serve(asks("/x", { userAgent: "", query: { mac, sn: "sn-b", version: "by-mac" } }))
        yield* serve(asks("/x", { userAgent: "", query: { sn: "sn-b", uuid: "uuid-a", version: "by-sn" } }))
        assert.strictEqual((yield* deviceWith({ mac }))["version"], "by-mac")
        assert.strictEqual((yield* devices.get(north, other.id))["version"], "by-sn")
        yield* serve(asks("/x", { userAgent: "", query: { uuid: "UUID-B", version: "by-uuid" } }))
        assert.strictEqual((yield* devices.get(north, other.id))["version"], "by-uuid")
        workshop.plugins.delete("oracle")
      })
    )
  })
)

describe("profiles of the chain", () => {
  const secured = makeWorkshop()
  layer(
    provisioningLayer(secured, { knobs: { STROWGER_PHONE_RETRIEVER: "secure" } }).pipe(
      Layer.provideMerge(testDatabaseLayer)
    ),
    { timeout: "60 seconds", excludeTestServices: true }
  )("retriever secure", (it) => {
    it.effect("never enters a phone", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* serve(newPhone().asksConfig)).kind, "missing")
        const devices = yield* Devices
        assert.deepEqual(yield* devices.list(master, true, {}), [])
      })
    )

    it.effect("knows a phone by mac, serial number and address", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const { mac, asksConfig } = newPhone()
        yield* devices.create(north, { mac, plugin: "toy", config: "autoprov" })
        assert.strictEqual((yield* serve(asksConfig)).kind, "content")
        const { id } = yield* devices.create(north, { uuid: "u" })
        secured.plugins.set("oracle", toyPlugin({ id: "oracle", extract: () => ({ uuid: "u" }) }))
        yield* serve(newPhone().asks("/x", { userAgent: "" }))
        assert.notProperty(yield* devices.get(north, id), "ip")
        secured.plugins.delete("oracle")
      })
    )
  })

  layer(
    provisioningLayer(makeWorkshop(), { knobs: { STROWGER_PHONE_UPDATER: "secure" } }).pipe(
      Layer.provideMerge(testDatabaseLayer)
    ),
    { timeout: "60 seconds", excludeTestServices: true }
  )("updater secure", (it) => {
    it.effect("changes nothing of a device, and asks no plugin to take a new one", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const { mac, asksConfig } = newPhone()
        const made = yield* devices.create(north, { mac, plugin: "toy", config: "autoprov" })
        yield* serve(asksConfig)
        const { remote_state_sip_username: _, ...after } = yield* devices.get(north, made.id)
        assert.deepEqual(after, made)
        const stranger = newPhone()
        assert.strictEqual((yield* serve(stranger.asksConfig)).kind, "missing")
        assert.notProperty(yield* deviceWith({ mac: stranger.mac }), "plugin")
      })
    )
  })

  const limitedLog: Log = []
  layer(
    provisioningLayer(makeWorkshop(), {
      knobs: { STROWGER_PHONE_AUTOCREATE_RATE: "3" },
      log: limitedLog
    }).pipe(Layer.provideMerge(testDatabaseLayer)),
    { timeout: "60 seconds", excludeTestServices: true }
  )("a rate of new devices", (it) => {
    it.effect("above it an address brings no more devices: they get nothing, and it is logged", () =>
      Effect.gen(function* () {
        const kinds: Array<string> = []
        for (let times = 0; times < 5; times++) {
          kinds.push((yield* serve({ ...newPhone().asksConfig, address: "10.7.0.1" })).kind)
        }
        assert.deepEqual(kinds, ["content", "content", "content", "missing", "missing"])
        assert.isTrue(limitedLog.some((line) => line.includes("Too many new devices from 10.7.0.1")))
        assert.strictEqual((yield* serve(newPhone().asksConfig)).kind, "content")
      })
    )
  })

  const url = "http://provd.example:8667"
  const common = `rule=${url}/$MA.xml "${url}" other=${url}0/a ü\n`
  const keyedWorkshop = makeWorkshop(
    toyPlugin({ commonFiles: new Map([["first.cfg", { path: "first.cfg", content: common }]]) })
  )
  layer(
    provisioningLayer(keyedWorkshop, { knobs: { STROWGER_PHONE_HTTP_AUTH: "url_key" } }).pipe(
      Layer.provideMerge(testDatabaseLayer)
    ),
    { timeout: "60 seconds", excludeTestServices: true }
  )("the strategy url_key", (it) => {
    const northKey = "north-key-1"
    const southKey = "south-key-1"

    it.effect("without a known key nothing is processed", () =>
      Effect.gen(function* () {
        const { asksConfig } = newPhone()
        for (const key of [undefined, "", "unknown-key"]) {
          assert.strictEqual((yield* serve(asksConfig, key)).kind, "missing")
        }
        const devices = yield* Devices
        assert.deepEqual(yield* devices.list(master, true, {}), [])
      })
    )

    it.effect("a device whose tenant has no key is not configured; the key is in the URLs of its files", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const parameters = yield* SystemParameters
        const { mac } = newPhone()
        const { id, configured } = yield* devices.create(north, { mac, plugin: "toy", config: "autoprov" })
        assert.isFalse(configured)
        yield* parameters.set("provisioning_key", tenant.north, northKey)
        assert.isTrue((yield* devices.get(north, id)).configured)
        assert.include(
          Object.values(yield* storedFiles(id))[0] ?? "",
          `url=http://provd.example:8667/${northKey}\n`
        )
        yield* parameters.set("provisioning_key", tenant.north, `${northKey}-new`)
        assert.include(Object.values(yield* storedFiles(id))[0] ?? "", `${northKey}-new\n`)
        yield* parameters.set("provisioning_key", tenant.north, null)
        assert.isFalse((yield* devices.get(north, id)).configured)
      })
    )

    it.effect("a device of another tenant than the key's is not served, unless it is new", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const parameters = yield* SystemParameters
        yield* parameters.set("provisioning_key", tenant.north, northKey)
        yield* parameters.set("provisioning_key", tenant.south, southKey)
        yield* parameters.set("provisioning_key", tenant.master, "master-key")
        const { mac, asksConfig } = newPhone()
        const { id } = yield* devices.create(north, { mac, plugin: "toy", config: "autoprov" })
        const before = yield* devices.get(north, id)
        assert.strictEqual((yield* serve(asksConfig, southKey)).kind, "missing")
        assert.deepEqual(yield* devices.get(north, id), before)
        assert.strictEqual((yield* serve(asksConfig, northKey)).kind, "content")
        assert.strictEqual((yield* serve(newPhone().asksConfig, southKey)).kind, "content")
      })
    )

    it.effect("a new device that a tenant claims is led below the key of that tenant", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const parameters = yield* SystemParameters
        yield* parameters.set("provisioning_key", tenant.north, northKey)
        yield* parameters.set("provisioning_key", tenant.master, "master-key")
        const { mac, asksConfig } = newPhone()
        assert.include(textOf(yield* serve(asksConfig, "master-key")), "/master-key\n")
        const [{ id, ...device } = { id: "" }] = yield* devices.list(master, true, { selector: { mac } })
        yield* devices.update(north, String(id), device)
        assert.include(textOf(yield* serve(asksConfig, northKey)), `/${northKey}\n`)
      })
    )

    it.effect("a file for all phones leads each to the files below its tenant's key", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const parameters = yield* SystemParameters
        yield* parameters.set("provisioning_key", tenant.north, "north$$key")
        const { mac, asks, address } = newPhone()
        yield* devices.create(north, { mac, ip: address, plugin: "toy", config: "autoprov" })
        const served = yield* serve(asks("/first.cfg"), "north$$key")
        assert.strictEqual(
          textOf(served),
          `rule=${url}/north$$key/$MA.xml "${url}/north$$key" other=${url}0/a ü\n`
        )
        yield* parameters.set("provisioning_key", tenant.north, null)
      })
    )

    it.effect("TFTP has no keys", () =>
      Effect.gen(function* () {
        const { asksConfig } = newPhone()
        assert.strictEqual((yield* serve({ ...asksConfig, protocol: "tftp" })).kind, "content")
      })
    )
  })
})
