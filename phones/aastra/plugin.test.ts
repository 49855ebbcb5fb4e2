import { join } from "node:path"
import { assert, describe, it } from "vitest"
import type { DeviceInfo } from "../../schemas/provd/device.ts"
import { support } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import {
  commonFilesOf,
  configWith,
  device,
  filesOf,
  fullConfig,
  loaded,
  minimalConfig,
  request
} from "../kit/fixture.ts"
import { describeFiles } from "../kit/suite.ts"
import { aastra } from "./plugin.ts"

const plugin = loaded(aastra, join(import.meta.dirname, "templates"))

describeFiles({
  plugin,
  vendor: "Aastra",
  models: [
    "6730i",
    "6731i",
    "6735i",
    "6737i",
    "6739i",
    "6753i",
    "6755i",
    "6757i",
    "6863i",
    "6865i",
    "6867i",
    "6869i",
    "6873i",
    "6905",
    "6910",
    "6915",
    "6920",
    "6930",
    "6940",
    "9143i",
    "9480i"
  ],
  folder: import.meta.dirname,
  extension: ".cfg",
  form: /^[a-z][a-z0-9 -]*: .*$|^[a-z][a-z0-9 -]*:\s*$/
})

describe("what an Aastra or Mitel phone says of itself", () => {
  const vendor = "Aastra"
  const old = (model: string): [string, DeviceInfo] => [
    `Aastra${model} MAC:00-08-5D-00-00-01 V:2.6.0.1008-SIP`,
    { vendor, model: `67${model}`, version: "2.6.0.1008", mac: "00:08:5d:00:00:01" }
  ]
  const forms: ReadonlyArray<[string, DeviceInfo]> = [
    [
      "Aastra6731i MAC:00-08-5D-23-74-29 V:3.2.0.70-SIP",
      { vendor, model: "6731i", version: "3.2.0.70", mac: "00:08:5d:23:74:29" }
    ],
    [
      "Mitel6920 MAC:14-00-E9-1F-03-EA V:6.4.0.140-SIP",
      { vendor, model: "6920", version: "6.4.0.140", mac: "14:00:e9:1f:03:ea" }
    ],
    [
      "Aastraconstructor MAC:00-08-5D-23-74-29 V:3.2.0.70-SIP",
      { vendor, model: "constructor", version: "3.2.0.70", mac: "00:08:5d:23:74:29" }
    ],
    old("51i"),
    old("53i"),
    old("55i"),
    old("57i")
  ]
  it.each(forms)("%s", (userAgent, info) => {
    assert.deepStrictEqual(plugin.extract?.(request({ userAgent })), info)
  })

  it.each([
    "Aastra6731i MAC:nonsense V:3.2.0.70-SIP",
    "Mozilla/5.0",
    "",
    "xAastra6731i MAC:00-08-5D-23-74-29 V:1-SIP"
  ])("nothing from %j", (userAgent) => {
    assert.isUndefined(plugin.extract?.(request({ userAgent })))
  })
})

describe("how well the Aastra plugin suits", () => {
  it.each([
    [{}, support.unknown],
    [{ vendor: "Yealink", model: "6731i" }, support.improbable],
    [{ vendor: "Aastra" }, support.unknown],
    [{ vendor: "Aastra", model: "6999" }, support.unknown],
    [{ vendor: "Aastra", model: "6731i", version: "3.2.0.70" }, support.complete],
    [{ vendor: "Aastra", model: "6731i", version: "3.3.1.4365" }, support.exact]
  ])("%j", (info, score) => {
    assert.strictEqual(plugin.associate?.(info), score)
  })
})

/** The settings of a phone by name; the last one of a name counts, as in the phone. */
const settings = (model: string, config: RawConfig, own: Record<string, string> = {}) => {
  const phone = { ...device({ vendor: "Aastra", model, ...own }), options: { switchboard: true } }
  const text = filesOf(plugin, phone, config)["Aastra/805EC0AABBCC.cfg"] ?? ""
  return Object.fromEntries(text.split("\n").map((line) => line.split(/: ?(.*)/s, 2)))
}

describe("an Aastra phone's file", () => {
  const file = settings("6757i", fullConfig)

  it.each([
    ["sip line1 user name", "user1"],
    ["sip line1 auth name", "auth1"],
    ["sip line1 password", "secret1"],
    ["sip line1 display name", "Alice Martin 1"],
    ["sip line1 screen name", "Alice Martin 1"],
    ["sip line1 screen name 2", "1001"],
    ["sip line1 proxy ip", "192.0.2.10"],
    ["sip line1 proxy port", "5060"],
    ["sip line1 backup proxy ip", "192.0.2.11"],
    ["sip line1 registrar ip", "192.0.2.10"],
    ["sip line1 backup registrar ip", "192.0.2.11"],
    ["sip line1 vmail", "*98"],
    ["sip line1 dtmf method", "0"],
    ["sip line1 srtp mode", "0"],
    ["sip line2 proxy port", "5070"],
    ["sip line2 backup proxy port", "5071"],
    ["sip line2 registrar port", "5070"],
    ["sip line2 backup registrar port", "5071"],
    ["sip line2 dtmf method", "1"],
    ["sip out-of-band dtmf", "1"],
    ["sip dtmf method", "0"],
    ["sip transport protocol", "1"],
    ["sip explicit mwi subscription", "1"],
    ["sips trusted certificates", "805EC0AABBCC-ca_servers.crt"],
    ["upgrade uri", "http://192.0.2.1:8667/Aastra"],
    ["download protocol", "HTTP"],
    ["http server", "192.0.2.1"],
    ["http path", "Aastra"],
    ["http port", "8667"],
    ["contact rcs", "0"],
    ["inactive minet present", "1"],
    ["dns1", "192.0.2.53"],
    ["tagging enabled", "1"],
    ["vlan id", "100"],
    ["priority non-ip", "5"],
    ["vlan id port 1", "200"],
    ["time server disabled", "0"],
    ["time server1", "192.0.2.123"],
    ["time zone name", "Custom"],
    ["time zone minutes", "-60"],
    ["dst config", "3"],
    ["dst minutes", "60"],
    ["dst start month", "3"],
    ["dst start week", "-1"],
    ["dst start day", "1"],
    ["dst start hour", "2"],
    ["dst end month", "10"],
    ["dst end week", "-1"],
    ["dst end day", "1"],
    ["dst end hour", "3"],
    ["language 1", "i18n/lang_fr.txt"],
    ["tone set", "France"],
    ["input language", "French"],
    ["admin password", "admin-secret"],
    ["user password", "user-secret"],
    ["log server ip", "192.0.2.14"],
    ["log server port", "514"],
    ["log module sip", "7"],
    ["directed call pickup prefix", "*8"],
    ["sip xml notify event", "1"],
    ["call waiting", "0"],
    ["sip line1 park pickup config", "701;701;asterisk"],
    ["topsoftkey1 type", "speeddial"],
    ["topsoftkey1 value", "1011"],
    ["topsoftkey1 label", "Bob"],
    ["topsoftkey1 line", "1"],
    ["topsoftkey2 type", "blf"],
    ["topsoftkey3 type", "park"],
    ["topsoftkey3 value", "asterisk;701"],
    ["topsoftkey5 label", "1013"],
    ["expmod1 key10 value", "1014"]
  ])("says %s: %s", (name, value) => {
    assert.strictEqual(file[name], value)
  })

  it("names codecs", () => {
    assert.match(file["sip customized codec"] ?? "", /^payload=9;ptime=20/)
  })

  it("knows every mode of DTMF, SRTP, transport and logging", () => {
    const inBand = settings("6731i", configWith({ sip_dtmf_mode: "RTP-in-band" }))
    assert.deepStrictEqual([inBand["sip out-of-band dtmf"], inBand["sip dtmf method"]], ["0", "0"])
    const info = settings("6731i", configWith({ sip_dtmf_mode: "SIP-INFO" }))
    assert.deepStrictEqual([info["sip out-of-band dtmf"], info["sip dtmf method"]], ["1", "1"])
    const secure = settings(
      "6731i",
      configWith({ sip_lines: { 1: { srtp_mode: "required" } }, sip_transport: "tls" })
    )
    assert.strictEqual(secure["sip line1 srtp mode"], "2")
    assert.strictEqual(secure["sip transport protocol"], "4")
    for (const [level, value] of [
      ["critical", "1"],
      ["error", "3"],
      ["info", "39"],
      ["debug", "65535"]
    ] as const)
      assert.strictEqual(settings("6731i", configWith({ syslog_level: level }))["log module net"], value)
  })

  it("writes 0.0.0.0 where there is no backup, and an untagged PC port", () => {
    const plain = settings(
      "6731i",
      configWith({ vlan_pc_port_id: null, sip_lines: { 1: { proxy_ip: "192.0.2.10" } } })
    )
    assert.strictEqual(plain["sip line1 backup proxy ip"], "0.0.0.0")
    assert.strictEqual(plain["sip line1 backup registrar ip"], "0.0.0.0")
    assert.strictEqual(plain["vlan id port 1"], "4095")
  })

  it("names the server where there is no NTP, with the provisioning key and with TLS", () => {
    const file = settings("6731i", {
      ...minimalConfig,
      http_base_url: "https://phones.example.org/tenant-key-1"
    })
    assert.strictEqual(file["time server disabled"], "1")
    assert.strictEqual(file["upgrade uri"], "https://phones.example.org/tenant-key-1/Aastra")
    assert.strictEqual(file["download protocol"], "HTTPS")
    assert.strictEqual(file["https server"], "phones.example.org")
    assert.strictEqual(file["https path"], "tenant-key-1/Aastra")
    assert.strictEqual(file["https port"], "443")
  })

  it("finds the languages of firmware 5 beside itself", () => {
    assert.strictEqual(settings("6930", fullConfig)["language 1"], "Aastra/i18n/lang_fr.txt")
    assert.strictEqual(
      settings("6867i", fullConfig, { version: "4.2.0.2023" })["language 1"],
      "i18n/lang_fr.txt"
    )
    assert.strictEqual(
      settings("6867i", configWith({ locale: "fr_CA" }))["language 1"],
      "Aastra/i18n/lang_fr_ca.txt"
    )
  })

  it("leaves a zone without daylight saving time alone", () => {
    const file = settings("6731i", configWith({ timezone: "America/Bogota" }))
    assert.strictEqual(file["time zone minutes"], "300")
    assert.strictEqual(file["dst config"], "0")
  })

  it("has default keys below the function keys", () => {
    const plain = settings("6731i", configWith({ funckeys: { 2: { type: "blf", value: "1012" } } }))
    assert.strictEqual(plain["prgkey1 value"], "*98")
    assert.strictEqual(plain["prgkey2 type"], "blf")
    assert.strictEqual(plain["prgkey2 value"], "1012")
    assert.strictEqual(plain["prgkey3 value"], "*25")
    assert.strictEqual(plain["prgkey4 value"], "*8")
    assert.strictEqual(plain["prgkey5 type"], "services")
    assert.strictEqual(plain["prgkey8 type"], "xml")
    assert.match(plain["prgkey8 value"] ?? "", /\/directories\/input\/default\/aastra\?xivo_user_uuid=/)
    const modern = settings("6920", configWith({ funckeys: {} }))
    assert.strictEqual(modern["softkey1 value"], "*21")
    assert.strictEqual(modern["softkey2 value"], "*25")
    assert.strictEqual(modern["softkey3 type"], "directory")
    assert.match(modern["directory script"] ?? "", /\/directories\/input\/default\/aastra\?xivo_user_uuid=/)
  })

  it("dials where the soft keys of a 68xx cannot watch", () => {
    const file = settings("6867i", configWith({ funckeys: { 21: { type: "blf", value: "1012" } } }))
    assert.strictEqual(file["softkey1 type"], "speeddial")
    assert.strictEqual(file["softkey1 value"], "1012")
  })
})

describe("Aastra files beside the phone's own", () => {
  it("hold the certificates, the root first", () => {
    const files = filesOf(plugin, device({ vendor: "Aastra", model: "6920" }), fullConfig)
    assert.strictEqual(
      files["Aastra/805EC0AABBCC-ca_servers.crt"],
      (fullConfig.sip_servers_root_and_intermediate_certificates ?? []).join("")
    )
  })

  it("name the server for phones that nobody configured", () => {
    const text = commonFilesOf(plugin, minimalConfig)["Aastra/aastra.cfg"] ?? ""
    assert.include(text, "http server: 192.0.2.1\n")
  })
})
