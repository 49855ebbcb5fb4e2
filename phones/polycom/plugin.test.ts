import { assert, describe, it } from "vitest"
import { support } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import {
  commonFilesOf,
  configWith,
  device,
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
import { polycomModels } from "./models.ts"
import { polycom } from "./plugin.ts"

const plugin = loaded(polycom, new URL("./templates", import.meta.url).pathname)
const phone = (model = "VVX411", version?: string) =>
  device({
    vendor: "Polycom",
    model,
    mac: "64:16:7f:00:11:22",
    ...(version === undefined ? {} : { version })
  })
const fileOf = (config: RawConfig, of = phone()) => filesOf(plugin, of, config)["64167f001122-user.cfg"] ?? ""
const has = (config: RawConfig, settings: Readonly<Record<string, string>>, of = phone()) => {
  const file = fileOf(config, of)
  for (const [name, value] of Object.entries(settings)) assert.include(file, ` ${name}="${value}"\n`)
}

describe("a request of a Polycom phone", () => {
  const mac = "64:16:7f:00:11:22"
  const vvx = "FileTransport PolycomVVX-VVX_411-UA/5.9.2.3446 Type/Application"
  const spip = "FileTransport PolycomSoundPointIP-SPIP_335-UA/4.2.1.0275"
  const ssip = "FileTransport PolycomSoundStationIP-SSIP_6000-UA/5.0.3.1667 Type/Updater"
  const table = [
    [vvx, "/64167f001122.cfg", { model: "VVX411", mac }],
    [vvx, "/000000000000.cfg", { model: "VVX411" }],
    [vvx, "/64167f001122-user.cfg", { model: "VVX411", mac }],
    [vvx, "/64167f001122-boot.log", { model: "VVX411", mac }],
    [vvx, "/64167f001122-phone.cfg", { model: "VVX411", mac, version: "5.9.2.3446" }],
    [vvx, "/64167f001122-license.cfg", { model: "VVX411", mac, version: "5.9.2.3446" }],
    [vvx, "/64167f001122-directory.xml", { model: "VVX411", mac, version: "5.9.2.3446" }],
    [vvx, "/64167f001122-app.log", { model: "VVX411", mac, version: "5.9.2.3446" }],
    [vvx, "/common.cfg", { model: "VVX411", version: "5.9.2.3446" }],
    [vvx, "/phone1.cfg", { model: "VVX411", version: "5.9.2.3446" }],
    [vvx, "/sip.cfg", { model: "VVX411", version: "5.9.2.3446" }],
    [spip, "/sip.ld", { model: "SPIP335" }],
    [ssip, "/", { model: "SSIP6000" }],
    ["", "/64167f001122-user.cfg", undefined],
    ["Mozilla/5.0", "/64167f001122-user.cfg", undefined]
  ] as const
  it.each(table)("%s %s", (userAgent, path, info) => {
    assert.deepStrictEqual(
      plugin.extract?.(request({ userAgent, path })),
      info === undefined ? undefined : { vendor: "Polycom", ...info }
    )
  })
})

describe("the plugin", () => {
  it("suits Polycom's phones", () => {
    assert.strictEqual(plugin.associate?.({ vendor: "Polycom", model: "VVX411" }), support.complete + 1)
    assert.strictEqual(plugin.associate?.({ vendor: "Polycom", model: "VVX999" }), support.probable)
    assert.strictEqual(plugin.associate?.({ vendor: "Polycom" }), support.probable)
    assert.strictEqual(plugin.associate?.({ vendor: "Snom" }), support.improbable)
    assert.strictEqual(plugin.associate?.({}), support.unknown)
  })

  it("configures no phone without MAC address or HTTP", () => {
    assert.throws(() => plugin.deviceFiles?.({ ...phone(), mac: null }, fullConfig), /MAC/)
    assert.throws(() => plugin.deviceFiles?.(phone(), { ...fullConfig, http_port: null }), /http_port/)
  })

  it("knows its files and how to have them fetched", async () => {
    assert.strictEqual(plugin.remoteStateTrigger?.(phone()), "64167f001122-user.cfg")
    assert.isTrue(plugin.isSensitive?.("64167f001122-user.cfg"))
    assert.isFalse(plugin.isSensitive?.("common.cfg"))
    assert.deepStrictEqual(await notifiesOf(plugin, phone(), fullConfig), [{ event: "check-sync" }])
  })

  it("has the files that every phone asks for", async ({ expect }) => {
    const files = commonFilesOf(plugin, minimalConfig)
    for (const [path, text] of Object.entries(files)) assert.isUndefined(xmlFault(text), path)
    assert.include(files["000000000000.cfg"] ?? "", `CONFIG_FILES="[PHONE_MAC_ADDRESS]-user.cfg, common.cfg"`)
    await expect(snapshotOf(files)).toMatchFileSnapshot("./snapshots/common.txt")
  })
})

describe("a Polycom phone's file", () => {
  it("has the root of its generation", () => {
    assert.include(fileOf(fullConfig), "<polycomConfig\n")
    assert.include(fileOf(fullConfig, phone("SPIP331", "3.2.4.0267")), "<config\n")
  })

  it("has the accounts", () => {
    has(fullConfig, {
      "reg.1.address": "user1",
      "reg.1.auth.userId": "auth1",
      "reg.1.auth.password": "secret1",
      "reg.1.displayName": "Alice Martin 1",
      "reg.1.label": "1001",
      "reg.1.server.1.address": "192.0.2.10",
      "reg.1.server.1.port": "",
      "reg.1.server.1.transport": "UDPOnly",
      "reg.1.server.1.expires": "3600",
      "reg.1.server.1.register": "1",
      "reg.1.server.2.address": "192.0.2.11",
      "reg.2.server.1.port": "5070",
      "reg.2.server.2.port": "5071",
      "reg.2.outboundProxy.address": "192.0.2.12",
      "msg.mwi.1.subscribe": "1001",
      "msg.mwi.1.callBackMode": "contact",
      "msg.mwi.1.callBack": "*98"
    })
    has(configWith({ sip_subscribe_mwi: false }), { "msg.mwi.1.subscribe": "" })
  })

  it("has transport, DTMF and SRTP", () => {
    has(configWith({ sip_transport: "tcp" }), { "reg.1.server.1.transport": "TCPOnly" })
    has(configWith({ sip_transport: "tls" }), { "reg.1.server.1.transport": "TLS" })
    const modes = { "RTP-in-band": "1 0 0", "RTP-out-of-band": "1 1 0", "SIP-INFO": "0 0 1" } as const
    for (const [mode, values] of Object.entries(modes)) {
      const [viaRtp = "", control = "", info = ""] = values.split(" ")
      has(configWith({ sip_dtmf_mode: mode as keyof typeof modes }), {
        "tone.dtmf.viaRtp": viaRtp,
        "tone.dtmf.rfc2833Control": control,
        "voIpProt.SIP.dtmfViaSignaling.rfc2976": info
      })
    }
    has(fullConfig, { "sec.srtp.enable": "0", "sec.srtp.offer": "0", "sec.srtp.require": "0" })
    has(configWith({ sip_srtp_mode: "preferred" }), { "sec.srtp.enable": "1", "sec.srtp.require": "0" })
    has(configWith({ sip_srtp_mode: "required" }), { "sec.srtp.offer": "1", "sec.srtp.require": "1" })
  })

  it("has time, locale, VLAN, syslog and users", () => {
    has(fullConfig, {
      "tcpIpApp.sntp.address": "192.0.2.123",
      "tcpIpApp.sntp.address.overrideDHCP": "1",
      "tcpIpApp.sntp.gmtOffset": "3600",
      "tcpIpApp.sntp.daylightSavings.enable": "1",
      "tcpIpApp.sntp.daylightSavings.fixedDayEnable": "0",
      "tcpIpApp.sntp.daylightSavings.start.month": "3",
      "tcpIpApp.sntp.daylightSavings.start.time": "2",
      "tcpIpApp.sntp.daylightSavings.start.dayOfWeek": "1",
      "tcpIpApp.sntp.daylightSavings.start.dayOfWeek.lastInMonth": "1",
      "tcpIpApp.sntp.daylightSavings.stop.month": "10",
      "tcpIpApp.sntp.daylightSavings.stop.time": "3",
      "tcpIpApp.sntp.daylightSavings.stop.dayOfWeek": "1",
      "tcpIpApp.sntp.daylightSavings.stop.dayOfWeek.lastInMonth": "1",
      "lcl.ml.lang": "French_France",
      "device.net.vlanId.set": "1",
      "device.net.vlanId": "100",
      "device.syslog.serverName": "192.0.2.14",
      "device.syslog.transport": "1",
      "device.syslog.renderLevel": "3",
      "device.auth.localAdminPassword": "admin-secret",
      "device.auth.localUserPassword": "user-secret"
    })
    has(configWith({ timezone: "America/New_York", vlan_enabled: false, syslog_enabled: null }), {
      "tcpIpApp.sntp.gmtOffset": "-18000",
      "tcpIpApp.sntp.daylightSavings.start.dayOfWeek.lastInMonth": "0",
      "tcpIpApp.sntp.daylightSavings.start.date": "8",
      "tcpIpApp.sntp.daylightSavings.stop.date": "1",
      "device.net.vlanId": "",
      "device.syslog.serverName": "",
      "device.syslog.transport": "0"
    })
    has(configWith({ timezone: "Asia/Kolkata" }), {
      "tcpIpApp.sntp.gmtOffset": "19800",
      "tcpIpApp.sntp.daylightSavings.enable": "0"
    })
  })

  it("has the keys that the phone has, labelled, and the pickup code", () => {
    has(fullConfig, {
      "attendant.resourceList.1.address": "1011",
      "attendant.resourceList.2.address": "1012",
      "attendant.resourceList.2.label": "Carol",
      "attendant.resourceList.3.address": "701",
      "attendant.resourceList.5.label": "1013",
      "attendant.resourceList.40.address": "1014",
      "call.directedCallPickupString": "*8"
    })
    const small = fileOf(fullConfig, phone("VVX101"))
    assert.include(small, "attendant.resourceList.2.")
    assert.notInclude(small, "attendant.resourceList.3.")
    assert.notInclude(fileOf(fullConfig, phone("SSIP6000")), "attendant.")
  })

  it("has the directory", () => {
    const url =
      "http://192.0.2.98:9498/0.1/directories/input/default/polycom?xivo_user_uuid=7f523550-03cf-4dac-a858-cb8afdb34775"
    has(fullConfig, {
      "mb.main.home": url,
      "softkey.1.action": url,
      "softkey.1.label": "Annuaire",
      "softkey.1.use.idle": "1",
      "softkey.1.enable": "1"
    })
  })

  it("has no call waiting for a switchboard operator", () => {
    has(fullConfig, { "call.callWaiting.enable": "1" })
    has(fullConfig, { "call.callWaiting.enable": "0" }, { ...phone(), options: { switchboard: true } })
  })

  it("escapes names", () => {
    has(hostileConfig, {
      "reg.1.displayName":
        "Ö&#39;Neil &amp; &quot;Sons&quot; &lt;script&gt;]]&gt; ${x} {{ y }}; 100% admin = 1 ",
      "reg.1.auth.password": "p&amp;&lt;&quot;&gt;&#39;$;=#"
    })
  })
})

describeFiles({
  plugin,
  vendor: "Polycom",
  models: Object.keys(polycomModels),
  folder: import.meta.dirname,
  extension: "-user.cfg",
  form: "xml"
})
