import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { request as httpRequest } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { afterAll } from "vitest"
import { PhoneListeners } from "../http/phones/phone-listeners.ts"
import { ListenAddress } from "../http/server.ts"
import { tftpRead } from "../runtime/tftp/client.ts"
import { macOf, phoneModels } from "../simulator/phones/models.ts"
import { clientOf } from "./client.ts"
import { issueToken } from "./identity.ts"
import { strowgerTestLayer } from "./strowger.ts"

const dataDir = mkdtempSync(join(tmpdir(), "strowger-hostile-phones-"))
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

const secret = "nobody's but ours"
const pluginFolder = join(dataDir, "provd", "plugins", "strowger-yealink", "var")
const root = join(pluginFolder, "tftpboot")
mkdirSync(join(root, "firmware"), { recursive: true })
writeFileSync(join(pluginFolder, "secret.txt"), secret)
writeFileSync(join(root, "firmware", "t46.rom"), "a firmware")
symlinkSync(join("..", "secret.txt"), join(root, "linked"))

interface Asked {
  readonly path: string
  readonly userAgent?: string
  /** Number of the phone: each has an address of its own. */
  readonly phone: number
}

/** Asks over HTTP for exactly this path, which no client normalizes. */
const fetched = ({ path, userAgent, phone }: Asked) =>
  Effect.gen(function* () {
    const port = (yield* PhoneListeners).port("http")
    return yield* Effect.callback<{ readonly status: number; readonly text: string }>((resume) => {
      const headers = userAgent === undefined ? {} : { "user-agent": userAgent }
      const options = { host: "127.0.0.1", port, path, agent: false, headers, localAddress: addressOf(phone) }
      httpRequest(options, (response) => {
        let text = ""
        response.setEncoding("latin1").on("data", (chunk: string) => (text += chunk))
        response.on("end", () => resume(Effect.succeed({ status: response.statusCode ?? 0, text })))
      })
        .on("error", (error) => resume(Effect.die(error)))
        .end()
    })
  })

const addressOf = (phone: number) => `127.0.60.${phone}`

const yealink = (mac: string) => `Yealink SIP-T46S 66.86.0.15 ${mac}`

const devicesWhere = (selector: object) =>
  Effect.gen(function* () {
    const { url } = yield* ListenAddress
    const client = clientOf(url, (yield* issueToken({ acl: ["#"] })).id)
    const q = encodeURIComponent(JSON.stringify(selector))
    const { body } = yield* client.request("GET", `/api/provd/0.2/dev_mgr/devices?recurse=true&q=${q}`)
    // As the contract has it.
    return (body as { devices: ReadonlyArray<Readonly<Record<string, unknown>>> }).devices
  })

const ways = [
  "/../secret.txt",
  "/./../secret.txt",
  "/firmware/../../secret.txt",
  "//../secret.txt",
  "/..//secret.txt",
  "/..\\secret.txt",
  "/....//secret.txt",
  "/..;/secret.txt",
  "/../secret.txt?x=/firmware/t46.rom",
  "/linked",
  join(pluginFolder, "secret.txt"),
  `/${join(pluginFolder, "secret.txt")}`
]

const waysOverHttp = [
  ...ways,
  "/%2e%2e/secret.txt",
  "/.%2e/secret.txt",
  "/%2E%2E%2Fsecret.txt",
  "/..%2fsecret.txt",
  "/..%5csecret.txt",
  "/%252e%252e%252fsecret.txt",
  "/%c0%ae%c0%ae/secret.txt",
  "/%uff0e%uff0e/secret.txt",
  "/..%00/secret.txt",
  "/firmware/t46.rom%00/../../secret.txt",
  "/device/provisioning/../secret.txt",
  "/device/provisioning/%2e%2e/%2e%2e/secret.txt",
  `/device/provisioning/${encodeURIComponent(join(pluginFolder, "secret.txt"))}`,
  `http://127.0.0.1/../secret.txt`,
  `file://${join(pluginFolder, "secret.txt")}`
]

layer(strowgerTestLayer({ knobs: { STROWGER_DATA_DIR: dataDir } }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("a phone that means harm", (it) => {
  it.effect("reads no file outside of its plugin's folder over HTTP, however it spells it", () =>
    Effect.gen(function* () {
      const own = { phone: 1, userAgent: yealink("80:5e:c0:00:00:01") }
      assert.strictEqual((yield* fetched({ ...own, path: "/805ec0000001.cfg" })).status, 200)
      assert.strictEqual((yield* fetched({ ...own, path: "/firmware/t46.rom" })).text, "a firmware")
      for (const path of waysOverHttp) {
        const { status, text } = yield* fetched({ ...own, path })
        assert.include([400, 403, 404], status, path)
        assert.notInclude(text, secret, path)
      }
    })
  )

  it.effect("reads no file outside of its plugin's folder over TFTP, however it spells it", () =>
    Effect.gen(function* () {
      const port = (yield* PhoneListeners).port("tftp") ?? 0
      const read = (path: string) => tftpRead({ host: "127.0.0.1", port, localAddress: addressOf(2), path })
      yield* fetched({ phone: 2, path: "/805ec0000002.cfg", userAgent: yealink("80:5e:c0:00:00:02") })
      assert.strictEqual((yield* read("firmware/t46.rom")).content.toString(), "a firmware")
      for (const path of [...ways, ...ways.map((way) => way.slice(1)), "%2e%2e/secret.txt"]) {
        const refused = yield* Effect.flip(read(path))
        assert.deepInclude(refused, { code: 1 }, path)
      }
    })
  )

  it.effect("that says who it is gets no file of another one's, whatever the vendor", () =>
    Effect.gen(function* () {
      for (const { name, oui, userAgent, boot } of phoneModels) {
        const [one, other] = [macOf(oui, 3), macOf(oui, 4)]
        if (userAgent(one) === userAgent(other)) continue
        const path = boot(one).find(({ own }) => own)?.path ?? ""
        const given = yield* fetched({ phone: 3, path, userAgent: userAgent(one) })
        assert.strictEqual(given.status, 200, name)
        const refused = yield* fetched({ phone: 4, path, userAgent: userAgent(other) })
        assert.strictEqual(refused.status, 404, name)
        const [device] = yield* devicesWhere({ mac: one.colons })
        assert.strictEqual(device?.["vendor"], (yield* devicesWhere({ mac: other.colons }))[0]?.["vendor"])
      }
    })
  )

  it.effect("with a User-Agent, MAC or query that is none is answered, and changes no other phone", () =>
    Effect.gen(function* () {
      const mac = "80:5e:c0:00:00:05"
      yield* fetched({ phone: 5, path: "/805ec0000005.cfg", userAgent: yealink(mac) })
      const before = yield* devicesWhere({ mac })
      for (const userAgent of [
        "",
        " ",
        "Yealink",
        yealink("80:5e:c0:00:00:zz"),
        yealink(""),
        yealink("80:5e:c0:00:00:05:06"),
        `${yealink("80:5e:c0:00:00:06")}; ${yealink(mac)}`,
        `Yealink SIP-${"T".repeat(6_000)} 1 80:5e:c0:00:00:07`,
        "Yealink SIP-__proto__ 1.0 80:5e:c0:00:00:08",
        "Yealink SIP-T46S'; DROP TABLE provd_devices; -- 1.0 80:5e:c0:00:00:09",
        "Mozilla/4.0 (compatible; snomD785-SIP )",
        "Cisco/SPA508G-7.4.4 (000000000000)(CBT)",
        "Gigaset N670 IP PRO/......;000000000000"
      ]) {
        for (const path of ["/x.cfg", "/snomD785.htm?mac=80:5e:c0:00:00", "/000000000000.cfg", "/?mac[]=1"]) {
          const { status } = yield* fetched({ phone: 6, path, userAgent })
          assert.include([200, 403, 404], status, `${userAgent} ${path}`)
        }
      }
      assert.deepStrictEqual(yield* devicesWhere({ mac }), before)
    })
  )

  it.effect("and claims one MAC with others at once is one device with them", () =>
    Effect.gen(function* () {
      const asked = { path: "/805ec0000010.cfg", userAgent: yealink("80:5e:c0:00:00:10") }
      const given = yield* Effect.forEach(
        Array.from({ length: 24 }, (_, index) => 10 + (index % 4)),
        (phone) => fetched({ ...asked, phone }),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([...new Set(given.map(({ status }) => status))], [200])
      assert.strictEqual(new Set(given.map(({ text }) => text)).size, 1)
      const devices = yield* devicesWhere({ mac: "80:5e:c0:00:00:10" })
      assert.strictEqual(devices.length, 1)
      assert.include([10, 11, 12, 13].map(addressOf), devices.map(({ ip }) => ip)[0])
    })
  )

  it.effect("and claims one address with others at once is the only one that has it, or has it not", () =>
    Effect.gen(function* () {
      const macs = Array.from({ length: 12 }, (_, index) => macOf("805ec0", 0x20 + index))
      const given = yield* Effect.forEach(
        macs,
        ({ lower, colons }) => fetched({ phone: 20, path: `/${lower}.cfg`, userAgent: yealink(colons) }),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([...new Set(given.map(({ status }) => status))], [200])
      assert.strictEqual((yield* devicesWhere({ mac: { $in: macs.map(({ colons }) => colons) } })).length, 12)
      assert.strictEqual((yield* devicesWhere({ ip: addressOf(20) })).length, 1)
    })
  )
})
