import { join } from "node:path"
import { afterAll, assert, describe, it, vi } from "vitest"
import type { DeviceInfo } from "../../schemas/provd/device.ts"
import { support } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { autoprovConfig, configWith, device, filesOf, fullConfig, loaded, request } from "../kit/fixture.ts"
import { describeFiles } from "../kit/suite.ts"
import { gigaset } from "./plugin.ts"

const plugin = loaded(gigaset, join(import.meta.dirname, "templates"))
const vendor = "Gigaset"

vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-01-01T00:00:00Z") })
afterAll(() => {
  vi.useRealTimers()
})

describeFiles({
  plugin,
  vendor,
  models: ["N510 IP PRO", "N720 DM PRO", "N670 IP PRO", "N870 IP PRO", "N870E IP PRO"],
  folder: import.meta.dirname,
  extension: ".xml",
  form: "xml"
})

describe("what a Gigaset base says of itself", () => {
  const mac = "7c:2f:80:4d:f9:a9"
  const forms: ReadonlyArray<[string, DeviceInfo]> = [
    [
      "N510 IP PRO/42.245.00.000.000;7C2F804DF9A9",
      { vendor, model: "N510 IP PRO", version: "42.245.00.000.000", mac }
    ],
    ["N510 IP PRO/42.245.00.000.000", { vendor, model: "N510 IP PRO", version: "42.245.00.000.000" }],
    [
      "Gigaset N720 DM PRO/70.089.00.000.000;7C2F804DF9A9",
      { vendor, model: "N720 DM PRO", version: "70.089.00.000.000", mac }
    ],
    ["N720-DM-PRO/70.040.00.000.000", { vendor, model: "N720 DM PRO", version: "70.040.00.000.000" }],
    [
      "Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F804DF9A9",
      { vendor, model: "N870 IP PRO", version: "83.V2.11.0", mac }
    ],
    [
      '"Gigaset N870E IP PRO/83.V2.49.1+build.a546b91;7C2F804DF9A9;Handset=12"',
      { vendor, model: "N870E IP PRO", version: "83.V2.49.1", mac }
    ],
    ["N670 IP PRO/83.V2.49.1+build.a546b91;", { vendor, model: "N670 IP PRO", version: "83.V2.49.1" }]
  ]
  it.each(forms)("%s", (userAgent, info) => {
    assert.deepStrictEqual(plugin.extract?.(request({ userAgent })), info)
  })

  it.each([
    ["Gigaset_N720_DM_PRO", "N720 DM PRO"],
    ["N510_IP_PRO", "N510 IP PRO"]
  ])("%s over DHCP", (vendorClass, model) => {
    const asked = request({ protocol: "dhcp", path: "", options: { 60: vendorClass } })
    assert.deepStrictEqual(plugin.extract?.(asked), { vendor, model })
  })

  it.each(["Yealink SIP-T46S 66.86.0.15 80:5e:c0:aa:bb:cc", "Mozilla/5.0 (compatible; snom320-SIP 8.7)", ""])(
    "nothing from %j",
    (userAgent) => {
      assert.isUndefined(plugin.extract?.(request({ userAgent })))
      assert.isUndefined(plugin.extract?.(request({ protocol: "dhcp", options: { 60: userAgent } })))
    }
  )
})

describe("how well the Gigaset plugin suits", () => {
  it.each([
    [{}, support.unknown],
    [{ vendor: "Yealink", model: "N510 IP PRO" }, support.improbable],
    [{ vendor }, support.unknown],
    [{ vendor, model: "N999 IP PRO" }, support.unknown],
    [{ vendor, model: "N510 IP PRO", version: "42.245.00.000.000" }, support.complete],
    [{ vendor, model: "N510 IP PRO", version: "42.262.00.000.000" }, support.exact],
    [{ vendor, model: "N870 IP PRO", version: "83.V2.65.0" }, support.exact]
  ])("%j", (info, score) => {
    assert.strictEqual(plugin.associate?.(info), score)
  })
})

describe("the paths of a Gigaset base", () => {
  it.each([
    ["//42/2/master.bin", "/42/2/master.bin"],
    ["/./42//2/./master.bin", "/42/2/master.bin"],
    ["/../7C2F804DF9A9.xml", "/7C2F804DF9A9.xml"],
    ["/7C2F804DF9A9.xml", "/7C2F804DF9A9.xml"]
  ])("%s means %s", (asked, meant) => {
    assert.strictEqual(plugin.rewritePath?.(asked), meant)
  })
})

/** The settings of a base by name, without the quotes of texts. */
const settings = (model: string, config: RawConfig): Readonly<Record<string, string>> => {
  const [text = ""] = Object.values(filesOf(plugin, device({ vendor, model }), config))
  const found: Record<string, string> = {}
  const items = text.matchAll(
    /<(?:SYMB_ITEM|param) (?:ID|name)="(.*?)"(?: class="\w+")? value=(?:'"(.*?)"'|"(.*?)")\/>/g
  )
  for (const [, name = "", quoted, plain = ""] of items) {
    if (!name.startsWith("hs.RegStatus")) assert.notProperty(found, name)
    found[name] = quoted ?? plain
  }
  return found
}

const directoryUrl =
  "http://192.0.2.98:9498/0.1/directories/lookup/default/gigaset/7f523550-03cf-4dac-a858-cb8afdb34775?"

describe("the settings of an N510", () => {
  const file = settings("N510 IP PRO", configWith({ admin_password: "1234" }))
  it.each([
    ["BS_IP_Data3.aucS_SIP_LOGIN_ID", "auth1"],
    ["BS_IP_Data1.aucS_SIP_USER_ID", "user1"],
    ["BS_IP_Data1.aucS_SIP_PASSWORD", "secret1"],
    ["BS_IP_Data1.aucS_SIP_DISPLAYNAME", "Alice Martin 1 1001"],
    ["BS_IP_Data1.aucS_SIP_DOMAIN", "192.0.2.10"],
    ["BS_IP_Data1.aucS_SIP_SERVER", "192.0.2.10"],
    ["BS_IP_Data1.aucS_SIP_REGISTRAR", "192.0.2.10"],
    ["BS_IP_Data1.uiI_SIP_SERVER_PORT", "0x13c4"],
    ["BS_IP_Data3.aucS_SIP_LOGIN_ID_2", "auth2"],
    ["BS_IP_Data1.uiI_SIP_SERVER_PORT_2", "0x13ce"],
    ["BS_IP_Data1.aucS_OUTBOUND_PROXY_2", "192.0.2.12"],
    ["BS_IP_Data1.ucI_OUTBOUND_PROXY_MODE_2", "0"],
    ["BS_IP_Data1.ucB_SIP_ACCOUNT_IS_ACTIVE_1", "0x1"],
    ["BS_IP_Data1.ucB_SIP_ACCOUNT_IS_ACTIVE_2", "0x1"],
    ["BS_IP_Data1.ucI_DTMF_TX_MODE_BITS", "2"],
    ["BS_IP_Data1.aucS_TIME_NTP_SERVER", "192.0.2.123"],
    ["BS_IP_Data1.uiI_TIME_TIMEZONE", "0x1b"],
    ["BS_IP_Data1.ucB_TIME_USE_AUTOMATIC_DST", "0x1"],
    ["BS_IP_Data1.ucB_VLAN_ENABLED", "1"],
    ["BS_IP_Data1.uiI_VLAN_ID", "0x64"],
    ["BS_IP_Data1.ucI_VLAN_PRIORITY", "5"],
    ["BS_IP_Data1.ulI_DNS_SERVER_1", "0xc0000235"],
    ["BS_IP_Data1.aucS_VOIP_NET_AM_NUMBER_1", "*98"],
    ["BS_XML_Netdirs.astNetdirProvider[0].aucServerURL", directoryUrl],
    ["BS_IP_Data1.aucS_DATA_SERVER[0]", "192.0.2.1:8667"],
    ["BS_AE_SwConfig.ucCountryCodeTone", "7"],
    ["BS_IP_Data1.ucI_HTTPLANGUAGE", "0x9"],
    ["BS_CUSTOM.aucKdsPin[0]", "0x12,0x34"]
  ])("%s is %s", (name, value) => {
    assert.strictEqual(file[name], value)
  })

  it("stand in a file that names the base and its firmware", () => {
    const files = filesOf(plugin, device({ vendor, model: "N510 IP PRO" }), fullConfig)
    const text = files["805EC0AABBCC.xml"] ?? ""
    assert.include(text, '<MAC_ADDRESS value="805EC0AABBCC"/>')
    assert.include(text, '<PROFILE_NAME class="string" value="N510"/>')
    assert.include(text, "http://192.0.2.1:8667/42/fw262.bin?mac=805EC0AABBCC&amp;fw262.bin")
  })

  it.each([
    ["RTP-in-band", "1"],
    ["SIP-INFO", "4"]
  ] as const)("have %s as bit %s", (mode, bits) => {
    const lines = { 1: { ...fullConfig.sip_lines["1"], dtmf_mode: mode } }
    const file = settings("N510 IP PRO", configWith({ sip_lines: lines }))
    assert.strictEqual(file["BS_IP_Data1.ucI_DTMF_TX_MODE_BITS"], bits)
  })

  it("have no PIN where the password is none", () => {
    assert.notProperty(settings("N510 IP PRO", fullConfig), "BS_CUSTOM.aucKdsPin[0]")
  })
})

describe("the settings of an N720", () => {
  const file = settings("N720 DM PRO", fullConfig)
  it.each([
    ["BS_VOIP_Data.astVoipAccounts[0].aucS_SIP_LOGIN_ID[0]", "auth1"],
    ["BS_VOIP_Data.astVoipAccounts[0].aucS_SIP_USER_ID[0]", "user1"],
    ["BS_VOIP_Data.astVoipAccounts[1].aucS_SIP_PASSWORD[0]", "secret2"],
    ["BS_VOIP_Data.astVoipAccounts[1].ucVoipProviderIndex", "1"],
    ["BS_VOIP_Data.astVoipProviders[0].aucSIP_SERVER[%]", "192.0.2.10"],
    ["BS_VOIP_Data.astVoipProviders[1].uiSIP_SERVER_PORT", "0x13ce"],
    ["BS_VOIP_Data.astVoipProviders[0].ucSIP_PREFERRED_TRANSPORT_LAYER", "17"],
    ["BS_VOIP_Data.astVoipProviders[%].NetCodeDND_ON[%]", "*25"],
    ["BS_IP_Data.uiI_TIME_TIMEZONE", "0x1b"],
    ["BS_CUSTOM.WebUIPassword", "admin-secret"],
    ["BS_XML_Netdirs.astNetdirProvider[0].aucServerURL[%]", directoryUrl]
  ])("%s is %s", (name, value) => {
    assert.strictEqual(file[name], value)
  })
})

describe("the settings of an N870", () => {
  const file = settings("N870 IP PRO", fullConfig)
  it.each([
    ["SipAccount.00001.AuthName", "auth1"],
    ["SipAccount.00001.AuthPassword", "secret1"],
    ["SipAccount.00001.UserName", "user1"],
    ["SipAccount.00001.DisplayName", "Alice Martin 1 1001"],
    ["SipAccount.00001.ProviderId", "0"],
    ["SipAccount.00002.ProviderId", "1"],
    ["SipAccount.00001.VoiceMailMailbox", "*98"],
    ["hs.00001.DECT_AC", "1001"],
    ["SipProvider.0.Domain", "192.0.2.10"],
    ["SipProvider.0.ProxyServerAddress", "192.0.2.10"],
    ["SipProvider.0.ProxyServerPort", "5060"],
    ["SipProvider.1.ProxyServerPort", "5070"],
    ["SipProvider.0.RegServerAddress", "192.0.2.10"],
    ["SipProvider.0.TransportProtocol", "1"],
    ["SipProvider.0.DTMFTransmission", "2"],
    ["SipProvider.1.DTMFTransmission", "4"],
    ["SipProvider.0.FailoverServerEnabled", "1"],
    ["SipProvider.0.FailoverServerAddress", "192.0.2.11"],
    ["SipProvider.1.FailoverServerPort", "5071"],
    ["SipProvider.1.OutboundProxyAddress", "192.0.2.12"],
    ["SipProvider.0.MWISubscription", "1"],
    ["DmGlobal.0.NtpServer", "192.0.2.123"],
    ["DmGlobal.0.TimeZone", "Europe/Paris"],
    ["Telephony.0.ToneScheme", "France"],
    ["WebUIAccounts.1.Password", "admin-secret"],
    ["Provisioning.global.ProvisioningServer", "http://192.0.2.1:8667"],
    ["XMLDir.1.ServerURL", directoryUrl],
    ["RegStart", "1767225600"]
  ])("%s is %s", (name, value) => {
    assert.strictEqual(file[name], value)
  })

  it("stand in a file of its own form", () => {
    const text =
      filesOf(plugin, device({ vendor, model: "N870 IP PRO" }), fullConfig)["805ec0aabbcc.xml"] ?? ""
    assert.include(text, '<provisioning version="1.1" productID="e2">')
    assert.include(text, '<oper name="add_hs" value="00001">')
    assert.match(text, /<file version="[\d.]+" url="http:\/\/192\.0\.2\.1:8667\/.+\.bin"\/>/)
  })

  it("let anybody's handset register with the shared account", () => {
    assert.strictEqual(settings("N670 IP PRO", autoprovConfig)["hs.00001.DECT_AC"], "0000")
  })

  it("name a zone that the base knows", () => {
    const zone = (timezone: string) =>
      settings("N670 IP PRO", configWith({ timezone }))["DmGlobal.0.TimeZone"]
    assert.strictEqual(zone("America/Montreal"), "America/New_York")
    assert.strictEqual(zone("Asia/Singapore"), "Asia/Hong_Kong")
    assert.strictEqual(zone("Africa/Johannesburg"), "Africa/Cairo")
  })

  it("protect the media", () => {
    const secure = settings(
      "N870 IP PRO",
      configWith({
        sip_transport: "tls",
        sip_lines: { 1: { proxy_ip: "192.0.2.10", srtp_mode: "required" } }
      })
    )
    assert.strictEqual(secure["SipProvider.0.TransportProtocol"], "3")
    assert.strictEqual(secure["SipProvider.0.SRTP_Enabled"], "1")
    assert.strictEqual(secure["SipProvider.0.AcceptNonSRTPCalls"], "0")
  })
})

describe("a Gigaset base without an address", () => {
  it("is not configured", () => {
    const phone = { ...device({ vendor, model: "N510 IP PRO" }), ip: null }
    assert.throws(() => plugin.deviceFiles?.(phone, fullConfig), /IP address/)
  })
})
