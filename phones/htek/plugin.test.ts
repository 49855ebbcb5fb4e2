import { join } from "node:path"
import { assert, describe, it } from "vitest"
import type { DeviceInfo } from "../../schemas/provd/device.ts"
import { support } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { commonFilesOf, configWith, device, filesOf } from "../kit/fixture.ts"
import { fullConfig, loaded, minimalConfig, request } from "../kit/fixture.ts"
import { describeFiles } from "../kit/suite.ts"
import { htek } from "./plugin.ts"

const plugin = loaded(htek, join(import.meta.dirname, "templates"))
const vendor = "Htek"

describeFiles({
  plugin,
  vendor,
  models: ["UC902", "UC903", "UC912", "UC912G", "UC923", "UC924", "UC926"],
  folder: import.meta.dirname,
  extension: ".xml",
  form: "xml"
})

describe("what an Htek phone says of itself", () => {
  const forms: ReadonlyArray<[string, DeviceInfo | undefined]> = [
    [
      "Htek UC903 2.0.4.2 00:1f:c1:1c:22:a9",
      { vendor, model: "UC903", version: "2.0.4.2", mac: "00:1f:c1:1c:22:a9" }
    ],
    ["Htek UC903 2.0.4.2 nonsense", { vendor, model: "UC903", version: "2.0.4.2" }],
    ["Htek UC903", undefined],
    ["", undefined]
  ]
  it.each(forms)("%s", (userAgent, info) => {
    assert.deepStrictEqual(plugin.extract?.(request({ userAgent })), info)
  })
})

describe("how well the Htek plugin suits", () => {
  it.each([
    [{}, support.unknown],
    [{ vendor: "Yealink", model: "UC903" }, support.improbable],
    [{ vendor }, support.probable],
    [{ vendor, model: "UC999" }, support.probable],
    [{ vendor, model: "UC903", version: "2.0.4.2" }, support.complete],
    [{ vendor, model: "UC903", version: "2.0.4.6.41" }, support.exact]
  ])("%j", (info, score) => {
    assert.strictEqual(plugin.associate?.(info), score)
  })
})

/** The settings of a phone by their number; fails where one is written twice. */
const settings = (model: string, config: RawConfig): Readonly<Record<string, string>> => {
  const text = filesOf(plugin, device({ vendor, model }), config)["cfg805ec0aabbcc.xml"] ?? ""
  const found: Record<string, string> = {}
  for (const [, code = "", value = ""] of text.matchAll(/<(P\d+) para="\w+">(.*?)<\/\1>/g)) {
    assert.notProperty(found, code)
    found[code] = value
  }
  return found
}

describe("the settings of an Htek phone", () => {
  const line = fullConfig.sip_lines["1"] ?? {}
  const file = settings(
    "UC926",
    configWith({ sip_lines: { 1: line, 2: { ...line, username: "user2" }, 3: line, 4: line } })
  )
  it.each([
    ["P47", "192.0.2.10:5060"],
    ["P967", "192.0.2.11:5060"],
    ["P48", ""],
    ["P130", "0"],
    ["P20166", "0"],
    ["P57", "9"],
    ["P58", "8"],
    ["P62", "2"],
    ["P99", "1"],
    ["P183", "0"],
    ["P271", "1"],
    ["P401", "1"],
    ["P501", "1"],
    ["P601", "1"],
    ["P35", "user1"],
    ["P735", "user2"],
    ["P504", "user1"],
    ["P604", "user1"],
    ["P36", "auth1"],
    ["P736", "auth1"],
    ["P505", "auth1"],
    ["P605", "auth1"],
    ["P34", "secret1"],
    ["P734", "secret1"],
    ["P506", "secret1"],
    ["P606", "secret1"],
    ["P3", "Alice Martin 1"],
    ["P703", "Alice Martin 1"],
    ["P507", "Alice Martin 1"],
    ["P607", "Alice Martin 1"],
    ["P33", "*98"],
    ["P426", "*98"],
    ["P526", "*98"],
    ["P626", "*98"],
    ["P20000", "1001"],
    ["P20003", "1001"],
    ["P4705", "*8"],
    ["P4715", "*8"],
    ["P4725", "*8"],
    ["P4735", "*8"],
    ["P4706", "*9"],
    ["P30", "192.0.2.123"],
    ["P64", "49"],
    ["P75", "2"],
    ["P24053", "1"],
    ["P51", "100"],
    ["P87", "5"],
    ["P8681", "admin"],
    ["P2", "admin-secret"],
    ["P8682", "user"],
    ["P196", "user-secret"],
    ["P192", "http://192.0.2.1:8667/firmware"],
    ["P237", "http://192.0.2.1:8667/"],
    ["P41200", "1"],
    ["P41400", "1001"],
    ["P20600", "0"],
    ["P41203", "1"],
    ["P20200", "3"],
    ["P20201", "1013"],
    ["P20202", "1013"],
    ["P20203", "255"],
    ["P20204", "1013"],
    ["P20604", "0"],
    ["P20205", "0"]
  ])("%s is %s", (code, value) => {
    assert.strictEqual(file[code], value)
  })

  it("name the directory", () => {
    const url =
      "http://192.0.2.98:9498/0.1/directories/lookup/default/htek?xivo_user_uuid=7f523550-03cf-4dac-a858-cb8afdb34775"
    assert.strictEqual(file.P331, url)
    assert.strictEqual(file.P4401, `${url}&amp;term=`)
  })

  it("let function keys dial, watch and park", () => {
    const keys = settings("UC903", configWith({ sip_lines: {} }))
    assert.deepStrictEqual(
      [keys.P41200, keys.P41300, keys.P41400, keys.P41500, keys.P41600],
      ["2", "1011", "Bob", "0", "1011"]
    )
    assert.strictEqual(keys.P41201, "3")
    assert.strictEqual(keys.P41202, "8")
    assert.strictEqual(keys.P41203, "0")
  })

  it.each([
    ["UC926", 36],
    ["UC924", 28],
    ["UC923", 20],
    ["UC912", 12],
    ["UC912G", 12],
    ["UC903", 20],
    ["UC902", 0]
  ])("of a %s are those of %i line keys", (model, count) => {
    const text = filesOf(plugin, device({ vendor, model }), fullConfig)["cfg805ec0aabbcc.xml"] ?? ""
    assert.lengthOf([...text.matchAll(/para="LineKey\d+_Type"/g)], count)
  })

  it("reach the sixteenth account", () => {
    const last = settings("UC926", configWith({ sip_lines: { 5: line, 7: line, 16: line, 17: line } }))
    assert.strictEqual(last.P20360, "1")
    assert.strictEqual(last.P1704, "user1")
    assert.strictEqual(last.P24090, "1")
    assert.strictEqual(last.P24119, "user1")
  })

  it.each([
    ["Etc/UTC", "33", "0"],
    ["America/New_York", "18", "2"],
    ["America/Bogota", "18", "0"],
    ["Asia/Kathmandu", "84", "0"]
  ])("say in %s zone %s, daylight saving time %s", (timezone, code, summer) => {
    const file = settings("UC903", configWith({ timezone }))
    assert.deepStrictEqual([file.P64, file.P75], [code, summer])
  })

  it.each([
    ["RTP-in-band", "1"],
    ["SIP-INFO", "2"]
  ] as const)("have %s as %s", (mode, value) => {
    assert.strictEqual(settings("UC903", configWith({ sip_lines: { 1: { dtmf_mode: mode } } })).P20166, value)
  })

  it.each([
    ["tcp", "1"],
    ["tls", "2"]
  ] as const)("have the transport %s as %s", (transport, value) => {
    assert.strictEqual(settings("UC903", configWith({ sip_transport: transport })).P130, value)
  })
})

describe("files for every Htek phone of a model", () => {
  const files = commonFilesOf(plugin, { ...minimalConfig, admin_password: "admin-secret" })
  it.each(["cfg0010.xml", "cfg0012.xml", "cfg0013.xml", "cfg0016.xml", "cfg0017.xml", "cfg0019.xml"])(
    "%s names the server and the passwords",
    (name) => {
      assert.include(files[name], '<P2 para="AdminPassword">admin-secret</P2>')
      assert.include(files[name], ">http://192.0.2.1:8667/firmware</P192>")
      assert.include(files[name], ">http://192.0.2.1:8667/</P237>")
    }
  )
})
