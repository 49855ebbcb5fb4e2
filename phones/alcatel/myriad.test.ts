import { join } from "node:path"
import { assert, describe, it } from "vitest"
import type { DeviceInfo } from "../../schemas/provd/device.ts"
import { support } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { commonFilesOf, configWith, device, filesOf } from "../kit/fixture.ts"
import { fullConfig, loaded, minimalConfig, request } from "../kit/fixture.ts"
import { describeFiles } from "../kit/suite.ts"
import { alcatelLucent } from "./myriad.ts"

const plugin = loaded(alcatelLucent, join(import.meta.dirname, "templates"))
const vendor = "Alcatel-Lucent"
const models = ["M3", "M5", "M7", "8028s-GE"]

describeFiles({ plugin, vendor, models, folder: import.meta.dirname, extension: ".xml", form: "xml" })

describe("what an Alcatel-Lucent phone says of itself", () => {
  const mac = "3c:28:a6:20:08:9e"
  const forms: ReadonlyArray<[string, DeviceInfo | undefined]> = [
    ["ALE M5-CE 2.13.02.1604 3c28a620089e", { vendor, model: "M5", version: "2.13.02.1604", mac }],
    ["ALE M3 2.11.01.1604 3c28a620089e", { vendor, model: "M3", version: "2.11.01.1604", mac }],
    ["ALE 8028s-GE 1.51.52.2204 3c28a620089e", { vendor, model: "8028s-GE", version: "1.51.52.2204", mac }],
    ["ALE M4 2.13.02.1604 3c28a620089e", undefined],
    ["", undefined]
  ]
  it.each(forms)("%s", (userAgent, info) => {
    assert.deepStrictEqual(plugin.extract?.(request({ userAgent })), info)
  })

  it("may stand in the query", () => {
    assert.deepStrictEqual(plugin.extract?.(request({ query: { mac: "3C28A620089E" } })), { mac })
    assert.isUndefined(plugin.extract?.(request({ query: { mac: "nonsense" } })))
  })
})

describe("how well the Alcatel-Lucent plugin suits", () => {
  it.each([
    [{}, support.unknown],
    [{ vendor: "Alcatel", model: "4028" }, support.improbable],
    [{ vendor }, support.probable],
    [{ vendor, model: "M8" }, support.probable],
    [{ vendor, model: "M5", version: "2.11.01.1604" }, support.complete],
    [{ vendor, model: "M5", version: "2.13.02" }, support.exact],
    [{ vendor, model: "M5", version: "2.13.02.1604" }, support.exact]
  ])("%j", (info, score) => {
    assert.strictEqual(plugin.associate?.(info), score)
  })
})

/** The settings of a phone; fails where one is written twice. */
const settings = (model: string, config: RawConfig, own: object = {}): Readonly<Record<string, string>> => {
  const text =
    filesOf(plugin, { ...device({ vendor, model }), ...own }, config)["config.805ec0aabbcc.xml"] ?? ""
  const found: Record<string, string> = {}
  for (const [, id = "", value = ""] of text.matchAll(/<setting id="(\w+)" value="(.*?)"/g)) {
    assert.notProperty(found, id)
    found[id] = value
  }
  return found
}

describe("the settings of an Alcatel-Lucent phone", () => {
  const file = settings("M5", fullConfig)
  it.each([
    ["Account1Enable", "true"],
    ["Account3Enable", "false"],
    ["Account1UserName", "user1"],
    ["Account1RegName", "auth1"],
    ["Account1Password", "secret1"],
    ["Account1Label", "1001 - Alice Martin 1"],
    ["Account1DisplayName", "Alice Martin 1"],
    ["Account1Server1Address", "192.0.2.10"],
    ["Account1Server1Port", "5060"],
    ["Account1Server1Transport", "udp"],
    ["Account1Server2Address", "192.0.2.11"],
    ["Account2Server1Port", "5070"],
    ["Account2Server2Port", "5071"],
    ["Account2OutboundProxy1Address", "192.0.2.12"],
    ["Account1DtmfMode", "2"],
    ["Account2DtmfMode", "4"],
    ["Account1SrtpWorkingMode", "0"],
    ["Account1AudioCodec", "0;8;18;9;98;125"],
    ["Account1VmNumber", "*98"],
    ["Account1MwiUri", "*98"],
    ["DeviceNetworkDns1", "192.0.2.53"],
    ["DeviceNetworkLanVlanEnable", "true"],
    ["DeviceNetworkLanVlanNumber", "100"],
    ["DeviceNetworkPcVlanEnable", "true"],
    ["DeviceNetworkPcVlanNumber", "200"],
    ["SettingTimeZone", "+1:00"],
    ["SettingTimeZoneLocation", "Europe/Paris"],
    ["SettingDstEnable", "2"],
    ["SettingSntpServer", "192.0.2.123"],
    ["SettingLanguage", "1"],
    ["DeviceSecurityAdminName", "admin"],
    ["DeviceSecurityAdminPwd", "admin-secret"],
    ["DeviceSecurityUserName", "user"],
    ["DeviceSecurityUserPwd", "user-secret"],
    ["DeviceProvisionServerUrl", "http://192.0.2.1:8667"],
    ["DeviceFirmwareUpgradeUrl", "http://192.0.2.1:8667/firmware"],
    [
      "RemotePhoneBook1Url",
      "http://192.0.2.98:9498/0.1/directories/input/default/snom?xivo_user_uuid=7f523550-03cf-4dac-a858-cb8afdb34775"
    ],
    ["ProgramKey2Type", "1"],
    ["ProgramKey2Label", "Bob"],
    ["ProgramKey2Value", "1011"],
    ["ProgramKey2Extension", "1011"],
    ["ProgramKey2Account", "1"],
    ["ProgramKey3Type", "59"],
    ["ProgramKey4Type", "1"],
    ["ProgramKey6Label", "1013"]
  ])("%s is %s", (id, value) => {
    assert.strictEqual(file[id], value)
  })

  it("are English without a locale", () => {
    assert.strictEqual(settings("M5", minimalConfig).SettingLanguage, "0")
  })

  it.each([
    ["de_DE", "2"],
    ["it_IT", "3"],
    ["es_ES", "4"],
    ["nl_NL", "5"],
    ["ja_JP", "0"]
  ])("speak %s as %s", (locale, value) => {
    assert.strictEqual(settings("M5", configWith({ locale })).SettingLanguage, value)
  })

  it.each([
    ["America/New_York", "-5:00", "2"],
    ["Asia/Kolkata", "+5:30", "0"],
    ["Etc/UTC", "+0:00", "0"]
  ])("know %s as %s", (timezone, value, summer) => {
    const file = settings("M5", configWith({ timezone }))
    assert.deepStrictEqual([file.SettingTimeZone, file.SettingDstEnable], [value, summer])
  })

  it("answer by themselves at a switchboard", () => {
    assert.strictEqual(file.Account1AutoAnswerEnable, "false")
    const operator = settings("M5", fullConfig, { options: { switchboard: true } })
    assert.strictEqual(operator.Account1AutoAnswerEnable, "true")
  })

  it("have names of their own in an 8028s", () => {
    const file = settings("8028s-GE", fullConfig)
    assert.strictEqual(file.SIPServer1Address, "192.0.2.10")
    assert.strictEqual(file.SIPGroup1AuthenticationName, "auth1")
    assert.strictEqual(file.SIPGroup2DeviceUri, "user2")
    assert.strictEqual(file.LocalEnetcfgVlan, "100")
    assert.strictEqual(file.DmAdminPasswd, "admin-secret")
  })

  it("leave out keys that the phone lacks", () => {
    assert.notProperty(file, "ProgramKey41Type")
    assert.notProperty(
      settings("8028s-GE", configWith({ funckeys: { 6: { type: "blf", value: "1" } } })),
      "ProgramKey7Type"
    )
  })
})

describe("an Alcatel-Lucent phone of no model", () => {
  it("is not configured", () => {
    assert.throws(() => plugin.deviceFiles?.(device({ vendor }), fullConfig), /model/)
  })
})

describe("files for every Alcatel-Lucent phone of a model", () => {
  it.each(models)("config.%s.xml names the firmware's folder", (model) => {
    assert.include(
      commonFilesOf(plugin, minimalConfig)[`config.${model}.xml`],
      '<setting id="DeviceFirmwareUpgradeUrl" value="http://192.0.2.1:8667/firmware"/>'
    )
  })
})
