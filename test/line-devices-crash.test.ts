import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { type Client, logIn } from "./client.ts"
import { create } from "./confd.ts"
import { eventually } from "./eventually.ts"
import { initialisedFolder } from "./initialised-folder.ts"
import { startRuntime } from "./runtime.ts"

const confd = "/api/confd/1.1"
const provd = "/api/provd/0.2"

interface Device {
  readonly id: string
  readonly config: string
  readonly configured: boolean
}

/** A user with a complete line, and a phone. */
const prepare = Effect.fnUntraced(function* (client: Client, context: string, exten: string) {
  const user = yield* create<{ lines: ReadonlyArray<{ id: number }> }>(client, `${confd}/users`, {
    firstname: `User ${exten}`,
    lines: [{ context, endpoint_sip: {}, extensions: [{ exten }] }]
  })
  const mac = `80:5e:c0:00:${exten.slice(0, 2)}:${exten.slice(2)}`
  const device = yield* create<{ id: string }>(client, `${confd}/devices`, {
    mac,
    plugin: "strowger-yealink",
    model: "T46S"
  })
  return { line: user.lines[0]?.id ?? 0, device: device.id }
})

const state = Effect.fnUntraced(function* (
  client: Client,
  { line, device }: { line: number; device: string }
) {
  const association = yield* client.request("GET", `${confd}/lines/${line}/devices`)
  const document = yield* client.request("GET", `${provd}/dev_mgr/devices/${device}`)
  const config = yield* client.request("GET", `${provd}/cfg_mgr/configs/${device}`)
  return {
    associated: association.status === 200,
    device: (document.body as { device: Device }).device,
    config: config.status === 200 ? JSON.stringify(config.body) : ""
  }
})

layer(Layer.empty, { excludeTestServices: true, timeout: "60 seconds" })("a runtime that is killed", (it) => {
  it.effect(
    "while a phone gets a line has done it all after the next start, or none of it",
    () =>
      Effect.gen(function* () {
        const folder = yield* initialisedFolder
        const start = Effect.gen(function* () {
          const runtime = yield* startRuntime({ STROWGER_DATA_DIR: folder })
          return { runtime, client: yield* logIn(runtime.url) }
        })
        let { runtime, client } = yield* start
        const context = yield* create<{ name: string }>(client, `${confd}/contexts`, {
          label: "inside",
          user_ranges: [{ start: "1000", end: "1999" }]
        })
        for (const [index, delay] of [0, 6, 20].entries()) {
          const exten = String(1001 + index)
          const prepared = yield* prepare(client, context.name, exten)
          const asked = yield* Effect.forkChild(
            Effect.exit(client.request("PUT", `${confd}/lines/${prepared.line}/devices/${prepared.device}`))
          )
          yield* Effect.sleep(delay)
          yield* runtime.kill("SIGKILL")
          const answer = yield* Fiber.join(asked)
          ;({ runtime, client } = yield* start)
          const after = yield* eventually(
            state(client, prepared),
            ({ associated, device, config }) => !associated || (device.config === device.id && config !== "")
          )
          if (answer._tag === "Success") assert.isTrue(after.associated, `after ${delay} ms`)
          if (after.associated) {
            assert.include(after.config, `"number":"${exten}"`)
            assert.isTrue(after.device.configured)
          } else {
            assert.match(after.device.config, /^autoprov/)
            assert.strictEqual(after.config, "")
          }
        }
      }),
    { timeout: 120_000 }
  )
})
