import { join } from "node:path"
import { assert, describe, it } from "vitest"
import type { DeviceInfo } from "../../schemas/provd/device.ts"
import { support } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { commonFilesOf, configWith, device, filesOf } from "../kit/fixture.ts"
import { fullConfig, loaded, minimalConfig, request } from "../kit/fixture.ts"
import { describeFiles } from "../kit/suite.ts"
import { panasonic } from "./plugin.ts"

const plugin = loaded(panasonic, join(import.meta.dirname, "templates"))
const vendor = "Panasonic"
const models = ["KX-UT113", "KX-UT123", "KX-UT133", "KX-UT136"]

describeFiles({
  plugin,
  vendor,
  models,
  folder: import.meta.dirname,
  extension: ".cfg",
  form: /^# Panasonic SIP Phone Standard Format File #$|^[A-Z][A-Z0-9_]*="(?:[^"\\]|\\["\\])*"$/
})

describe("what a Panasonic phone says of itself", () => {
  const forms: ReadonlyArray<[string, DeviceInfo | undefined]> = [
    [
      "Panasonic_KX-UT113/01.133 (0080f0c8c381)",
      { vendor, model: "KX-UT113", version: "01.133", mac: "00:80:f0:c8:c3:81" }
    ],
    ["Panasonic_KX-UT113/01.133 (nonsense)", undefined],
    ["Panasonic KX-UT113", undefined],
    ["", undefined]
  ]
  it.each(forms)("%s", (userAgent, info) => {
    assert.deepStrictEqual(plugin.extract?.(request({ userAgent })), info)
  })
})

describe("how well the Panasonic plugin suits", () => {
  it.each([
    [{}, support.unknown],
    [{ vendor: "Yealink", model: "KX-UT113" }, support.improbable],
    [{ vendor }, support.unknown],
    [{ vendor, model: "KX-HDV130" }, support.unknown],
    [{ vendor, model: "KX-UT113", version: "01.025" }, support.complete],
    [{ vendor, model: "KX-UT113", version: "01.133" }, support.exact]
  ])("%j", (info, score) => {
    assert.strictEqual(plugin.associate?.(info), score)
  })
})

const textFor = (model: string, config: RawConfig) =>
  filesOf(plugin, device({ vendor, model }), config)["Panasonic/Config805EC0AABBCC.cfg"] ?? ""

const settings = (model: string, config: RawConfig): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...textFor(model, config).matchAll(/^(\w+)="(.*)"$/gm)].map(([, key, value]) => [key, value])
  )

describe("a Panasonic phone's file", () => {
  const file = settings("KX-UT136", fullConfig)

  it.each([
    ["SIP_AUTHID_1", "auth1"],
    ["SIP_PASS_1", "secret1"],
    ["SIP_URI_1", "sip:user1@192.0.2.10"],
    ["SIP_PRXY_ADDR_1", "192.0.2.10"],
    ["SIP_2NDPROXY_ADDR_1", "192.0.2.11"],
    ["SIP_RGSTR_ADDR_1", "192.0.2.10"],
    ["SIP_2NDRGSTR_ADDR_1", "192.0.2.11"],
    ["SIP_PRXY_PORT_2", "5070"],
    ["PHONE_NUMBER_1", "1001"],
    ["DISPLAY_NAME_1", "Alice Martin 1"],
    ["VM_NUMBER_1", "*98"],
    ["VLAN_ENABLE", "Y"],
    ["VLAN_ID_IP_PHONE", "100"],
    ["VLAN_PRI_IP_PHONE", "5"],
    ["VLAN_ID_PC", "200"],
    ["NTP_ADDR", "192.0.2.123"],
    ["TIME_ZONE", "60"],
    ["DST_ENABLE", "Y"],
    ["DST_OFFSET", "60"],
    ["DST_START_MONTH", "3"],
    ["DST_START_ORDINAL_DAY", "5"],
    ["DST_START_DAY_OF_WEEK", "0"],
    ["DST_START_TIME", "120"],
    ["DST_STOP_MONTH", "10"],
    ["DST_STOP_TIME", "180"],
    ["SYSLOG_ADDR", "192.0.2.14"],
    ["SYSLOG_PORT", "514"],
    ["FIRM_UPGRADE_ENABLE", "Y"],
    ["FIRM_VERSION", "01.133"],
    ["FIRM_FILE_PATH", "http://192.0.2.1:8667/Panasonic/firmware/UT13x-01.133_HW1.fw"],
    ["CFG_STANDARD_FILE_PATH", "http://192.0.2.1:8667/Panasonic/Config{MAC}.cfg"],
    ["ADMIN_PASS", "admin-secret"],
    ["USER_PASS", "user-secret"],
    ["DEFAULT_LANGUAGE", "FR"],
    ["SIP_TRANSPORT_1", "0"],
    ["DTMF_METHOD_1", "0"],
    ["DTMF_METHOD_2", "2"],
    ["VM_SUBSCRIBE_ENABLE", "Y"],
    ["CODEC_ENABLE0_1", "Y"],
    ["CODEC_PRIORITY1_1", "2"],
    ["FLEX_BUTTON_FACILITY_ACT1", "X_PANASONIC_IPTEL_DN"],
    ["FLEX_BUTTON_FACILITY_ARG1", "1"],
    ["FLEX_BUTTON_FACILITY_ACT3", "X_PANASONIC_IPTEL_ONETOUCH"],
    ["FLEX_BUTTON_FACILITY_ARG3", "701"],
    ["FLEX_BUTTON_FACILITY_ACT5", "X_PANASONIC_IPTEL_CONTACT"],
    ["FLEX_BUTTON_FACILITY_ARG5", "1013"],
    ["FLEX_BUTTON_LABEL5", "1013"]
  ])("says %s: %s", (key, value) => {
    assert.strictEqual(file[key], value)
  })

  it.each(models)("of a %s begins with the line that the phone insists on", (model) => {
    assert.match(textFor(model, minimalConfig), /^# Panasonic SIP Phone Standard Format File #\n/)
  })

  it("writes no key twice", () => {
    const keys = [...textFor("KX-UT136", fullConfig).matchAll(/^(\w+)=/gm)].map(([, key]) => key)
    assert.strictEqual(new Set(keys).size, keys.length)
  })

  it("turns VLANs off where there is none", () => {
    assert.strictEqual(settings("KX-UT113", minimalConfig).VLAN_ENABLE, "N")
  })

  it("has no clock change where there is none", () => {
    const file = settings("KX-UT113", configWith({ timezone: "Asia/Kolkata" }))
    assert.deepStrictEqual([file.TIME_ZONE, file.DST_ENABLE], ["330", "N"])
  })
})

describe("files for every Panasonic phone of a model", () => {
  it.each(models)("%s.cfg says where the phone's own file is", (model) => {
    assert.strictEqual(
      commonFilesOf(plugin, minimalConfig)[`${model}.cfg`],
      "# Panasonic SIP Phone Standard Format File #\n\n" +
        'CFG_STANDARD_FILE_PATH="http://192.0.2.1:8667/Panasonic/Config{MAC}.cfg"\n'
    )
  })
})
