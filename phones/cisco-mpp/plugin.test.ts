import { assert, describe, it } from "vitest"
import { support } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import {
  assertSettings,
  commonFilesOf,
  configWith,
  device,
  elementsOf,
  filesOf,
  fullConfig,
  loaded,
  minimalConfig,
  notifiesOf,
  request,
  snapshotOf,
  xmlFault
} from "../kit/fixture.ts"
import { describeFiles } from "../kit/suite.ts"
import { mppModels } from "./models.ts"
import { ciscoMpp } from "./plugin.ts"

const plugin = loaded(ciscoMpp, new URL("./templates", import.meta.url).pathname)
const phone = (model = "8841") => device({ vendor: "Cisco", model, mac: "00:56:2b:04:36:15" })
const fileOf = (config: RawConfig, of = phone()) => filesOf(plugin, of, config)["00562b043615.xml"] ?? ""
const settings = (config: RawConfig, of = phone()) => elementsOf(fileOf(config, of))
const has = (config: RawConfig, expected: Readonly<Record<string, string>>, of = phone()) =>
  assertSettings(settings(config, of), expected)

describe("a request of a Cisco multiplatform phone", () => {
  const mac = "00:56:2b:04:36:15"
  const table = [
    [{ userAgent: "Cisco-CP-7832-3PCC/11.0.1 (00562b043615)" }, { model: "7832", version: "11.0.1", mac }],
    [
      { userAgent: "Cisco/ATA191-MPP-11-1-0MPP0401-002 (00562b043615)", path: "/00562b043615.xml" },
      { model: "ATA191", version: "11-1-0MPP0401-002", sn: "00562b043615", mac }
    ],
    [
      { protocol: "tftp", path: "/Cisco/CP-7841-3PCC/00562b043615.cfg" },
      { model: "7841", mac }
    ],
    [{ protocol: "tftp", path: "/spa508G.cfg" }, undefined],
    [{ protocol: "dhcp", options: { 60: "CP-7841-3PCC" } }, { model: "7841" }],
    [{ protocol: "dhcp", options: { 60: "CISCO ATA191-MPP" } }, { model: "ATA191" }],
    [{ protocol: "dhcp", options: { 60: "Cisco SPA508G" } }, undefined],
    [{ userAgent: "Cisco/SPA508G-7.4.4 (0002FDFF2103)(CBT141400UK)" }, undefined]
  ] as const
  it.each(table)("%o", (own, info) => {
    assert.deepStrictEqual(
      plugin.extract?.(request(own)),
      info === undefined ? undefined : { vendor: "Cisco", ...info }
    )
  })
})

describe("the plugin", () => {
  it("suits its own models only", () => {
    assert.strictEqual(
      plugin.associate?.({ vendor: "Cisco", model: "8841", version: "11.3.1" }),
      support.exact
    )
    assert.strictEqual(plugin.associate?.({ vendor: "Cisco", model: "8841" }), support.complete)
    assert.strictEqual(plugin.associate?.({ vendor: "Cisco", model: "SPA508G" }), support.improbable)
    assert.strictEqual(plugin.associate?.({ vendor: "Cisco" }), support.probable)
    assert.strictEqual(plugin.associate?.({ vendor: "Snom" }), support.improbable)
  })

  it("configures no phone without MAC address or HTTP", () => {
    assert.throws(() => plugin.deviceFiles?.({ ...phone(), mac: null }, fullConfig), /MAC/)
    assert.throws(() => plugin.deviceFiles?.(phone(), { ...fullConfig, http_port: null }), /http_port/)
  })

  it("knows its files and how to have them fetched", async () => {
    assert.strictEqual(plugin.remoteStateTrigger?.(phone()), "00562b043615.xml")
    assert.isTrue(plugin.isSensitive?.("00562b043615.xml"))
    assert.isFalse(plugin.isSensitive?.("cp-phone.xml"))
    assert.deepStrictEqual(await notifiesOf(plugin, phone(), fullConfig), [{ event: "check-sync" }])
  })

  it("leads each model from its first file to the common one and to its own", async ({ expect }) => {
    const files = commonFilesOf(plugin, minimalConfig)
    for (const [path, text] of Object.entries(files)) assert.isUndefined(xmlFault(text), path)
    const first = files["8841-3PCC.xml"] ?? ""
    assert.include(first, "<Profile_Rule_B>http://192.0.2.1:8667/cp-phone.xml</Profile_Rule_B>")
    assert.include(first, "<Profile_Rule_C>http://192.0.2.1:8667/$MA.xml</Profile_Rule_C>")
    assert.include(first, "<Resync_Periodic>3600</Resync_Periodic>")
    await expect(snapshotOf(files)).toMatchFileSnapshot("./snapshots/common.txt")
  })
})

describe("a Cisco multiplatform phone's file", () => {
  it("begins with what the phone is to forget, and overrides it", () => {
    const file = fileOf(fullConfig)
    assert.isBelow(
      file.indexOf(`<Primary_NTP_Server ua="na"/>`),
      file.indexOf("<Primary_NTP_Server>192.0.2.123<")
    )
    assert.include(file, `<Screen_Saver_Enable ua="rw">Yes</Screen_Saver_Enable>`)
  })

  it("has accounts, passwords, time, locale, VLAN, keys and directory", () => {
    has(fullConfig, {
      Admin_Password: "admin-secret",
      User_Password: "user-secret",
      Primary_DNS: "192.0.2.53",
      Syslog_Server: "192.0.2.14:514",
      Enable_VLAN: "Yes",
      VLAN_ID: "100",
      PC_Port_VLAN_ID: "200",
      Voice_Mail_Number: "*98",
      Call_Pickup_Code: "*8",
      Group_Call_Pickup_Code: "*9",
      Station_Name: "Alice Martin 1",
      Upgrade_Rule: "http://192.0.2.1:8667/sip88xx.11-3-1MSR3-3.loads",
      Language_Selection: "French",
      Locale: "fr-FR",
      Time_Zone: "GMT+01:00",
      Daylight_Saving_Time_Rule: "start=3/-1/7/2:0:0;end=10/-1/7/3:0:0;save=1:0:0",
      Proxy_1_: "xivo_proxies1:SRV=192.0.2.10:5060:p=0|192.0.2.11:5060:p=1",
      User_ID_1_: "user1",
      Password_1_: "secret1",
      DTMF_Tx_Method_2_: "INFO",
      SIP_Transport_1_: "UDP",
      Extension_1_: "1",
      Extended_Function_1_: "",
      Extended_Function_3_: "fnc=sd;ext=701@$PROXY;nme=Park",
      Extended_Function_5_: "fnc=sd+blf+cp;sub=1013@$PROXY;nme=1013",
      XML_Directory_Service_URL:
        "http://192.0.2.98:9498/0.1/directories/input/default/cisco?xivo_user_uuid=7f523550-03cf-4dac-a858-cb8afdb34775"
    })
    has(configWith({ sip_srtp_mode: "required", sip_lines: { 1: { username: "user1" } } }), {
      Secure_Call_Option_1_: "Required"
    })
  })
})

describeFiles({
  plugin,
  vendor: "Cisco",
  models: Object.keys(mppModels),
  folder: import.meta.dirname,
  extension: ".xml",
  form: "xml"
})
