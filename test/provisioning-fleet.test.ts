import { assert, describe, it, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { Tenants } from "../actors/identity/tenants.ts"
import { PhoneListeners } from "../http/phones/phone-listeners.ts"
import { ListenAddress } from "../http/server.ts"
import { bootFleet, type BootedPhone } from "../simulator/phones/fleet.ts"
import { phoneModels } from "../simulator/phones/models.ts"
import { type Client, clientOf, logIn } from "./client.ts"
import { issueToken } from "./identity.ts"
import { initialisedFolder } from "./initialised-folder.ts"
import { startRuntime } from "./runtime.ts"
import { strowgerTestLayer } from "./strowger.ts"

interface Device {
  readonly id: string
  readonly mac: string
  readonly config: string
  readonly plugin: string
  readonly tenant_uuid: string
  readonly configured: boolean
  readonly [key: string]: unknown
}

interface Config {
  readonly id: string
  readonly transient?: boolean
  readonly raw_config: { readonly sip_lines?: Readonly<Record<string, Readonly<Record<string, string>>>> }
}

const provd = "/api/provd/0.2"

const devicesOf = (client: Client) =>
  Effect.map(
    client.request("GET", `${provd}/dev_mgr/devices?recurse=true`),
    // As the contract has it.
    ({ body }) => new Map((body as { devices: ReadonlyArray<Device> }).devices.map((one) => [one.mac, one]))
  )

const configsOf = (client: Client) =>
  Effect.map(
    client.request("GET", `${provd}/cfg_mgr/configs`),
    // As the contract has it.
    ({ body }) => new Map((body as { configs: ReadonlyArray<Config> }).configs.map((one) => [one.id, one]))
  )

/** Vendor, model and version that a phone of each model is known by after its first boot, and its plugin. */
const known: Readonly<Record<string, readonly [vendor: string, model?: string, version?: string]>> = {
  yealink: ["Yealink", "T46S", "66.86.0.15"],
  snom: ["Snom", "D785", "10.1.198.19"],
  polycom: ["Polycom", "VVX411", "5.9.2.3446"],
  "cisco-spa": ["Cisco", "SPA508G", "7.4.4"],
  "cisco-mpp": ["Cisco", "8841", "11.3.1"],
  // Over TFTP it says its mac alone.
  "cisco-sep": ["Cisco"],
  aastra: ["Aastra", "6867i", "5.1.0.1024"],
  technicolor: ["Technicolor", "ST2030", "2.74"],
  grandstream: ["Grandstream", "GXP2170", "1.0.11.85"],
  fanvil: ["Fanvil", "X4", "2.10.2.6887"],
  gigaset: ["Gigaset", "N670 IP PRO", "83.V2.11.0"],
  panasonic: ["Panasonic", "KX-UT123", "01.133"],
  alcatel: ["Alcatel-Lucent", "M5", "2.13.02.1604"],
  htek: ["Htek", "UC924", "2.0.4.2"]
}

/** Ids of plugins that are not named like the model of the fleet. */
const pluginOf = (model: string) => (model === "alcatel" ? "strowger-alcatel-lucent" : `strowger-${model}`)

const withProblem = (phones: ReadonlyArray<BootedPhone>) =>
  phones.filter(({ problem }) => problem !== undefined)

layer(strowgerTestLayer(), { excludeTestServices: true, timeout: "60 seconds" })(
  "a phone of every model, switched on for the first time",
  (it) => {
    it.effect(
      "gets its files and is a configured device of the master tenant with the autoprov account",
      () =>
        Effect.gen(function* () {
          const { url } = yield* ListenAddress
          const listeners = yield* PhoneListeners
          const tenants = yield* Tenants
          const client = clientOf(url, (yield* issueToken({ acl: ["#"] })).id)
          const boot = bootFleet({
            models: phoneModels,
            count: phoneModels.length,
            url: `http://127.0.0.1:${listeners.port("http")}`,
            tftp: { host: "127.0.0.1", port: listeners.port("tftp") ?? 0 }
          })
          const phones = yield* boot
          assert.deepStrictEqual(withProblem(phones), [])
          assert.deepStrictEqual(phones.map(({ model }) => model).sort(), Object.keys(known).sort())
          const devices = yield* devicesOf(client)
          const configs = yield* configsOf(client)
          const account = configs.get("autoprov")?.raw_config.sip_lines?.["1"] ?? {}
          assert.deepStrictEqual([...devices.keys()].sort(), phones.map(({ mac }) => mac).sort())
          for (const { model, mac, configuration } of phones) {
            const device = devices.get(mac)
            assert.deepInclude(
              device,
              {
                added: "auto",
                tenant_uuid: tenants.master,
                is_new: true,
                configured: true,
                plugin: pluginOf(model),
                remote_state_sip_username: account["username"]
              },
              model
            )
            assert.deepStrictEqual(
              [device?.["vendor"], device?.["model"], device?.["version"]],
              [...(known[model] ?? []), undefined, undefined].slice(0, 3),
              model
            )
            const config = configs.get(device?.config ?? "")
            assert.match(config?.id ?? "", /^autoprov.+/, model)
            assert.isTrue(config?.transient, model)
            for (const secret of ["username", "password"])
              assert.include(configuration.toString("latin1"), account[secret] ?? "no account", model)
          }

          const again = yield* boot
          assert.deepStrictEqual(
            again.map(({ configuration }) => configuration),
            phones.map(({ configuration }) => configuration)
          )
          assert.deepStrictEqual(yield* devicesOf(client), devices)
        })
    )
  }
)

/** A runtime on the folder, an administrator's client, and where its phones ask. */
const started = Effect.fnUntraced(function* (folder: string) {
  const runtime = yield* startRuntime({
    STROWGER_DATA_DIR: folder,
    // The same in both lives: it stands in the files.
    STROWGER_PHONE_URL: "http://provisioning.example:8667"
  })
  const ports = /over HTTP on port (\d+) and over TFTP on port (\d+)/.exec(runtime.output())
  if (ports === null) return yield* Effect.die(runtime.output())
  const [, http, tftp] = ports
  return {
    runtime,
    client: yield* logIn(runtime.url),
    listeners: { url: `http://127.0.0.1:${http}`, tftp: { host: "127.0.0.1", port: Number(tftp) } }
  }
})

const storm = 60

/** Phones that work when the process dies. */
const working = 10

/** A phone on TFTP notices that its server has died only by waiting. */
const overHttp = phoneModels.filter(({ protocol }) => protocol === "http")

describe("SIGKILL while sixty phones boot for the first time", () => {
  it.live(
    "leaves whoever was answered a configured device, with the bytes it was given",
    () =>
      Effect.gen(function* () {
        const folder = yield* initialisedFolder
        const { runtime, listeners } = yield* started(folder)
        const enough = yield* Deferred.make<void>()
        let booted = 0
        const fleet = { models: overHttp, count: storm, concurrency: storm }
        const boot = yield* Effect.forkChild(
          bootFleet({
            ...fleet,
            ...listeners,
            onBooted: () => {
              if (++booted === working) Deferred.doneUnsafe(enough, Effect.void)
            }
          })
        )
        yield* Deferred.await(enough)
        yield* runtime.kill("SIGKILL")
        const answered = (yield* Fiber.join(boot)).filter(({ configuration }) => configuration.length > 0)
        assert.isAtLeast(answered.length, working)
        assert.isBelow(answered.length, storm, "the storm was not over")

        const next = yield* started(folder)
        const devices = yield* devicesOf(next.client)
        const configs = yield* configsOf(next.client)
        for (const { mac, model } of answered) {
          assert.deepInclude(devices.get(mac), { configured: true, plugin: pluginOf(model) }, mac)
          assert.isTrue(configs.get(devices.get(mac)?.config ?? "")?.transient, mac)
        }
        const used = new Set([...devices.values()].map(({ config }) => config))
        for (const { id, transient } of configs.values())
          assert.strictEqual(used.has(id), transient === true, `${id} belongs to a device`)

        const after = yield* bootFleet({ ...fleet, ...next.listeners })
        assert.deepStrictEqual(withProblem(after), [])
        const given = new Map(after.map(({ mac, configuration }) => [mac, configuration]))
        for (const { mac, configuration } of answered)
          assert.deepStrictEqual(given.get(mac), configuration, mac)
        assert.strictEqual((yield* devicesOf(next.client)).size, storm)
      }).pipe(Effect.scoped),
    120_000
  )
})
