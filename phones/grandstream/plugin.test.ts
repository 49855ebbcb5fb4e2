import { join } from "node:path"
import { assert, describe, it } from "vitest"
import type { DeviceInfo } from "../../schemas/provd/device.ts"
import { support } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { autoprovConfig, configWith, device, filesOf, fullConfig, loaded, request } from "../kit/fixture.ts"
import { describeFiles } from "../kit/suite.ts"
import { grandstream } from "./plugin.ts"

const plugin = loaded(grandstream, join(import.meta.dirname, "templates"))
const vendor = "Grandstream"

describeFiles({
  plugin,
  vendor,
  models: [
    "GXP1405",
    "GXP1610",
    "GXP1620",
    "GXP1625",
    "GXP1628",
    "GXP1630",
    "GXP2000",
    "GXP2100",
    "GXP2130",
    "GXP2135",
    "GXP2140",
    "GXP2160",
    "GXP2170",
    "GRP2612",
    "GRP2613",
    "GRP2614",
    "GRP2615",
    "GRP2616",
    "HT801",
    "HT802",
    "GXV3350",
    "GXV3370",
    "GXV3380"
  ],
  folder: import.meta.dirname,
  extension: ".xml",
  form: "xml",
  isBinary: (path) => !path.endsWith(".xml")
})

describe("what a Grandstream phone says of itself", () => {
  const forms: ReadonlyArray<[string, DeviceInfo]> = [
    [
      "Grandstream Model HW GXP2170 SW 1.0.11.85 DevId 000b82865e6a",
      { vendor, model: "GXP2170", version: "1.0.11.85", mac: "00:0b:82:86:5e:6a" }
    ],
    [
      "Grandstream Model HW GXP2200 V2.2A SW 1.0.1.33 DevId 000b82462d97",
      { vendor, model: "GXP2200", version: "1.0.1.33", mac: "00:0b:82:46:2d:97" }
    ],
    [
      "Grandstream Model HW GXV3350  V1.3A SW 1.0.1.8 DevId c074ad150b88",
      { vendor, model: "GXV3350", version: "1.0.1.8", mac: "c0:74:ad:15:0b:88" }
    ],
    [
      "Grandstream GXP2000 (gxp2000e.bin:1.2.5.3/boot55e.bin:1.1.6.9) DevId 000b822726c8",
      { vendor, model: "GXP2000", version: "1.1.6.9", mac: "00:0b:82:27:26:c8" }
    ]
  ]
  it.each(forms)("%s", (userAgent, info) => {
    assert.deepStrictEqual(plugin.extract?.(request({ userAgent })), info)
  })

  it.each(["Grandstream Model HW GXP2170 SW 1.0.11.85 DevId nonsense", "Yealink SIP-T46S 66.86.0.15", ""])(
    "nothing from %j",
    (userAgent) => {
      assert.isUndefined(plugin.extract?.(request({ userAgent })))
    }
  )
})

describe("how well the Grandstream plugin suits", () => {
  it.each([
    [{}, support.unknown],
    [{ vendor: "Yealink", model: "GXP2170" }, support.improbable],
    [{ vendor }, support.unknown],
    [{ vendor, model: "GXP9999" }, support.unknown],
    [{ vendor, model: "GXP2170", version: "1.0.9.1" }, support.complete],
    [{ vendor, model: "GXP2170", version: "1.0.11.85" }, support.exact],
    [{ vendor, model: "GXV3370", version: "1.0.3.27-android" }, support.exact]
  ])("%j", (info, score) => {
    assert.strictEqual(plugin.associate?.(info), score)
  })
})

/** The settings of a phone by number or name; fails where one is written twice. */
const settings = (model: string, config: RawConfig) => {
  const text = filesOf(plugin, device({ vendor, model }), config)["Grandstream/cfg805ec0aabbcc.xml"] ?? ""
  const found: Record<string, string> = {}
  for (const [, code, name, value] of text.matchAll(/<(P\d+|item)(?: name="(.*?)")?>(.*?)<\/\1>/g)) {
    const key = name ?? code ?? ""
    assert.notProperty(found, key)
    found[key] = value ?? ""
  }
  return found
}

describe("the numbered settings of a Grandstream phone", () => {
  const file = settings("GXP2100", fullConfig)
  it.each([
    ["P271", "1"],
    ["P270", "Alice Martin 1"],
    ["P47", "192.0.2.10"],
    ["P2312", "192.0.2.11"],
    ["P35", "user1"],
    ["P36", "auth1"],
    ["P34", "secret1"],
    ["P3", "Alice Martin 1"],
    ["P33", "*98"],
    ["P2301", "0"],
    ["P2302", "1"],
    ["P2303", "0"],
    ["P401", "1"],
    ["P402", "192.0.2.10:5070"],
    ["P403", "192.0.2.12:5072"],
    ["P404", "user2"],
    ["P405", "auth2"],
    ["P406", "secret2"],
    ["P407", "Alice Martin 2"],
    ["P417", "Alice Martin 2"],
    ["P426", "*98"],
    ["P2412", "192.0.2.11:5071"],
    ["P2401", "0"],
    ["P2402", "0"],
    ["P2403", "1"],
    ["P2", "admin-secret"],
    ["P30", "192.0.2.123"],
    ["P64", "CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00"],
    ["P1362", "fr"],
    ["P51", "100"],
    ["P87", "5"],
    ["P92", "192"],
    ["P93", "0"],
    ["P94", "2"],
    ["P95", "53"],
    ["P1347", "*8"],
    ["P290", "{ [*x]+ }"],
    ["P194", "2"],
    ["P285", "23"],
    ["P8459", "1"],
    ["P26015", "1"],
    ["P26415", "1"],
    ["P207", "192.0.2.14"],
    ["P237", "192.0.2.1:8667/Grandstream"],
    ["P130", "0"],
    ["P183", "0"],
    ["P323", "0"],
    ["P301", "0"],
    ["P302", "Bob"],
    ["P303", "1011"],
    ["P324", "1"],
    ["P306", "1012"],
    ["P325", "9"],
    ["P309", "701"],
    ["P327", "1"],
    ["P314", "1013"],
    ["P315", "1013"]
  ])("%s is %s", (code, value) => {
    assert.strictEqual(file[code], value)
  })

  it("reach a third account and the keys beside the display", () => {
    const line = fullConfig.sip_lines["2"] ?? {}
    const third = settings("GXP1630", configWith({ sip_lines: { 3: line } }))
    assert.strictEqual(third.P504, "user2")
    assert.strictEqual(third.P26515, "1")
    assert.strictEqual(third.P23000, "0")
    assert.strictEqual(third.P23001, "0")
    assert.strictEqual(third.P23002, "Bob")
    assert.strictEqual(third.P23003, "1011")
    assert.strictEqual(third.P23005, "1")
  })

  it("say how the media is protected", () => {
    const secure = settings(
      "GXP1405",
      configWith({ sip_transport: "tls", sip_lines: { 1: { srtp_mode: "required" } } })
    )
    assert.strictEqual(secure.P130, "2")
    assert.strictEqual(secure.P183, "2")
  })

  it("leave the password of the shared account empty", () => {
    assert.strictEqual(settings("GXP1405", autoprovConfig).P34, "")
    assert.strictEqual(settings("GXP2170", autoprovConfig)["account.1.sip.subscriber.password"], "")
  })
})

describe("the named settings of a Grandstream phone", () => {
  const file = settings("GXP2130", fullConfig)
  it.each([
    ["account.1.enable", "Yes"],
    ["account.1.name", "Alice Martin 1"],
    ["account.1.sip.userid", "user1"],
    ["account.1.sip.subscriber.userid", "auth1"],
    ["account.1.sip.subscriber.password", "secret1"],
    ["account.1.sip.subscriber.name", "Alice Martin 1"],
    ["account.1.sip.server.1.address", "192.0.2.10"],
    ["account.1.sip.server.2.address", "192.0.2.11"],
    ["account.1.sip.transport", "UDP"],
    ["account.1.sip.voicemail.number", "*98"],
    ["account.1.codec.choice.1", "G722"],
    ["account.1.codec.choice.2", "PCMA"],
    ["account.1.dtmf.sendInAudio", "No"],
    ["account.1.dtmf.sendInRtp", "Yes"],
    ["account.1.dtmf.sendInSip", "No"],
    ["account.2.dtmf.sendInSip", "Yes"],
    ["account.1.sip.allowSipReset", "Yes"],
    ["account.1.sip.blf.callPickup.prefix", "*8"],
    ["users.admin.password", "admin-secret"],
    ["dateTime.ntp.server.1", "192.0.2.123"],
    ["dateTime.timezone", "CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00"],
    ["language.gui", "fr"],
    ["network.port.eth.1.vlan.tag", "100"],
    ["network.port.eth.1.vlan.priority", "5"],
    ["network.dns.preferred.ip.1", "192"],
    ["network.dns.preferred.ip.4", "53"],
    ["pks.vpk.1.keyMode", "Line"],
    ["pks.vpk.2.keyMode", "Line"],
    ["pks.vpk.2.account", "1"],
    ["pks.vpk.3.keyMode", "CallPark"],
    ["pks.vpk.3.value", "701"],
    ["pks.vpk.4.keyMode", "None"],
    ["pks.vpk.5.keyMode", "BLF"],
    ["pks.vpk.5.description", "1013"],
    ["pks.vpk.5.value", "1013"]
  ])("%s is %s", (name, value) => {
    assert.strictEqual(file[name], value)
  })

  it("cross over to the keys beside the display", () => {
    const keys = { 13: { type: "speeddial", value: "1011", label: "Bob", line: "2" } } as const
    const file = settings("GXP2130", configWith({ funckeys: keys }))
    assert.strictEqual(file["pks.mpk.1.keyMode"], "SpeedDial")
    assert.strictEqual(file["pks.mpk.1.account"], "Account2")
    assert.strictEqual(file["pks.mpk.1.value"], "1011")
  })

  it.each([
    ["GXP2130", 12, 8],
    ["GXP2135", 32, 0],
    ["GXP2140", 16, 0],
    ["GXP2160", 24, 24],
    ["GXP2170", 48, 0],
    ["GRP2612", 16, 0],
    ["GRP2613", 24, 0],
    ["GRP2614", 16, 24],
    ["GRP2615", 40, 0],
    ["GRP2616", 16, 24]
  ])("of a %s are those of %i and %i keys", (model, display, side) => {
    const names = Object.keys(settings(model, fullConfig)).filter((name) => name.endsWith(".keyMode"))
    assert.lengthOf(
      names.filter((name) => name.startsWith("pks.vpk.")),
      display
    )
    assert.lengthOf(
      names.filter((name) => name.startsWith("pks.mpk.")),
      side
    )
  })

  it.each([
    ["tcp", "TCP"],
    ["tls", "TlsOrTcp"]
  ] as const)("name the transport %s %s", (transport, name) => {
    assert.strictEqual(
      settings("GRP2612", configWith({ sip_transport: transport }))["account.1.sip.transport"],
      name
    )
  })

  it("know zones without daylight saving time", () => {
    const zone = (timezone: string) => settings("GRP2612", configWith({ timezone }))["dateTime.timezone"]
    assert.strictEqual(zone("Asia/Kolkata"), "STD-5:30")
    assert.strictEqual(zone("America/New_York"), "EST5EDT4,M3.2.0/02:00:00,M11.1.0/02:00:00")
  })
})
