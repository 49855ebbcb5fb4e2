import { join } from "node:path"
import { assert, describe, it } from "vitest"
import type { DeviceInfo } from "../../schemas/provd/device.ts"
import { support } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { configWith, device, fullConfig, loaded, minimalConfig, request } from "../kit/fixture.ts"
import { describeFiles } from "../kit/suite.ts"
import { technicolor } from "./plugin.ts"

const plugin = loaded(technicolor, join(import.meta.dirname, "templates"))
const vendor = "Technicolor"
const models = ["ST2022", "ST2030", "TB30"]

/** The text that the phone reads, with the number that is new each time left out. */
const decode = ({ content }: { readonly content: string | Uint8Array }) =>
  Buffer.from(content)
    .toString("latin1")
    .replace(/^config_sn=\d{12}$/m, "config_sn=000000000000")

describeFiles({
  plugin,
  vendor,
  models,
  folder: import.meta.dirname,
  extension: ".txt",
  form: /^\[[a-z]+\]$|^[A-Za-z][\w-]*=.*$/,
  decode
})

describe("what a Technicolor phone says of itself", () => {
  const forms: ReadonlyArray<[string, DeviceInfo | undefined]> = [
    [
      "THOMSON ST2030 hw5 fw2.74 00-14-7F-E1-47-B3",
      { vendor, model: "ST2030", version: "2.74", mac: "00:14:7f:e1:47:b3" }
    ],
    [
      "Thomson TB30 hw1 fw1.74.0 00-1F-9F-84-F1-80",
      { vendor, model: "TB30", version: "1.74.0", mac: "00:1f:9f:84:f1:80" }
    ],
    ["THOMSON ST2030 hw5 fw2.74 nonsense", undefined],
    ["thomson ST2030 hw5 fw2.74 00-14-7F-E1-47-B3", undefined],
    ["", undefined]
  ]
  it.each(forms)("%s", (userAgent, info) => {
    assert.deepStrictEqual(plugin.extract?.(request({ userAgent })), info)
  })
})

describe("how well the Technicolor plugin suits", () => {
  it.each([
    [{}, support.unknown],
    [{ vendor: "Yealink", model: "ST2030" }, support.improbable],
    [{ vendor }, support.probable],
    [{ vendor, model: "ST2099" }, support.probable],
    [{ vendor, model: "ST2030", version: "2.72" }, support.complete],
    [{ vendor, model: "ST2030", version: "2.74" }, support.exact],
    [{ vendor, model: "ST2022", version: "4.78.1" }, support.exact]
  ])("%j", (info, score) => {
    assert.strictEqual(plugin.associate?.(info), score)
  })
})

const bytesFor = (model: string, config: RawConfig) => {
  const [file] = plugin.deviceFiles?.(device({ vendor, model }), config) ?? []
  return { path: file?.path, bytes: Buffer.from(file?.content ?? "") }
}

/** The values by `section/key`; fails where a key is written twice. */
const settings = (model: string, config: RawConfig): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {}
  let section = ""
  for (const line of bytesFor(model, config).bytes.toString("latin1").split("\n")) {
    const [, name] = /^\[(\w+)\]$/.exec(line) ?? []
    if (name !== undefined) section = name
    const [, key, value] = /^([\w-]+)=(.*)$/.exec(line) ?? []
    if (key === undefined) continue
    assert.notProperty(found, `${section}/${key}`)
    found[`${section}/${key}`] = value ?? ""
  }
  return found
}

describe("a Technicolor phone's file", () => {
  const file = settings("ST2030", fullConfig)

  it.each([
    ["sip/TEL1Number", "user1"],
    ["sip/TEL01Use", "1"],
    ["sip/TEL04Use", "0"],
    ["sip/regid1", "auth1"],
    ["sip/regpwd1", "secret1"],
    ["sip/DisplayNum1", "1001"],
    ["sip/DisplayNumFlag1", "1"],
    ["sip/DisplayName1", "Alice Martin 1"],
    ["sip/ProxyServerMP1", "192.0.2.10"],
    ["sip/ProxyServerBK1", "192.0.2.11"],
    ["sip/RegisterServerMP1", "192.0.2.10"],
    ["sip/RegisterServerBK1", "192.0.2.11"],
    ["sip/ProxyServerMP2", "192.0.2.10:5070"],
    ["sip/TransportFlgMP1", "0"],
    ["sip/VoiceMailTelNum", "*98"],
    ["sip/CallPkupSC", "*8X"],
    ["sip/subscribe_event", "1"],
    ["sys/CountryCode", "FR"],
    ["sys/dtmf_mode_flag", "1"],
    ["sys/Phonebook1_name", "Annuaire"],
    ["sys/FeatureKeyExt01", "L/<sip:1011>"],
    ["sys/FeatureKeyExt02", "S/<sip:1012>"],
    ["sys/FeatureKeyExt03", "L/<sip:701>"],
    ["sys/FeatureKeyExt04", "L/<sip:>"],
    ["sys/FeatureKeyExt66", "L/<sip:>"],
    ["sys/UserID", "user"],
    ["sys/UserPWD", "user-secret"],
    ["sys/WebPWD", "admin-secret"],
    ["sys/TelnetID", "admin"],
    ["sys/TelnetPWD", "admin-secret"],
    ["ipp/LanguageType", "1"],
    ["net/VLAN", "1"],
    ["net/DNSSrv1", "192.0.2.53"],
    ["qos/VLANid1", "100"],
    ["qos/VLANid2", "200"],
    ["qos/VLANTag1", "5"],
    ["ntp/NTPFlag", "1"],
    ["ntp/NtpIP", "192.0.2.123"],
    ["ntp/NtpZoneNum", "25"]
  ])("says %s: %s", (key, value) => {
    assert.strictEqual(file[key], value)
  })

  it("names the directory, with the place for what is searched", () => {
    const url = "http://192.0.2.98:9498/0.1/directories/lookup/default/thomson"
    assert.strictEqual(
      file["sys/Phonebook1_url"],
      `${url}?xivo_user_uuid=7f523550-03cf-4dac-a858-cb8afdb34775&term=#SEARCH`
    )
  })

  it.each([
    ["ST2022", "ST2022S"],
    ["ST2030", "ST2030S"],
    ["TB30", "TB30S"]
  ])("of a %s is called %s_{MAC}.txt", (model, prefix) => {
    assert.strictEqual(bytesFor(model, minimalConfig).path, `${prefix}_805EC0AABBCC.txt`)
  })

  it("is ISO-8859-1", () => {
    const line = { ...fullConfig.sip_lines["1"], display_name: "Zoé Łukasz €" }
    const { bytes } = bytesFor("ST2030", configWith({ sip_lines: { 1: line } }))
    assert.isTrue(bytes.includes(Buffer.from("DisplayName1=Zo\u00e9 ?ukasz ?\n", "latin1")))
  })

  it("has another number of twelve characters each time", () => {
    const numbers = Array.from({ length: 50 }, () => settings("ST2030", minimalConfig)["sys/config_sn"] ?? "")
    assert.strictEqual(new Set(numbers).size, numbers.length)
    for (const number of numbers) assert.match(number, /^\d{12}$/)
  })

  it.each([
    ["RTP-in-band", "0"],
    ["SIP-INFO", "4"]
  ] as const)("has %s as %s", (mode, value) => {
    assert.strictEqual(
      settings("ST2030", configWith({ sip_lines: { 1: { dtmf_mode: mode } } }))["sys/dtmf_mode_flag"],
      value
    )
  })

  it.each([
    ["tcp", "1"],
    ["tls", "2"]
  ] as const)("has the transport %s as %s", (transport, value) => {
    assert.strictEqual(
      settings("ST2030", configWith({ sip_transport: transport }))["sip/TransportFlgMP4"],
      value
    )
  })

  it.each([
    ["Europe/London", "21"],
    ["America/New_York", "11"],
    ["America/Los_Angeles", "4"],
    ["Australia/Sydney", "58"],
    ["Asia/Kolkata", "41"],
    ["Asia/Tokyo", "51"]
  ])("has %s as zone %s", (timezone, number) => {
    assert.strictEqual(settings("ST2030", configWith({ timezone }))["ntp/NtpZoneNum"], number)
  })
})

describe("files for every Technicolor phone of a model", () => {
  const files = new Map((plugin.commonFiles?.(minimalConfig) ?? []).map((file) => [file.path, decode(file)]))
  it.each(["ST2022S.inf", "ST2030S.inf", "TB30S.inf"])(
    "%s names the firmware and the configuration",
    (name) => {
      const text = files.get(name) ?? ""
      assert.match(text, /^\[application\]\nfwurl=http:\/\/192\.0\.2\.1:8667\/binary\//)
      assert.match(text, /\n\[config\]\ntelcfg=http:\/\/192\.0\.2\.1:8667\/telconf-[\d.]+-1\.txt\n/)
      assert.match(text, /\ncommon_config=http:\/\/192\.0\.2\.1:8667\/comconf-[\d.]+-1\.txt\n/)
      assert.match(text, /\nconfig=http:\/\/192\.0\.2\.1:8667\/\n$/)
    }
  )
})
