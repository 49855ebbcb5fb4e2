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
  hostileConfig,
  loaded,
  minimalConfig,
  notifiesOf,
  request,
  snapshotOf,
  xmlFault
} from "../kit/fixture.ts"
import { describeFiles } from "../kit/suite.ts"
import { spaModels } from "./models.ts"
import { ciscoSpa } from "./plugin.ts"

const plugin = loaded(ciscoSpa, new URL("./templates", import.meta.url).pathname)
const phone = (model = "SPA504G") => device({ vendor: "Cisco", model, mac: "00:02:fd:ff:21:03" })
const fileOf = (config: RawConfig, of = phone()) => filesOf(plugin, of, config)["0002fdff2103.xml"] ?? ""
/** The settings as the phone takes them: the last of a name wins. */
const settings = (config: RawConfig, of = phone()) => elementsOf(fileOf(config, of))
const has = (config: RawConfig, expected: Readonly<Record<string, string>>, of = phone()) =>
  assertSettings(settings(config, of), expected)

describe("a request of a Cisco SPA phone", () => {
  const mac = "00:02:fd:ff:21:03"
  const http = [
    [
      "Cisco/SPA508G-7.4.4 (0002FDFF2103)(CBT141400UK)",
      "/",
      { model: "SPA508G", version: "7.4.4", mac, sn: "CBT141400UK" }
    ],
    [
      "Cisco/SPA508G-7.4.8a (0002FDFF2103)(CBT141400UK)",
      "/",
      { model: "SPA508G", version: "7.4.8a", mac, sn: "CBT141400UK" }
    ],
    ["Cisco/SPA525G-7.4.7 (CBT141900G7)", "/", { model: "SPA525G", version: "7.4.7", sn: "CBT141900G7" }],
    [
      "Cisco/SPA525G-7.4.7 (CBT141900G7)",
      "/0002fdff2103.xml",
      { model: "SPA525G", version: "7.4.7", sn: "CBT141900G7", mac }
    ],
    [
      "Linksys/SPA-942-6.1.5(a) (88019FA42805)",
      "/",
      { model: "SPA942", version: "6.1.5(a)", sn: "88019FA42805" }
    ],
    ["Linksys/PAP2T-5.1.6(LS) (FM500H)", "/", { model: "PAP2T", version: "5.1.6(LS)", sn: "FM500H" }],
    ["Cisco/ATA191-MPP-11-1-0MPP0401-002 (00562b043615)", "/", undefined],
    ["Cisco-CP-7832-3PCC/11.0.1 (00562b043615)", "/", undefined],
    ["", "/0002fdff2103.xml", undefined]
  ] as const
  it.each(http)("over HTTP: %s %s", (userAgent, path, info) => {
    assert.deepStrictEqual(
      plugin.extract?.(request({ userAgent, path })),
      info === undefined ? undefined : { vendor: "Cisco", ...info }
    )
  })

  const tftp = [
    ["/spa508G.cfg", "SPA508G"],
    ["spa525g2.cfg", "SPA525G2"],
    ["/init.cfg", "PAP2T"],
    ["init.cfg", "PAP2T"],
    ["/ATA0002FDFF2103.cnf.xml", "ATA190"],
    ["ATA0002FDFF2103.cnf.xml", "ATA190"],
    ["/SEP0002FDFF2103.cnf.xml", undefined]
  ] as const
  it.each(tftp)("over TFTP: %s", (path, model) => {
    assert.deepStrictEqual(
      plugin.extract?.(request({ protocol: "tftp", path })),
      model === undefined ? undefined : { vendor: "Cisco", model }
    )
  })

  const dhcp = [
    ["Cisco SPA508G", "SPA508G"],
    ["Cisco SPA525g", "SPA525G"],
    ["Cisco SPA525G2", "SPA525G2"],
    ["CISCO SPA122", "SPA122"],
    ["CISCO ATA190", "ATA190"],
    ["LINKSYS SPA-942", "SPA942"],
    ["LINKSYS SPA8000", "SPA8000"],
    ["CISCO ATA191-MPP", undefined],
    ["Cisco Systems, Inc. IP Phone CP-7942G", undefined]
  ] as const
  it.each(dhcp)("by its DHCP class: %s", (text, model) => {
    assert.deepStrictEqual(
      plugin.extract?.(request({ protocol: "dhcp", path: "", options: { 60: text } })),
      model === undefined ? undefined : { vendor: "Cisco", model }
    )
  })
})

describe("the plugin", () => {
  it("suits its own models only", () => {
    const score = (model?: string, version?: string) =>
      plugin.associate?.({
        vendor: "Cisco",
        ...(model === undefined ? {} : { model }),
        ...(version === undefined ? {} : { version })
      })
    assert.strictEqual(score("SPA508G", "7.5.5"), support.exact)
    assert.strictEqual(score("SPA508G", "7.4.4"), support.complete)
    assert.strictEqual(score("SPA942"), support.improbable)
    assert.strictEqual(score(), support.probable)
    assert.strictEqual(plugin.associate?.({ vendor: "Snom" }), support.improbable)
    assert.strictEqual(plugin.associate?.({}), support.unknown)
  })

  it("configures no phone without MAC address or HTTP", () => {
    assert.throws(() => plugin.deviceFiles?.({ ...phone(), mac: null }, fullConfig), /MAC/)
    assert.throws(() => plugin.deviceFiles?.(phone(), { ...fullConfig, http_port: null }), /http_port/)
  })

  it("knows its files and how to have them fetched", async () => {
    assert.strictEqual(plugin.remoteStateTrigger?.(phone()), "0002fdff2103.xml")
    assert.strictEqual(plugin.remoteStateTrigger?.(phone("ATA190")), "ATA0002FDFF2103.cnf.xml")
    assert.isTrue(plugin.isSensitive?.("0002fdff2103.xml"))
    assert.isTrue(plugin.isSensitive?.("ATA0002FDFF2103.cnf.xml"))
    assert.isFalse(plugin.isSensitive?.("spa-phone.xml"))
    assert.deepStrictEqual(await notifiesOf(plugin, phone(), fullConfig), [{ event: "check-sync" }])
  })

  it("leads each model from its first file to the common one and to its own", async ({ expect }) => {
    const files = commonFilesOf(plugin, minimalConfig)
    for (const [path, text] of Object.entries(files)) assert.isUndefined(xmlFault(text), path)
    assert.include(
      files["spa508G.cfg"] ?? "",
      "<Profile_Rule_B>http://192.0.2.1:8667/spa-phone.xml</Profile_Rule_B>"
    )
    assert.include(
      files["spa508G.cfg"] ?? "",
      "<Profile_Rule_C>http://192.0.2.1:8667/$MA.xml</Profile_Rule_C>"
    )
    assert.include(files["init.cfg"] ?? "", "/spa-ata.xml<")
    await expect(snapshotOf(files)).toMatchFileSnapshot("./snapshots/common.txt")
  })
})

describe("a Cisco SPA phone's file", () => {
  it("has the accounts, two proxies as SRV records", () => {
    has(fullConfig, {
      Line_Enable_1_: "Yes",
      Proxy_1_: "xivo_proxies1:SRV=192.0.2.10:5060:p=0|192.0.2.11:5060:p=1",
      Use_DNS_SRV_1_: "Yes",
      Proxy_2_: "xivo_proxies2:SRV=192.0.2.10:5070:p=0|192.0.2.11:5071:p=1",
      User_ID_1_: "user1",
      Auth_ID_1_: "auth1",
      Password_1_: "secret1",
      Display_Name_1_: "Alice Martin 1",
      Extension_1_: "1",
      Short_Name_1_: "1001",
      DTMF_Tx_Method_1_: "AVT",
      DTMF_Tx_Method_2_: "INFO",
      SIP_Transport_1_: "UDP",
      Outbound_Proxy_2_: "192.0.2.12:5072",
      Preferred_Codec_1_: "G711a"
    })
    const single = configWith({ sip_lines: { 1: { ...fullConfig.sip_lines["1"], backup_proxy_ip: null } } })
    has(single, { Proxy_1_: "192.0.2.10:5060" })
    const modes = { ...fullConfig.sip_lines["1"], dtmf_mode: null }
    has(configWith({ sip_dtmf_mode: "RTP-in-band", sip_lines: { 1: modes } }), {
      DTMF_Tx_Method_1_: "InBand"
    })
    has(configWith({ sip_dtmf_mode: null, sip_lines: { 1: modes } }), { DTMF_Tx_Method_1_: "Auto" })
    has(configWith({ sip_transport: "tls" }), { SIP_Transport_1_: "TLS" })
  })

  it("has passwords, DNS, NTP, syslog, voicemail, pickup, name, time, locale, VLAN, directory and firmware", () => {
    has(fullConfig, {
      Admin_Passwd: "admin-secret",
      User_Password: "user-secret",
      Primary_DNS: "192.0.2.53",
      Primary_NTP_Server: "192.0.2.123",
      Syslog_Server: "192.0.2.14:514",
      Voice_Mail_Number: "*98",
      Call_Pickup_Code: "*8",
      Attendant_Console_Call_Pickup_Code: "*8",
      Station_Name: "Alice Martin 1",
      Time_Zone: "GMT+01:00",
      Daylight_Saving_Time_Enable: "yes",
      Daylight_Saving_Time_Rule: "start=3/-1/7/2:0:0;end=10/-1/7/3:0:0;save=1:0:0",
      Language_Selection: "French",
      Locale: "fr-FR",
      Dictionary_Server_Script:
        "serv=http://192.0.2.1:8667/i18n/;d0=English;x0=spa50x_30x_en_v755.xml;d1=French;x1=spa50x_30x_fr_v755.xml;d2=German;x2=spa50x_30x_de_v755.xml;d3=Spanish;x3=spa50x_30x_es_v755.xml",
      Enable_VLAN: "Yes",
      VLAN_ID: "100",
      Enable_PC_Port_VLAN_Tagging: "Yes",
      PC_Port_VLAN_ID: "200",
      XML_Directory_Service_Name: "Répertoire",
      XML_Directory_Service_URL:
        "http://192.0.2.98:9498/0.1/directories/input/default/cisco?xivo_user_uuid=7f523550-03cf-4dac-a858-cb8afdb34775",
      CW_Setting: "Yes"
    })
    has(fullConfig, { Upgrade_Rule: "http://192.0.2.1:8667/firmware/spa525g-7-5-5.bin" }, phone("SPA525G"))
    has(configWith({ timezone: "America/New_York" }), {
      Time_Zone: "GMT-05:00",
      Daylight_Saving_Time_Rule: "start=3/8/7/2:0:0;end=11/1/7/2:0:0;save=1:0:0"
    })
    has(configWith({ timezone: "Asia/Kolkata" }), {
      Time_Zone: "GMT+05:30",
      Daylight_Saving_Time_Enable: "no"
    })
  })

  it("has the function keys, a line's before a function key, and those of the modules", () => {
    has(fullConfig, {
      Extension_1_: "1",
      Extended_Function_1_: "",
      Extension_3_: "Disabled",
      Short_Name_3_: "Park",
      Extended_Function_3_: "fnc=sd;ext=701@$PROXY;nme=Park",
      Unit_1_Key_1: "fnc=sd+blf+cp;sub=1013@$PROXY;nme=1013",
      Unit_2_Key_4: "fnc=sd;ext=1014@$PROXY;nme=Dora"
    })
    assert.include(
      fileOf(fullConfig),
      "<Extended_Function_2_>fnc=sd+blf+cp;sub=1012@$PROXY;nme=Carol</Extended_Function_2_>"
    )
    assert.notInclude(fileOf(fullConfig, phone("SPA301")), "fnc=")
  })

  it("escapes names, and no label ends its function", () => {
    const file = fileOf(hostileConfig)
    assert.include(file, "<Password_1_>p&amp;&lt;&quot;&gt;&#39;$;=#</Password_1_>")
    assert.include(file, "{{ y }}, 100%")
  })

  it("has the router's settings where there is a router", () => {
    const file = fileOf(fullConfig, phone("SPA122"))
    assert.include(file, "<Web_Login_Admin_Password>admin-secret</Web_Login_Admin_Password>")
    assert.include(file, "<WAN_VLAN_ID>100</WAN_VLAN_ID>")
    assert.notInclude(fileOf(fullConfig), "router-configuration")
  })

  it("is one for each port of an ATA190, the second named by the shifted address", () => {
    const files = filesOf(plugin, phone("ATA190"), fullConfig)
    assert.deepStrictEqual(Object.keys(files), ["ATA0002FDFF2103.cnf.xml", "ATA02FDFF210301.cnf.xml"])
    assert.include(files["ATA0002FDFF2103.cnf.xml"] ?? "", "<name>user1</name>")
    assert.include(files["ATA02FDFF210301.cnf.xml"] ?? "", "<name>user2</name>")
    assert.include(files["ATA02FDFF210301.cnf.xml"] ?? "", "<authPassword>secret2</authPassword>")
    assert.lengthOf(Object.keys(filesOf(plugin, phone("ATA190"), hostileConfig)), 1)
  })
})

describeFiles({
  plugin,
  vendor: "Cisco",
  models: Object.keys(spaModels),
  folder: import.meta.dirname,
  extension: ".xml",
  form: "xml"
})
