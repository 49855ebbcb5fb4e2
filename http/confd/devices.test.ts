import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Configs } from "../../actors/device/configs.ts"
import { Devices } from "../../actors/device/devices.ts"
import { LineDeviceSettlement } from "../../actors/device/lines/settlement.ts"
import { Tenants } from "../../actors/identity/tenants.ts"
import { forEachDatabase } from "../../test/database.ts"
import { type Client, live, newContext, newDevice, TestConfd, testConfdLayer } from "./fixture.ts"

/** A user with a complete line; answers the line. */
const phoneUser = Effect.fnUntraced(function* (
  confd: Client,
  context: string,
  exten: string,
  line: Readonly<Record<string, unknown>> = {}
) {
  const user = yield* confd.post("/users", {
    firstname: "Ann",
    lastname: "Smith",
    lines: [
      {
        context,
        endpoint_sip: {
          name: `ann${exten}${context}`,
          auth_section_options: [
            ["username", `auth${exten}`],
            ["password", `secret${exten}`]
          ]
        },
        extensions: [{ exten }],
        ...line
      }
    ]
  })
  const [first] = user.json["lines"] as ReadonlyArray<{ id: number; name: string }>
  if (first === undefined) return yield* Effect.die(user.text)
  return {
    line: first.id,
    name: first.name,
    user: Number(user.json["id"]),
    uuid: String(user.json["uuid"])
  }
})

const deviceDocument = Effect.fnUntraced(function* (id: string) {
  const devices = yield* Devices
  const tenants = yield* Tenants
  const scope = { tenantUuid: tenants.master, visible: tenants.visible(tenants.master) }
  return yield* Effect.orDie(devices.get(scope, id))
})

const configOf = Effect.fnUntraced(function* (id: string) {
  const configs = yield* Configs
  // As the tests made it.
  return (yield* Effect.orDie(configs.get(id))) as {
    readonly parent_ids: ReadonlyArray<string>
    readonly configdevice: string
    readonly deletable: boolean
    readonly raw_config: {
      readonly sip_lines: Readonly<Record<string, Readonly<Record<string, unknown>>>>
      readonly [key: string]: unknown
    }
  }
})

const registrar = {
  id: "default",
  X_type: "registrar",
  parent_ids: [],
  raw_config: { X_key: "" },
  proxy_main: "10.0.0.1",
  registrar_main: "10.0.0.1"
}

layer(testConfdLayer(), live)("phones of a tenant", (it) => {
  it.effect("are listed with search, order, limit, offset, equality and recurse", () =>
    Effect.gen(function* () {
      const { client, tenant } = yield* TestConfd
      const confd = yield* client()
      const below = yield* client({ tenantUuid: yield* tenant(confd.tenantUuid) })
      for (const [index, model] of ["T46S", "T42S", "D785"].entries()) {
        const made = yield* confd.post("/devices", {
          mac: `00:15:65:00:01:0${index}`,
          model,
          description: "Büro"
        })
        assert.strictEqual(made.status, 201, made.text)
      }
      yield* below.post("/devices", { model: "VVX" })
      const models = (answer: { readonly items: ReadonlyArray<Readonly<Record<string, unknown>>> }) =>
        answer.items.map(({ model }) => model)
      const all = yield* confd.get("/devices?order=model")
      assert.deepStrictEqual([all.total, models(all)], [3, ["D785", "T42S", "T46S"]])
      assert.deepStrictEqual(models(yield* confd.get("/devices?order=model&direction=desc&limit=1")), [
        "T46S"
      ])
      assert.deepStrictEqual(models(yield* confd.get("/devices?order=model&limit=1&offset=1")), ["T42S"])
      assert.deepStrictEqual(models(yield* confd.get("/devices?search=t4&order=model")), ["T42S", "T46S"])
      assert.strictEqual((yield* confd.get("/devices?search=buro")).total, 3)
      assert.deepStrictEqual(models(yield* confd.get("/devices?mac=00:15:65:00:01:02")), ["D785"])
      assert.strictEqual((yield* confd.get("/devices?recurse=true")).total, 4)
      for (const bad of ["limit=0", "limit=x", "order=password", "direction=up", "offset=-1"]) {
        assert.strictEqual((yield* confd.get(`/devices?${bad}`)).status, 400, bad)
      }
    })
  )

  it.effect(
    "begin at the autoprov account, have a MAC address of their own, known plugins and templates",
    () =>
      Effect.gen(function* () {
        const { client } = yield* TestConfd
        const configs = yield* Configs
        const confd = yield* client()
        yield* Effect.ignore(
          configs.create({
            id: "reception",
            X_type: "device",
            parent_ids: [],
            raw_config: { locale: "fr_FR" }
          })
        )
        const made = yield* confd.post("/devices", {
          mac: "00:15:65:AA:00:01",
          plugin: "strowger-yealink",
          template_id: "reception",
          options: { switchboard: true }
        })
        assert.deepInclude(made.json, {
          mac: "00:15:65:aa:00:01",
          status: "autoprov",
          template_id: "reception",
          options: { switchboard: true },
          is_new: false,
          tenant_uuid: confd.tenantUuid,
          vendor: null
        })
        assert.strictEqual((yield* confd.get(`/devices/${made.json["id"]}`)).json["id"], made.json["id"])
        for (const bad of [
          { mac: "00:15:65:aa:00:01" },
          { mac: "00156500" },
          { mac: 5 },
          { ip: "10.0.0" },
          { plugin: "nobody" },
          { template_id: "nobody" },
          { template_id: "autoprov" },
          { options: { switchboard: "yes" } },
          { options: [] },
          { model: { $gt: "" } },
          [1]
        ]) {
          const refused = yield* confd.post("/devices", bad)
          assert.strictEqual(refused.status, 400, JSON.stringify(bad))
          assert.isAbove(refused.sentences.length, 0)
        }
        const path = `/devices/${made.json["id"]}`
        assert.strictEqual((yield* confd.put(path, { description: "door", template_id: null })).status, 204)
        assert.deepInclude((yield* confd.get(path)).json, {
          description: "door",
          mac: "00:15:65:aa:00:01",
          template_id: "defaultconfigdevice"
        })
        const other = yield* client()
        for (const [method, target] of [
          ["GET", path],
          ["PUT", path],
          ["DELETE", path],
          ["GET", `${path}/autoprov`],
          ["GET", `${path}/synchronize`],
          ["GET", `${path}/lines`],
          ["PUT", path.replace("/devices", "/devices/unallocated")],
          ["GET", "/devices/%2e%2e%2fetc"],
          ["GET", "/devices/%00"]
        ] as const) {
          const { status } = yield* other.send(method, target, method === "PUT" ? {} : undefined)
          assert.strictEqual(status, 404, `${method} ${target}`)
        }
        assert.strictEqual((yield* confd.delete(path)).status, 204)
        assert.strictEqual((yield* confd.get(path)).status, 404)
      })
  )

  it.effect("that are nobody's yet can be taken, once", () =>
    Effect.gen(function* () {
      const { client } = yield* TestConfd
      const [one, other] = [yield* client(), yield* client()]
      const { id } = yield* newDevice
      const listed = yield* one.get("/devices/unallocated")
      assert.isTrue(listed.items.some((device) => device["id"] === id && device["is_new"] === true))
      assert.strictEqual((yield* one.put(`/devices/unallocated/${id}`)).status, 204)
      assert.strictEqual((yield* one.get(`/devices/${id}`)).status, 200)
      assert.strictEqual((yield* other.put(`/devices/unallocated/${id}`)).status, 404)
      assert.isFalse((yield* one.get("/devices/unallocated")).items.some((device) => device["id"] === id))
    })
  )
})

forEachDatabase((name, database) => {
  layer(testConfdLayer(database), live)(`a line on a phone, on the ${name}`, (it) => {
    it.effect("makes the phone's config: account, number, caller id, registrar, feature codes, user", () =>
      Effect.gen(function* () {
        const { client, eventsOf } = yield* TestConfd
        const configs = yield* Configs
        yield* Effect.orDie(configs.create(registrar))
        const confd = yield* client()
        const { name } = yield* newContext(confd)
        const ann = yield* phoneUser(confd, name, "1001")
        const { id } = yield* newDevice
        const path = `/lines/${ann.line}/devices/${id}`
        const events = yield* eventsOf(
          Effect.gen(function* () {
            assert.strictEqual((yield* confd.put(path)).status, 204)
            assert.strictEqual((yield* confd.put(path)).status, 204)
          })
        )
        assert.deepStrictEqual(
          events
            .filter((event) => event.name.startsWith("line_device"))
            .map((event) => [event.name, event.routingKey, event.headers["tenant_uuid"]]),
          [["line_device_associated", `config.lines.${ann.line}.devices.${id}.updated`, confd.tenantUuid]]
        )
        const device = yield* deviceDocument(id)
        assert.deepInclude(device, { config: id, tenant_uuid: confd.tenantUuid, is_new: false })
        const config = yield* configOf(id)
        assert.deepInclude(config, {
          configdevice: "defaultconfigdevice",
          parent_ids: ["base", "defaultconfigdevice"],
          deletable: true
        })
        assert.deepInclude(config.raw_config, {
          X_key: "",
          config_version: 1,
          protocol: "SIP",
          X_xivo_user_uuid: ann.uuid,
          X_accent_user_uuid: ann.uuid,
          exten_dnd: "*25"
        })
        assert.deepStrictEqual(config.raw_config.sip_lines, {
          "1": {
            username: ann.name,
            auth_username: "auth1001",
            password: "secret1001",
            display_name: "Ann Smith",
            number: "1001",
            registrar_ip: "10.0.0.1",
            proxy_ip: "10.0.0.1"
          }
        })
        assert.deepInclude((yield* confd.get(`/lines/${ann.line}/devices`)).json, {
          line_id: ann.line,
          device_id: id
        })
        const lines = yield* confd.get(`/devices/${id}/lines`)
        assert.deepStrictEqual([lines.total, lines.items[0]?.["line_id"]], [1, ann.line])
      })
    )

    it.effect("needs endpoint, extension and user, a free phone of its tenant and a free position", () =>
      Effect.gen(function* () {
        const { client } = yield* TestConfd
        const [confd, other] = [yield* client(), yield* client()]
        const { name } = yield* newContext(confd)
        const { id } = yield* newDevice
        const associate = (who: Client, line: number | string, device = id) =>
          Effect.map(who.put(`/lines/${line}/devices/${device}`), ({ status }) => status)
        const bare = yield* confd.post("/lines", { context: name })
        assert.strictEqual(yield* associate(confd, String(bare.json["id"])), 400)
        const unanswered = yield* confd.post("/lines", { context: name, endpoint_sip: {} })
        assert.strictEqual(yield* associate(confd, String(unanswered.json["id"])), 400)
        const nobodys = yield* confd.post("/lines", {
          context: name,
          endpoint_sip: {},
          extensions: [{ exten: "1090" }]
        })
        assert.strictEqual(yield* associate(confd, String(nobodys.json["id"])), 400)
        const custom = yield* phoneUser(confd, name, "1080", {
          endpoint_sip: null,
          endpoint_custom: { interface: `Local/1080@${name}` }
        })
        assert.strictEqual(yield* associate(confd, custom.line), 400)
        const [ann, bob, eve] = [
          yield* phoneUser(confd, name, "1001"),
          yield* phoneUser(confd, name, "1002", { position: 2 }),
          yield* phoneUser(confd, name, "1003")
        ]
        assert.strictEqual(yield* associate(other, ann.line), 404)
        assert.strictEqual(yield* associate(confd, ann.line, "nobody"), 404)
        assert.strictEqual(yield* associate(confd, 999_999), 404)
        assert.strictEqual(yield* associate(confd, ann.line), 204)
        assert.strictEqual(yield* associate(confd, bob.line), 204)
        assert.strictEqual(yield* associate(confd, eve.line), 400)
        assert.strictEqual(yield* associate(confd, ann.line, (yield* newDevice).id), 400)
        assert.hasAllKeys((yield* configOf(id)).raw_config.sip_lines, ["1", "2"])
        const { name: theirs } = yield* newContext(other)
        const stranger = yield* phoneUser(other, theirs, "1001", { position: 3 })
        assert.strictEqual(yield* associate(other, stranger.line), 404)
        const master = yield* client({ tenantUuid: (yield* Tenants).master })
        const across = yield* master.put(`/lines/${stranger.line}/devices/${id}`)
        assert.strictEqual(across.status, 400)
        assert.match(String(across.sentences[0]), /different tenants/)
        const refused = yield* confd.delete(`/devices/${id}`)
        assert.strictEqual(refused.status, 400)
        assert.match(String(refused.sentences[0]), /Device is associated with a Line/)
      })
    )

    it.effect("of SCCP is alone on its phone", () =>
      Effect.gen(function* () {
        const { client } = yield* TestConfd
        const confd = yield* client()
        const { name } = yield* newContext(confd)
        const { id } = yield* newDevice
        const sccp = (exten: string, position: number) =>
          phoneUser(confd, name, exten, {
            position,
            endpoint_sip: null,
            endpoint_custom: { interface: `SCCP/${exten}${name}` }
          })
        const [one, two, sip] = [
          yield* sccp("1001", 1),
          yield* sccp("1002", 2),
          yield* phoneUser(confd, name, "1003", { position: 3 })
        ]
        assert.strictEqual((yield* confd.put(`/lines/${one.line}/devices/${id}`)).status, 204)
        assert.deepInclude((yield* configOf(id)).raw_config, {
          protocol: "SCCP",
          sccp_call_managers: { "1": { ip: "10.0.0.1" } }
        })
        assert.strictEqual((yield* confd.put(`/lines/${two.line}/devices/${id}`)).status, 400)
        assert.strictEqual((yield* confd.put(`/lines/${sip.line}/devices/${id}`)).status, 400)
      })
    )

    it.effect(
      "that changes in any way changes the config of its phone before the change is acknowledged",
      () =>
        Effect.gen(function* () {
          const { client } = yield* TestConfd
          const confd = yield* client()
          const { name } = yield* newContext(confd)
          const ann = yield* phoneUser(confd, name, "1001")
          const { id } = yield* newDevice
          yield* confd.put(`/lines/${ann.line}/devices/${id}`)
          const line = Effect.map(configOf(id), ({ raw_config }) => raw_config.sip_lines)
          yield* confd.put(`/users/${ann.user}`, { caller_id: '"Ann Jones" <1001>' })
          assert.strictEqual((yield* line)["1"]?.["display_name"], "Ann Jones")
          yield* confd.put(`/lines/${ann.line}`, { caller_id_name: "Reception", position: 2 })
          assert.strictEqual((yield* line)["2"]?.["display_name"], "Reception")
          const [extension] = (yield* confd.get(`/lines/${ann.line}`)).json["extensions"] as ReadonlyArray<{
            id: number
          }>
          yield* confd.put(`/extensions/${extension?.id}`, { exten: "1009" })
          assert.strictEqual((yield* line)["2"]?.["number"], "1009")
          const { uuid } = (yield* confd.get(`/lines/${ann.line}`)).json["endpoint_sip"] as { uuid: string }
          yield* confd.put(`/endpoints/sip/${uuid}`, { auth_section_options: [["password", "changed"]] })
          assert.deepInclude((yield* line)["2"], { password: "changed", auth_username: ann.name })
        })
    )

    it.effect("leaves: with the last one, or by a reset, the phone is back at the autoprov account", () =>
      Effect.gen(function* () {
        const { client, eventsOf } = yield* TestConfd
        const confd = yield* client()
        const { name } = yield* newContext(confd)
        const [ann, bob] = [
          yield* phoneUser(confd, name, "1001"),
          yield* phoneUser(confd, name, "1002", { position: 2 })
        ]
        const { id } = yield* newDevice
        const config = Effect.map(deviceDocument(id), (device) => String(device["config"]))
        yield* confd.put(`/lines/${ann.line}/devices/${id}`)
        yield* confd.put(`/lines/${bob.line}/devices/${id}`)
        const events = yield* eventsOf(
          Effect.gen(function* () {
            assert.strictEqual((yield* confd.delete(`/lines/${ann.line}/devices/${id}`)).status, 204)
            assert.strictEqual((yield* confd.delete(`/lines/${ann.line}/devices/${id}`)).status, 204)
            assert.strictEqual(yield* config, id)
            assert.hasAllKeys((yield* configOf(id)).raw_config.sip_lines, ["2"])
            // With its line goes what the phone has of it.
            assert.strictEqual((yield* confd.delete(`/lines/${bob.line}`)).status, 204)
          })
        )
        assert.match(yield* config, /^autoprov.+/)
        assert.strictEqual((yield* deviceDocument(id)).tenant_uuid, confd.tenantUuid)
        assert.deepStrictEqual(
          events.filter((event) => event.name.startsWith("line_device")).map(({ routingKey }) => routingKey),
          [`config.lines.${ann.line}.devices.${id}.deleted`, `config.lines.${bob.line}.devices.${id}.deleted`]
        )
        assert.strictEqual((yield* confd.get(`/lines/${ann.line}/devices`)).status, 404)
        yield* confd.put(`/lines/${ann.line}/devices/${id}`)
        assert.strictEqual((yield* confd.get(`/devices/${id}/autoprov`)).status, 204)
        assert.match(yield* config, /^autoprov.+/)
        assert.strictEqual((yield* confd.get(`/devices/${id}/lines`)).total, 0)
        assert.strictEqual((yield* confd.get(`/lines/${ann.line}/devices`)).status, 404)
        assert.strictEqual((yield* confd.delete(`/devices/${id}`)).status, 204)
      })
    )

    it.effect("is brought up to date after a crash at any step, and told once", () =>
      Effect.gen(function* () {
        const { client, eventsOf } = yield* TestConfd
        const sql = yield* SqlClient.SqlClient
        const settlement = yield* LineDeviceSettlement
        const confd = yield* client()
        const { name } = yield* newContext(confd)
        const ann = yield* phoneUser(confd, name, "1001")
        const { id } = yield* newDevice
        yield* confd.put(`/lines/${ann.line}/devices/${id}`)
        const config = yield* configOf(id)
        // As a crash left it: the line is to join, the device and config may be done or not.
        const configs = yield* Configs
        const devices = yield* Devices
        const scope = { tenantUuid: confd.tenantUuid, visible: [confd.tenantUuid] }
        const withoutConfig = Effect.flatMap(deviceDocument(id), ({ config: _, ...device }) =>
          Effect.orDie(devices.update(scope, id, device))
        )
        for (const undo of [Effect.void, Effect.orDie(configs.remove(id)), withoutConfig]) {
          yield* undo
          yield* sql`UPDATE provd_line_devices SET state = 'joining' WHERE line_id = ${ann.line}`
          yield* sql`SELECT provd_mark_devices(ARRAY[${id}])`
          const events = yield* eventsOf(Effect.andThen(settlement.settleAll, settlement.settleAll))
          assert.deepStrictEqual(
            events.filter((event) => event.name.startsWith("line_device")).map((event) => event.name),
            ["line_device_associated"]
          )
          assert.strictEqual((yield* deviceDocument(id))["config"], id)
          assert.deepStrictEqual(yield* configOf(id), config)
          assert.deepStrictEqual(yield* sql`SELECT 1 FROM provd_devices_due WHERE device_id = ${id}`, [])
        }
      }).pipe(Effect.orDie)
    )

    it.effect("follows its registrar, and so does the autoprov account", () =>
      Effect.gen(function* () {
        const { client } = yield* TestConfd
        const settlement = yield* LineDeviceSettlement
        const configs = yield* Configs
        const confd = yield* client()
        const { name } = yield* newContext(confd)
        const ann = yield* phoneUser(confd, name, "1001")
        const { id } = yield* newDevice
        yield* confd.put(`/lines/${ann.line}/devices/${id}`)
        yield* settlement.followRegistrar(
          configs.update("default", {
            ...registrar,
            proxy_main: "10.0.0.2",
            proxy_main_port: 5062,
            proxy_backup: "10.0.0.3"
          })
        )
        const servers = {
          proxy_ip: "10.0.0.2",
          proxy_port: 5062,
          backup_proxy_ip: "10.0.0.3",
          registrar_ip: "10.0.0.1"
        }
        assert.deepInclude((yield* configOf(id)).raw_config.sip_lines["1"], servers)
        assert.deepInclude((yield* configOf("autoprov")).raw_config.sip_lines["1"], {
          ...servers,
          username: "ap12345678"
        })
      }).pipe(Effect.orDie)
    )

    it.effect("of many that are given to one phone at once takes its position alone", () =>
      Effect.gen(function* () {
        const { client } = yield* TestConfd
        const confd = yield* client()
        const { name } = yield* newContext(confd)
        const { id } = yield* newDevice
        const users = yield* Effect.forEach([1, 2, 3, 4], (index) => phoneUser(confd, name, `100${index}`))
        const answers = yield* Effect.forEach(
          users,
          ({ line }) => confd.put(`/lines/${line}/devices/${id}`),
          {
            concurrency: 4
          }
        )
        assert.deepStrictEqual(answers.map(({ status }) => status).sort(), [204, 400, 400, 400])
        assert.strictEqual((yield* confd.get(`/devices/${id}/lines`)).total, 1)
      })
    )
  })
})
