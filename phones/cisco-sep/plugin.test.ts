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
  xmlFault
} from "../kit/fixture.ts"
import { timeZone } from "../kit/time-zone.ts"
import { describeFiles } from "../kit/suite.ts"
import { sepModels } from "./models.ts"
import { ciscoSep } from "./plugin.ts"
import { ciscoTimeZone } from "./time-zones.ts"

const plugin = loaded(ciscoSep, new URL("./templates", import.meta.url).pathname)
const phone = (model = "8941") => device({ vendor: "Cisco", model, mac: "00:1e:7a:00:00:07" })
const fileOf = (config: RawConfig, of = phone()) =>
  filesOf(plugin, of, config)["SEP001E7A000007.cnf.xml"] ?? ""
const has = (config: RawConfig, settings: ReadonlyArray<string>, of = phone()) => {
  const file = fileOf(config, of).replace(/\s*\n\s*/g, "")
  for (const setting of settings) assert.include(file, setting)
}
const managers = { 1: { ip: "192.0.2.10" }, 2: { ip: "192.0.2.11", port: 2001 } }

describe("a request of a Cisco SEP phone", () => {
  const mac = "00:1e:7a:00:00:07"
  for (const protocol of ["http", "tftp"] as const) {
    const table = [
      ["/SEP001E7A000007.cnf.xml", { mac }],
      ["/CTLSEP001E7A000007.tlv", { mac }],
      ["/ITLSEP001E7A000007.tlv", { mac }],
      ["/ITLFile.tlv", {}],
      ["/Communicator/LdapDirectories.xml", { model: "CIPC" }],
      ["/Communicator\\LdapDirectories.xml", { model: "CIPC" }],
      ["/ATA001E7A000007.cnf.xml", undefined],
      ["/dialplan.xml", undefined]
    ] as const
    it.each(table)(`over ${protocol}: %s`, (path, info) => {
      assert.deepStrictEqual(
        plugin.extract?.(request({ protocol, path })),
        info === undefined ? undefined : { vendor: "Cisco", ...info }
      )
    })
  }

  it("is none when it tells its address itself", () => {
    const path = "/SEP001E7A000007.cnf.xml"
    const of = (userAgent: string) => plugin.extract?.(request({ path, userAgent }))
    assert.isUndefined(of("Yealink SIP-T46S 66.86.0.15 80:5e:c0:aa:bb:cc"))
    assert.isUndefined(of("Cisco/SPA508G-7.4.4 (0002FDFF2103)(CBT141400UK)"))
    assert.deepStrictEqual(of("Cisco IP Phone"), { vendor: "Cisco", mac })
  })

  const dhcp = [
    ["Cisco Systems, Inc. IP Phone 7912", { model: "7912G" }],
    ["Cisco Systems, Inc. IP Phone CP-7942G\0", { model: "7942G" }],
    ["Cisco Systems, Inc. IP Phone CP-8961\0", { model: "8961" }],
    ["Cisco Systems, Inc. IP Phone CP-8941\0", { model: "8941" }],
    ["Cisco Systems Inc. Wireless Phone 7920", { model: "7920" }],
    ["Cisco Systems Inc. Wireless Phone 7921", { model: "7921G" }],
    ["Cisco Systems, Inc.", {}],
    ["Cisco SPA508G", undefined],
    ["CP-7841-3PCC", undefined]
  ] as const
  it.each(dhcp)("by its DHCP class: %s", (text, info) => {
    assert.deepStrictEqual(
      plugin.extract?.(request({ protocol: "dhcp", path: "", options: { 60: text } })),
      info === undefined ? undefined : { vendor: "Cisco", ...info }
    )
  })
})

describe("the plugin", () => {
  it("suits SEP phones, and Cisco's phones that tell no model before any other", () => {
    assert.strictEqual(plugin.associate?.({ vendor: "Cisco", model: "7942G" }), support.complete)
    assert.strictEqual(plugin.associate?.({ vendor: "Cisco", model: "9951" }), support.probable)
    assert.strictEqual(plugin.associate?.({ vendor: "Cisco" }), support.probable + 10)
    assert.strictEqual(plugin.associate?.({ vendor: "Cisco", model: "SPA508G" }), support.none)
    assert.strictEqual(plugin.associate?.({ vendor: "Cisco", model: "ATA190" }), support.none)
    assert.strictEqual(plugin.associate?.({ vendor: "Snom" }), support.improbable)
  })

  it("configures no phone without MAC address or TFTP", () => {
    assert.throws(() => plugin.deviceFiles?.({ ...phone(), mac: null }, fullConfig), /MAC/)
    assert.throws(() => plugin.deviceFiles?.(phone(), { ...fullConfig, tftp_port: null }), /tftp_port/)
    assert.isNotEmpty(fileOf({ ...fullConfig, http_port: null }))
  })

  it("restarts a SIP phone, and cannot reach one with SCCP", async () => {
    assert.deepStrictEqual(await notifiesOf(plugin, phone(), fullConfig), [
      {
        event: "service-control",
        contentType: "text/plain",
        body: [
          "action=restart",
          "RegisterCallId={}",
          "ConfigVersionStamp={0000000000000000}",
          "DialplanVersionStamp={0000000000000000}",
          "SoftkeyVersionStamp={0000000000000000}"
        ]
      }
    ])
    const refused = await notifiesOf(plugin, phone(), configWith({ protocol: "SCCP" })).catch(String)
    assert.match(String(refused), /SCCP/)
  })

  it("knows its files", () => {
    assert.strictEqual(plugin.remoteStateTrigger?.(phone()), "SEP001E7A000007.cnf.xml")
    assert.isTrue(plugin.isSensitive?.("SEP001E7A000007.cnf.xml"))
    assert.isFalse(plugin.isSensitive?.("dialplan.xml"))
    assert.strictEqual(plugin.rewritePath?.("/Communicator\\a.xml"), "/Communicator/a.xml")
    const files = commonFilesOf(plugin, minimalConfig)
    assert.isUndefined(xmlFault(files["dialplan.xml"] ?? ""))
  })
})

describe("a Cisco SEP phone's file", () => {
  it("is for the protocol of the config, else for SCCP where there are call managers only", () => {
    const protocol = (config: RawConfig) => /<deviceProtocol>(\w+)</.exec(fileOf(config, phone("7942G")))?.[1]
    assert.strictEqual(protocol(fullConfig), "SIP")
    assert.strictEqual(protocol(configWith({ protocol: "SCCP" })), "SCCP")
    assert.strictEqual(protocol({ ...minimalConfig, sccp_call_managers: managers }), "SCCP")
    assert.strictEqual(protocol(configWith({ protocol: null, sccp_call_managers: managers })), "SIP")
    assert.strictEqual(protocol(minimalConfig), "SIP")
  })

  it("has the proxies by priority and the accounts", () => {
    has(fullConfig, [
      `<member priority="0"><callManager><ports><ethernetPhonePort>2000</ethernetPhonePort><sipPort>5060</sipPort>`,
      "<processNodeName>192.0.2.10</processNodeName>",
      `<member priority="1">`,
      "<processNodeName>192.0.2.11</processNodeName>",
      "<registerWithProxy>true</registerWithProxy>",
      `<line button="1" lineIndex="1"><featureID>9</featureID><featureLabel>1001</featureLabel><proxy>USECALLMANAGER</proxy><port>5060</port><name>user1</name><displayName>Alice Martin 1</displayName>`,
      "<authName>auth1</authName><authPassword>secret1</authPassword>",
      "<messagesNumber>*98</messagesNumber>",
      "<contact>1001</contact>",
      "<port>5070</port><name>user2</name>",
      "<phoneLabel>Alice Martin 1</phoneLabel>",
      "<sshUserId>admin</sshUserId><sshPassword>admin-secret</sshPassword>",
      "<dtmfOutofBand>avt</dtmfOutofBand>",
      "<dtmfAvtPayload>101</dtmfAvtPayload>",
      "<preferredCodec>none</preferredCodec>"
    ])
    const { 2: second } = fullConfig.sip_lines
    has(configWith({ sip_lines: { 1: second ?? {} } }), [
      "<outboundProxy>192.0.2.12</outboundProxy><outboundProxyPort>5072</outboundProxyPort>"
    ])
  })

  it("has function keys behind the last line, parking as a speed dial", () => {
    has(fullConfig, [
      `<line button="3" lineIndex="3"><featureID>2</featureID><featureLabel>Bob</featureLabel><speedDialNumber>1011</speedDialNumber></line>`,
      `<line button="4" lineIndex="4"><featureID>21</featureID><featureLabel>Carol</featureLabel><speedDialNumber>1012</speedDialNumber><featureOptionMask>1</featureOptionMask></line>`,
      `<line button="5" lineIndex="5"><featureID>2</featureID><featureLabel>Park</featureLabel>`,
      `<line button="7" lineIndex="7"><featureID>21</featureID><featureLabel>1013</featureLabel>`
    ])
  })

  it("has transport, time, locale, VLAN, software and directory", () => {
    for (const [transport, number] of [
      ["tcp", 1],
      ["udp", 2],
      ["tls", 3]
    ] as const) {
      has(configWith({ sip_transport: transport }), [
        `<transportLayerProtocol>${number}</transportLayerProtocol>`
      ])
    }
    has(fullConfig, [
      "<timeZone>Central Europe Standard/Daylight Time</timeZone>",
      "<ntp><name>192.0.2.123</name>",
      "<userLocale><name>i18n/french_france</name><langCode>fr</langCode></userLocale><networkLocale>i18n/france</networkLocale>",
      "<voiceVlanAccess>100</voiceVlanAccess>",
      "<loadInformation>SIP8941_8945.9-3-1-18</loadInformation>",
      "<directoryURL>http://192.0.2.98:9498/0.1/directories/menu/default/cisco?xivo_user_uuid=7f523550-03cf-4dac-a858-cb8afdb34775</directoryURL>"
    ])
  })

  it("has the call managers with SCCP", () => {
    const sccp = configWith({ protocol: "SCCP", sccp_call_managers: managers })
    has(
      sccp,
      [
        `<member priority="0"><callManager><ports><ethernetPhonePort>2000</ethernetPhonePort></ports><processNodeName>192.0.2.10</processNodeName>`,
        `<member priority="1"><callManager><ports><ethernetPhonePort>2001</ethernetPhonePort></ports><processNodeName>192.0.2.11</processNodeName>`,
        "<loadInformation>SCCP42.9-4-2SR1-1S</loadInformation>"
      ],
      phone("7942G")
    )
    const file = fileOf(sccp, phone("7942G"))
    assert.notInclude(file, "sipProfile")
    assert.notInclude(file, "secret1")
  })

  it("escapes names", () => {
    has(hostileConfig, [
      "<phoneLabel>Ö&#39;Neil &amp; &quot;Sons&quot; &lt;script&gt;]]&gt; ${x} {{ y }}; 100% admin = 1 </phoneLabel>",
      "<authPassword>p&amp;&lt;&quot;&gt;&#39;$;=#</authPassword>"
    ])
  })
})

describe("Cisco's time zones", () => {
  const table = [
    ["Europe/Paris", "Central Europe Standard/Daylight Time"],
    ["Europe/Madrid", "Central Europe Standard/Daylight Time"],
    ["Europe/London", "GMT Standard/Daylight Time"],
    ["America/New_York", "Eastern Standard/Daylight Time"],
    ["America/Toronto", "Eastern Standard/Daylight Time"],
    ["America/Phoenix", "US Mountain Standard Time"],
    ["Australia/Sydney", "AUS Eastern Standard/Daylight Time"],
    ["Asia/Kolkata", "India Standard Time"],
    ["UTC", "Greenwich Standard Time"],
    ["Mars/Olympus", undefined],
    ["Asia/Kathmandu", undefined]
  ] as const
  it.each(table)("%s", (zone, name) => assert.strictEqual(ciscoTimeZone(zone, timeZone), name))
})

for (const protocol of ["SIP", "SCCP"] as const) {
  describe(protocol, () => {
    describeFiles({
      plugin,
      vendor: "Cisco",
      models: Object.keys(sepModels).filter((model) => protocol === "SIP" || model.startsWith("79")),
      folder: import.meta.dirname,
      extension: `-${protocol.toLowerCase()}.cnf.xml`,
      form: "xml",
      config: { protocol, sccp_call_managers: managers },
      port: "tftp_port"
    })
  })
}
