import { join } from "node:path"
import { afterAll, assert, describe, it, vi } from "vitest"
import type { DeviceInfo } from "../../schemas/provd/device.ts"
import { support } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { commonFilesOf, configWith, device, filesOf } from "../kit/fixture.ts"
import { fullConfig, loaded, minimalConfig, request } from "../kit/fixture.ts"
import { describeFiles } from "../kit/suite.ts"
import { alcatelTouch } from "./touch.ts"

const plugin = loaded(alcatelTouch, join(import.meta.dirname, "templates"))
const vendor = "Alcatel"

vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-01-01T00:00:00Z") })
afterAll(() => {
  vi.useRealTimers()
})

describeFiles({
  plugin,
  vendor,
  models: ["4028", "4038", "4068"],
  folder: import.meta.dirname,
  extension: ".txt",
  form: /^\[[a-z]+\]$|^[a-z][a-z0-9_]*=.*$/
})

describe("what an IP Touch says of itself", () => {
  const mac = "00:80:9f:56:20:01"
  const cases: ReadonlyArray<[string, Parameters<typeof request>[0], DeviceInfo | undefined]> = [
    [
      "its User-Agent",
      { userAgent: "Alcatel IP Touch 4028/2.01.20" },
      { vendor, model: "4028", version: "2.01.20" }
    ],
    [
      "its User-Agent and the file's name",
      { userAgent: "Alcatel IP Touch 4038/2.01.20", path: "/sipconfig-00809f562001.txt" },
      { vendor, model: "4038", version: "2.01.20", mac }
    ],
    ["the file's name over TFTP", { protocol: "tftp", path: "/sipconfig-00809f562001.txt" }, { vendor, mac }],
    ["the file of a NOE phone over TFTP", { protocol: "tftp", path: "/lanpbx.cfg" }, { vendor }],
    ["that file over HTTP", { path: "/lanpbx.cfg" }, undefined],
    ["another User-Agent", { userAgent: "ALE M5-CE 2.13.02.1604 3c28a620089e" }, undefined]
  ]
  it.each(cases)("%s", (_, asked, info) => {
    assert.deepStrictEqual(plugin.extract?.(request(asked)), info)
  })
})

describe("how well the IP Touch plugin suits", () => {
  it.each([
    [{}, support.unknown],
    [{ vendor: "Alcatel-Lucent", model: "M5" }, support.improbable],
    [{ vendor }, support.probable],
    [{ vendor, model: "4008" }, support.probable],
    [{ vendor, model: "4028", version: "2.01.10" }, support.complete],
    [{ vendor, model: "4028", version: "2.01.20" }, support.exact]
  ])("%j", (info, score) => {
    assert.strictEqual(plugin.associate?.(info), score)
  })
})

/** The values by `section/key`. */
const settings = (config: RawConfig): Readonly<Record<string, string>> => {
  const text = filesOf(plugin, device({ vendor, model: "4038" }), config)["sipconfig-805ec0aabbcc.txt"] ?? ""
  const found: Record<string, string> = {}
  let section = ""
  for (const line of text.split("\n")) {
    const [, name] = /^\[(\w+)\]$/.exec(line) ?? []
    if (name !== undefined) section = name
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (key !== undefined) found[`${section}/${key}`] = value ?? ""
  }
  return found
}

describe("an IP Touch's file", () => {
  const file = settings(configWith({ admin_password: "123456" }))
  it.each([
    ["dns/dns_addr", "192.0.2.53"],
    ["sip/proxy_addr", "192.0.2.10"],
    ["sip/registrar_addr", "192.0.2.10"],
    ["sip/proxy2_addr", "192.0.2.11"],
    ["sip/registrar2_addr", "192.0.2.11"],
    ["sip/sip_transport_mode", "1"],
    ["sip/authentication_name", "auth1"],
    ["sip/authentication_password", "secret1"],
    ["sip/user_name", "user1"],
    ["sip/display_name", "Alice Martin 1"],
    ["sip/voice_mail_uri", "*98"],
    ["sip/message_waiting_indication_uri", "*98@192.0.2.10"],
    ["sntp/sntp_addr", "192.0.2.123"],
    ["sntp/timezone", "UT::60:032902:102503"],
    ["telnet/telnet_password", "123456"],
    ["audio/tone_country", "1"],
    ["audio/dtmf_type", "0"],
    ["appl/admin_password", "123456"],
    ["appl/speed_dial_1_uri", "1011"],
    ["appl/speed_dial_1_first_name", "Bob"]
  ])("says %s: %s", (key, value) => {
    assert.strictEqual(file[key], value)
  })

  it("has no password but of digits", () => {
    assert.strictEqual(settings(fullConfig)["appl/admin_password"], "000000")
  })

  it.each([
    ["America/New_York", "UT::-300:030802:110102"],
    ["Asia/Kolkata", "UT::330:000000:000000"]
  ])("knows %s as %s", (timezone, value) => {
    assert.strictEqual(settings(configWith({ timezone }))["sntp/timezone"], value)
  })

  it("knows the modes of DTMF and of transport", () => {
    const mode = (dtmf_mode: "RTP-in-band" | "SIP-INFO") =>
      settings(configWith({ sip_lines: { 1: { dtmf_mode } } }))["audio/dtmf_type"]
    assert.deepStrictEqual([mode("RTP-in-band"), mode("SIP-INFO")], ["1", "2"])
    assert.strictEqual(settings(configWith({ sip_transport: "tcp" }))["sip/sip_transport_mode"], "2")
  })

  it("has the keys that the phone has", () => {
    assert.property(file, "appl/speed_dial_5_uri")
    assert.notProperty(file, "appl/speed_dial_40_uri")
  })
})

describe("files for every IP Touch", () => {
  const files = commonFilesOf(plugin, minimalConfig)
  it("turn a NOE phone to SIP", () => {
    assert.strictEqual(files["lanpbx.cfg"], "APPLICATION_TYPE=APPL_SIP\n")
    assert.include(files["sipconfig.txt"], "[init]\napplication_mode=0\n")
  })
})

describe("an IP Touch", () => {
  it("cannot be told to fetch its files", () => {
    assert.isUndefined(plugin.synchronize)
  })
})
