import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { PhoneListeners } from "../http/phones/phone-listeners.ts"
import { ListenAddress } from "../http/server.ts"
import { askAgi } from "../runtime/agi/scripted-channel.ts"
import { AppConfig } from "../runtime/config.ts"
import { amiSocketIs } from "./agents.ts"
import { type Client, clientOf } from "./client.ts"
import { create } from "./confd.ts"
import { issueToken } from "./identity.ts"
import { Pbx, strowgerTestLayer } from "./strowger.ts"

const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    // A listening TCP server's address is an AddressInfo.
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

const runtime = Layer.unwrap(
  Effect.map(freePort, (port) => strowgerTestLayer({ knobs: { STROWGER_AGI_PORT: String(port) } }))
)

const done = ['SET VARIABLE ACCENT_PROV_OK "1"', 'SET VARIABLE XIVO_PROV_OK "1"']
const undone = ['SET VARIABLE ACCENT_PROV_OK ""', 'SET VARIABLE XIVO_PROV_OK ""']

interface Device {
  readonly id: string
  readonly status: string
  readonly is_new: boolean
}

layer(runtime, { excludeTestServices: true, timeout: "60 seconds" })("a provisioning code", (it) => {
  const setUp = Effect.gen(function* () {
    const { url } = yield* ListenAddress
    const { agiPort } = yield* AppConfig
    const client = clientOf(url, (yield* issueToken({ acl: ["#"] })).id)
    yield* amiSocketIs(client, "ok")
    const dial = (code: string, address: string) =>
      Effect.map(
        askAgi(
          agiPort,
          "agi_network: yes",
          "agi_network_script: provision",
          `agi_arg_1: ${code}`,
          `agi_arg_2: ${address}`
        ),
        ([first, second, notice = ""]) => ({ flags: [first, second], notice })
      )
    const tenant = yield* create<{ uuid: string }>(client, "/api/auth/0.1/tenants", {}, 200)
    const own = clientOf(url, (yield* issueToken({ acl: ["#"], tenantUuid: tenant.uuid })).id)
    const context = yield* create<{ name: string }>(own, "/api/confd/1.1/contexts", {
      label: "inside",
      user_ranges: [{ start: "1000", end: "1999" }]
    })
    return { client, own, dial, context: context.name }
  })

  /** A phone that asked for its files from this address, as it is after that. */
  const phoneAt = Effect.fnUntraced(function* (client: Client, mac: string) {
    const listeners = yield* PhoneListeners
    const { status } = yield* Effect.promise(() =>
      fetch(`http://127.0.0.1:${listeners.port("http")}/${mac.replaceAll(":", "")}.cfg`, {
        headers: { "User-Agent": `Yealink SIP-T46S 66.86.0.15 ${mac}` }
      })
    )
    assert.strictEqual(status, 200)
    const { body } = yield* client.request("GET", `/api/confd/1.1/devices?recurse=true&mac=${mac}`)
    const [device] = (body as { items: ReadonlyArray<Device> }).items
    return device ?? (yield* Effect.die("the phone is not there"))
  })

  const lineOf = (client: Client, context: string, exten: string, code: string) =>
    create<{ lines: ReadonlyArray<{ id: number }> }>(client, "/api/confd/1.1/users", {
      firstname: `User ${exten}`,
      lines: [{ context, endpoint_sip: {}, extensions: [{ exten }], provisioning_code: code }]
    })

  it.effect(
    "dialled at a phone gives it the line, its files and a NOTIFY; it follows its registrar; autoprov takes them again",
    () =>
      Effect.gen(function* () {
        const { client, own, dial, context } = yield* setUp
        const simulator = yield* Pbx
        const mac = "80:5e:c0:11:22:33"
        const device = yield* phoneAt(client, mac)
        assert.deepInclude(device, { status: "autoprov", is_new: true })
        yield* lineOf(own, context, "1001", "123456")
        const file = Effect.gen(function* () {
          const listeners = yield* PhoneListeners
          return yield* Effect.promise(async () => {
            const url = `http://127.0.0.1:${listeners.port("http")}/805ec0112233.cfg`
            const headers = { "User-Agent": `Yealink SIP-T46S 66.86.0.15 ${mac}` }
            return (await fetch(url, { headers })).text()
          })
        })
        assert.notInclude(yield* file, "User 1001")

        for (const [code, address] of [
          ["654321", "127.0.0.1"],
          ["123456", "127.0.0.9"],
          ["123456", ""],
          ["12345", "127.0.0.1"],
          ["1234567", "127.0.0.1"],
          ["123456' OR 1=1 --", "127.0.0.1"],
          ["", "127.0.0.1"],
          ["autoprov ", "127.0.0.1"],
          ["123456", "127.0.0.1:99999999"],
          ["123456", "x".repeat(4_000)],
          ["123456", "127.0.0.1; reboot"]
        ] as const) {
          const { flags, notice } = yield* dial(code, address)
          assert.deepStrictEqual(flags, undone, `${code} ${address}`)
          assert.include(notice, "does not provision")
        }
        assert.deepInclude(yield* phoneAt(client, mac), { status: "autoprov", is_new: true })

        const before = simulator.actionsReceived().length
        assert.deepStrictEqual((yield* dial("123456", "127.0.0.1:5060")).flags, done)
        const notified = simulator.actionsReceived().slice(before)
        assert.isTrue(notified.some(({ action }) => action === "PJSIPNotify"))
        assert.deepInclude(yield* phoneAt(client, mac), { status: "configured", is_new: false })
        assert.include(yield* file, "User 1001")
        assert.deepStrictEqual((yield* dial("123456", "[::ffff:127.0.0.1]:5060")).flags, done)

        const registrar = "/api/provd/0.2/cfg_mgr/configs/default"
        const { config } = (yield* client.request("GET", registrar)).body as { readonly config: object }
        const moved = { config: { ...config, registrar_main: "192.0.2.77", proxy_main: "192.0.2.77" } }
        assert.strictEqual((yield* client.request("PUT", registrar, moved)).status, 204)
        assert.include(yield* file, "account.1.sip_server.1.address = 192.0.2.77")

        assert.deepStrictEqual((yield* dial("autoprov", "127.0.0.1")).flags, done)
        assert.deepInclude(yield* phoneAt(client, mac), { status: "autoprov", is_new: false })
        assert.notInclude(yield* file, "User 1001")
        assert.include(yield* file, "account.1.sip_server.1.address = 192.0.2.77")
        yield* client.request("DELETE", `/api/confd/1.1/devices/${device.id}`)
      })
  )

  it.effect("leaves everything as it was when the phone is not known by its address or cannot be told", () =>
    Effect.gen(function* () {
      const { client, own, dial, context } = yield* setUp
      const provd = "/api/provd/0.2/dev_mgr/devices"
      const headers = { "Content-Type": "application/json" }
      const enter = (id: string, ip: string) => client.request("POST", provd, { device: { id, ip } }, headers)
      const stored = (id: string) => Effect.map(client.request("GET", `${provd}/${id}`), ({ body }) => body)
      yield* lineOf(own, context, "1002", "222222")
      yield* enter("twin1", "10.9.0.1")
      yield* enter("twin2", "10.9.0.1")
      // Without a plugin nobody knows how to tell it.
      yield* enter("mute", "10.9.0.2")
      const before = yield* Effect.forEach(["twin1", "twin2", "mute"], stored)
      assert.include((yield* dial("222222", "10.9.0.1")).notice, "several phones")
      assert.deepStrictEqual((yield* dial("222222", "10.9.0.2")).flags, undone)
      const after = yield* Effect.forEach(["twin1", "twin2"], stored)
      assert.deepStrictEqual(after, before.slice(0, 2))
      const lines = yield* client.request("GET", "/api/confd/1.1/devices/mute/lines")
      assert.deepInclude(lines.body, { total: 0 })
    })
  )

  it.effect("undoes what it did when Asterisk may not tell the phone, and says Asterisk's words", () =>
    Effect.gen(function* () {
      const { client, own, dial, context } = yield* setUp
      const simulator = yield* Pbx
      const mac = "80:5e:c0:11:22:44"
      const device = yield* phoneAt(client, mac)
      yield* lineOf(own, context, "1003", "333333")
      simulator.fault("PJSIPNotify", { kind: "error", message: "Permission denied" })
      const { flags, notice } = yield* dial("333333", "127.0.0.1")
      assert.deepStrictEqual(flags, undone)
      assert.include(notice, "Permission denied")
      assert.strictEqual((yield* phoneAt(client, mac)).status, "autoprov")
      const lines = yield* client.request("GET", `/api/confd/1.1/devices/${device.id}/lines`)
      assert.deepInclude(lines.body, { total: 0 })
      simulator.clearFaults()
      assert.deepStrictEqual((yield* dial("333333", "127.0.0.1")).flags, done)
    })
  )
})
