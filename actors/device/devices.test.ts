import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { SqlClient } from "effect/sql"
import { forEachDatabase, testDatabaseLayer } from "../../test/database.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { eventually } from "../../test/eventually.ts"
import { Configs } from "./configs.ts"
import { Devices } from "./devices.ts"
import {
  macAt,
  makeWorkshop,
  master,
  north,
  provisioningLayer,
  scopeOf,
  south,
  storedFiles,
  tenant,
  toyPlugin
} from "./fixture.ts"
import { PhoneRequests } from "./phone-requests.ts"

const workshop = makeWorkshop()

forEachDatabase((name, database) =>
  layer(provisioningLayer(workshop).pipe(Layer.provideMerge(database)), {
    timeout: "60 seconds",
    excludeTestServices: true
  })(`devices (${name})`, (it) => {
    let last = 0
    const newMac = () => macAt(++last)
    const toy = () => ({ mac: newMac(), plugin: "toy", config: "autoprov" })

    it.effect("a device without an id gets one of 32 hexadecimal digits", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const { id } = yield* devices.create(north, {})
        assert.match(id, /^[0-9a-f]{32}$/)
        assert.deepEqual(yield* devices.get(north, id), {
          id,
          tenant_uuid: tenant.north,
          is_new: false,
          configured: false
        })
      })
    )

    it.effect("a new device lives in the master tenant and is new; what the body says of it is ignored", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const made = yield* devices.create(master, {
          tenant_uuid: tenant.north,
          is_new: false,
          configured: true,
          X_own: { kept: [1, "two", null] }
        })
        assert.deepInclude(made, {
          tenant_uuid: tenant.master,
          is_new: true,
          configured: false,
          X_own: { kept: [1, "two", null] }
        })
      })
    )

    it.effect("a device whose plugin is loaded and whose config exists is configured, with its files", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const given = toy()
        const { id, configured } = yield* devices.create(north, given)
        assert.isTrue(configured)
        const files = yield* storedFiles(id)
        const [path = ""] = Object.keys(files)
        assert.strictEqual(path, `${given.mac.replaceAll(":", "")}.cfg`)
        assert.include(files[path] ?? "", "url=http://provd.example:8667\n")
        assert.include(files[path] ?? "", "ntp=pbx.example\n")
      })
    )

    it.effect("a device may name an unknown config or plugin: it is not configured", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const one = yield* devices.create(north, { ...toy(), plugin: "nobodys" })
        const other = yield* devices.create(north, { ...toy(), config: "nobodys" })
        assert.deepEqual([one.configured, other.configured], [false, false])
        assert.deepEqual(yield* storedFiles(one.id), {})
      })
    )

    it.effect("of concurrent creates with one id one succeeds; the others leave nothing", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const results = yield* Effect.forEach(
          Array.from({ length: 20 }, (_, index) => String(index)),
          (sn) => Effect.result(devices.create(north, { id: "contended", sn })),
          { concurrency: "unbounded" }
        )
        const [won, ...others] = results.filter(Result.isSuccess)
        assert.lengthOf(others, 0)
        assert.isTrue(results.filter(Result.isFailure).every(({ failure }) => failure._tag === "IdTaken"))
        assert.deepEqual(yield* devices.get(north, "contended"), won?.success)
      })
    )

    it.effect("a refused create leaves nothing", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const before = yield* devices.list(master, true, {})
        for (const bad of [
          { id: "../x" },
          { id: null },
          { id: "" },
          { id: 5 },
          { mac: "00:11:22:AA:BB:CC" },
          { mac: "" },
          { ip: "1.2.3" },
          { vendor: {} },
          { options: [] },
          { description: "\0" }
        ]) {
          assert.strictEqual(
            (yield* Effect.flip(devices.create(north, bad)))._tag,
            "InvalidDocument",
            JSON.stringify(bad)
          )
        }
        assert.deepEqual(yield* devices.list(master, true, {}), before)
      })
    )

    it.effect("an update replaces everything but the server-set keys", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const { id } = yield* devices.create(north, { sn: "1", description: "old", X_a: 1 })
        const after = yield* devices.update(north, id, {
          id: "other",
          sn: "2",
          tenant_uuid: tenant.south,
          is_new: true,
          configured: true
        })
        assert.deepEqual(after, {
          id,
          sn: "2",
          tenant_uuid: tenant.north,
          is_new: false,
          configured: false
        })
      })
    )

    it.effect("any tenant may claim a new device, once; the master's update leaves it new", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const { id } = yield* devices.create(master, {})
        assert.isTrue((yield* devices.update(master, id, { sn: "1" })).is_new)
        assert.deepInclude(yield* devices.update(north, id, {}), {
          tenant_uuid: tenant.north,
          is_new: false
        })
        assert.strictEqual((yield* Effect.flip(devices.update(south, id, {})))._tag, "NoSuchDevice")
        // A tenant above may edit without moving it.
        assert.strictEqual((yield* devices.update(master, id, {})).tenant_uuid, tenant.north)
      })
    )

    it.effect("of two tenants that claim a new device at once one gets it, the other sees none", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const { id } = yield* devices.create(master, {})
        const results = yield* Effect.all(
          [
            Effect.result(devices.update(north, id, { sn: "n" })),
            Effect.result(devices.update(south, id, { sn: "s" }))
          ],
          { concurrency: "unbounded" }
        )
        assert.lengthOf(results.filter(Result.isSuccess), 1)
      })
    )

    it.effect("get, remove, synchronize and reconfigure know only devices of visible tenants", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const { id } = yield* devices.create(scopeOf(tenant.northern), {})
        assert.strictEqual((yield* devices.get(north, id)).id, id)
        for (const attempt of [
          devices.get(south, id),
          devices.remove(south, id),
          devices.synchronize(south, id),
          devices.reconfigure(south, id)
        ]) {
          assert.strictEqual((yield* Effect.flip(attempt))._tag, "NoSuchDevice")
        }
      })
    )

    it.effect("a list shows the tenant's own devices, with recurse those below it too", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const own = yield* devices.create(north, { sn: "listed" })
        const below = yield* devices.create(scopeOf(tenant.northern), { sn: "listed" })
        yield* devices.create(south, { sn: "listed" })
        const ids = (recurse: boolean) =>
          Effect.map(
            devices.list(north, recurse, { selector: { sn: "listed", tenant_uuid: tenant.south } }),
            (found) => found.map(({ id }) => id)
          )
        assert.deepEqual(yield* ids(false), [own.id])
        assert.deepEqual(yield* ids(true), [own.id, below.id])
      })
    )

    it.effect("a change of ip, sn or description leaves the files as they are; one of version does not", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const sql = yield* SqlClient.SqlClient
        const { id, ...made } = yield* devices.create(north, { ...toy(), version: "1" })
        const dates = sql<{ digest: string; modified_at: bigint }>`
            SELECT digest, modified_at FROM provd_files WHERE device_id = ${id}`
        const before = yield* dates
        yield* devices.update(north, id, { ...made, ip: "10.0.0.1", sn: "7", description: "d" })
        assert.deepEqual(yield* dates, before)
        yield* devices.update(north, id, { ...made, version: "2" })
        const [after] = yield* dates
        assert.notStrictEqual(after?.digest, before[0]?.digest)
        assert.isTrue((after?.modified_at ?? 0n) > (before[0]?.modified_at ?? 0n))
      })
    )

    it.effect("an update that cannot be configured ends not configured, without files", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const { id, ...made } = yield* devices.create(north, toy())
        const after = yield* devices.update(north, id, { ...made, mac: null })
        assert.isFalse(after.configured)
        assert.deepEqual(yield* storedFiles(id), {})
      })
    )

    it.effect(
      "a removed device is gone with its files and its transient config, and may be entered again",
      () =>
        Effect.gen(function* () {
          const devices = yield* Devices
          const configs = yield* Configs
          const config = yield* configs.autocreate
          const one = yield* devices.create(north, { ...toy(), config })
          const other = yield* devices.create(north, { ...toy(), config })
          yield* devices.remove(north, one.id)
          assert.strictEqual((yield* Effect.flip(devices.get(north, one.id)))._tag, "NoSuchDevice")
          assert.strictEqual((yield* Effect.flip(devices.remove(north, one.id)))._tag, "NoSuchDevice")
          assert.deepEqual(yield* storedFiles(one.id), {})
          assert.strictEqual((yield* configs.get(config)).id, config)
          yield* devices.remove(north, other.id)
          assert.strictEqual((yield* Effect.flip(configs.get(config)))._tag, "NoSuchConfig")
          assert.strictEqual((yield* devices.create(south, { id: one.id })).tenant_uuid, tenant.south)
        })
    )

    it.effect("a device that leaves its transient config takes it along; one that is not stays", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const configs = yield* Configs
        const config = yield* configs.autocreate
        const kept = yield* configs.create({ parent_ids: ["autoprov"], raw_config: {} })
        const { id, ...made } = yield* devices.create(north, { ...toy(), config })
        yield* devices.update(north, id, { ...made, config: kept })
        assert.strictEqual((yield* Effect.flip(configs.get(config)))._tag, "NoSuchConfig")
        yield* devices.update(north, id, { ...made, config: "autoprov" })
        assert.strictEqual((yield* configs.get(kept)).id, kept)
      })
    )

    it.effect("a device and its config are stored together, with the files they lead to", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const configs = yield* Configs
        const config = yield* configs.autocreate
        const { id, ...made } = yield* devices.create(master, { ...toy(), config })
        const after = yield* devices.updateWithConfig(
          north,
          id,
          { ...made, config: id },
          {
            id,
            parent_ids: ["base"],
            raw_config: { sip_lines: { "1": { username: "abc", password: "p", proxy_ip: "1.2.3.4" } } }
          }
        )
        assert.deepInclude(after, { configured: true, tenant_uuid: tenant.north, is_new: false })
        assert.include(Object.values(yield* storedFiles(id))[0] ?? "", "user=abc\n")
        assert.strictEqual((yield* configs.get(id)).id, id)
        assert.strictEqual((yield* Effect.flip(configs.get(config)))._tag, "NoSuchConfig")
      })
    )

    it.effect(
      "back to autoprov: a config of its own, no options, its tenant kept, the old config deleted",
      () =>
        Effect.gen(function* () {
          const devices = yield* Devices
          const configs = yield* Configs
          const config = yield* configs.create({ parent_ids: ["autoprov"], raw_config: {} })
          const { id } = yield* devices.create(north, { ...toy(), config, options: { switchboard: true } })
          yield* devices.resetToAutoprov(north, id)
          const after = yield* devices.get(north, id)
          assert.match(String(after["config"]), /^autoprov[0-9a-f]{32}$/)
          assert.notProperty(after, "options")
          assert.deepInclude(after, { configured: true, tenant_uuid: tenant.north, is_new: false })
          assert.strictEqual((yield* Effect.flip(configs.get(config)))._tag, "NoSuchConfig")
        })
    )

    it.effect("events tell of each effective change, none of an update that changes nothing", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const bus = yield* EventBus
        const heard: Array<string> = []
        const id = "told"
        yield* bus.subscribe({}, ({ name, data, headers }) => {
          if ("id" in data && data.id === id) heard.push(`${name} ${headers["tenant_uuid"]}`)
        })
        const made = yield* devices.create(north, { id, sn: "1" })
        yield* devices.update(north, id, made)
        yield* devices.reconfigure(north, id)
        yield* devices.update(north, id, { sn: "2" })
        yield* devices.remove(north, id)
        yield* eventually(
          Effect.sync(() => heard),
          (lines) => lines.length >= 3
        )
        assert.deepEqual(heard, [
          `device_created ${tenant.north}`,
          `device_edited ${tenant.north}`,
          `device_deleted ${tenant.north}`
        ])
      }).pipe(Effect.scoped)
    )
  })
)

layer(
  provisioningLayer(makeWorkshop(), { knobs: { STROWGER_PHONE_IDS: "numeric" } }).pipe(
    Layer.provideMerge(testDatabaseLayer)
  ),
  { timeout: "60 seconds", excludeTestServices: true }
)("numeric ids", (it) => {
  it.effect(
    "each is given once, whoever makes devices at the same time; one that is taken is passed over",
    () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const phones = yield* PhoneRequests
        yield* devices.create(north, { id: "3" })
        const requests = Array.from({ length: 10 }, (_, number) =>
          phones.serve({
            protocol: "http",
            path: `/${macAt(9_000 + number).replaceAll(":", "")}.cfg`,
            query: {},
            userAgent: "Toy T1 1.0",
            address: `10.5.0.${number}`,
            options: {}
          })
        )
        const creates = Array.from({ length: 10 }, () => devices.create(north, {}))
        const served = requests.map((request) =>
          Effect.isEffect(request) ? request : Effect.succeed(request)
        )
        yield* Effect.all([...served, ...creates], { concurrency: "unbounded" })
        const ids = (yield* devices.list(master, true, {})).map(({ id }) => Number(id))
        assert.deepEqual(
          ids.sort((one, other) => one - other),
          Array.from({ length: 21 }, (_, index) => index + 1)
        )
      })
  )
})

layer(testDatabaseLayer, { timeout: "60 seconds", excludeTestServices: true })("a start", (it) => {
  it.effect(
    "makes files anew that another version of the plugin or other knobs made; never overwrites configs",
    () =>
      Effect.gen(function* () {
        const run = <A, E>(
          program: Effect.Effect<A, E, Devices | Configs | SqlClient.SqlClient>,
          version: string,
          url: string
        ) =>
          program.pipe(
            Effect.provide(
              provisioningLayer(
                makeWorkshop(toyPlugin({ info: { version, description: "", capabilities: {} } })),
                { knobs: { STROWGER_PHONE_URL: url } }
              )
            )
          )
        const written = Effect.flatMap(Configs, (configs) =>
          Effect.all([configs.get("base"), configs.get("autoprov")])
        )
        const [id, before] = yield* run(
          Effect.gen(function* () {
            const devices = yield* Devices
            const configs = yield* Configs
            yield* configs.update("base", { parent_ids: [], raw_config: { ntp_ip: "1.1.1.1" } })
            const made = yield* devices.create(north, { mac: macAt(1), plugin: "toy", config: "autoprov" })
            return [made.id, yield* written] as const
          }),
          "1.0",
          "http://one.example"
        )
        const look = Effect.map(storedFiles(id), (files) => Object.values(files).join())
        const isAnew = (text: string) => text.includes("url=http://two.example\n")
        yield* run(eventually(look, isAnew), "1.0", "http://two.example")
        const after = yield* run(written, "2.0", "http://two.example")
        assert.deepEqual(after, before)
      })
  )
})

layer(testDatabaseLayer, { timeout: "60 seconds", excludeTestServices: true })(
  "a plugin that breaks",
  (it) => {
    it.effect("harms its own devices, which end not configured and go on", () =>
      Effect.gen(function* () {
        const devices = yield* Devices
        const broken = ["dies", "throws", "escapes", "gives nothing"]
        for (const plugin of broken) {
          for (let times = 0; times < 10; times++) {
            const { configured } = yield* devices.create(north, { mac: macAt(5), plugin, config: "autoprov" })
            assert.isFalse(configured, plugin)
          }
        }
        const { id, configured } = yield* devices.create(north, {
          mac: macAt(5),
          plugin: "toy",
          config: "autoprov"
        })
        assert.isTrue(configured)
        for (let times = 0; times < 20; times++)
          yield* devices.update(north, id, {
            mac: macAt(5),
            plugin: "dies",
            config: "autoprov",
            version: times
          })
        const healed = yield* devices.update(north, id, { mac: macAt(5), plugin: "toy", config: "autoprov" })
        assert.isTrue(healed.configured)
      }).pipe(
        Effect.provide(
          provisioningLayer(
            makeWorkshop(
              toyPlugin(),
              toyPlugin({ id: "dies", deviceFiles: () => Effect.die(new Error("broken")) }),
              toyPlugin({
                id: "throws",
                deviceFiles: () => {
                  throw new Error("broken")
                }
              }),
              toyPlugin({
                id: "escapes",
                deviceFiles: () => Effect.succeed([{ path: "../x", content: "" }])
              }),
              // What comes from outside the project may be anything.
              toyPlugin({ id: "gives nothing", deviceFiles: () => Effect.succeed([{}] as never) })
            )
          )
        )
      )
    )
  }
)
