import { assert, describe, it } from "vitest"
import { support } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import {
  assertSettings,
  commonFilesOf,
  configWith,
  device,
  filesOf,
  fullConfig,
  hostileConfig,
  loaded,
  minimalConfig,
  request,
  xmlFault
} from "../kit/fixture.ts"
import { describeFiles } from "../kit/suite.ts"
import { yealinkModels } from "./models.ts"
import { yealink } from "./plugin.ts"

const plugin = loaded(yealink, new URL("./templates", import.meta.url).pathname)
const phone = (model = "T46S", version?: string) =>
  device({ vendor: "Yealink", model, ...(version === undefined ? {} : { version }) })
const fileOf = (config: RawConfig, of = phone()) => filesOf(plugin, of, config)["805ec0aabbcc.cfg"] ?? ""
/** The settings as the phone takes them: the last of a name wins. */
const settings = (config: RawConfig, of = phone()): Readonly<Record<string, string>> =>
  Object.fromEntries(
    fileOf(config, of)
      .split("\n")
      .filter((line) => line.includes(" = "))
      .map((line) => [line.slice(0, line.indexOf(" = ")), line.slice(line.indexOf(" = ") + 3)])
  )
const has = (config: RawConfig, expected: Readonly<Record<string, string>>, of = phone()) =>
  assertSettings(settings(config, of), expected)

describe("a request of a Yealink phone", () => {
  const mac = "80:5e:c0:aa:bb:cc"
  const table: ReadonlyArray<readonly [userAgent: string, path: string, info: object | undefined]> = [
    ["Yealink SIP-T46S 66.86.0.15 80:5e:c0:aa:bb:cc", "/", { model: "T46S", version: "66.86.0.15", mac }],
    ["yealink SIP-T18 18.0.0.80 80:5E:C0:AA:BB:CC", "/", { model: "T18", version: "18.0.0.80", mac }],
    ["Yealink SIP VP-T49G 51.80.0.10 80:5e:c0:aa:bb:cc", "/", { model: "T49G", version: "51.80.0.10", mac }],
    ["Yealink SIP-T21P_E2 52.80.0.3 80:5e:c0:aa:bb:cc", "/", { model: "T21P_E2", version: "52.80.0.3", mac }],
    ["Yealink W60B 77.85.0.25 80:5e:c0:aa:bb:cc", "/", { model: "W60B", version: "77.85.0.25", mac }],
    ["Yealink CP860 37.72.0.5 80:5e:c0:aa:bb:cc", "/", { model: "CP860", version: "37.72.0.5", mac }],
    ["W52P 25.30.0.2 80:5e:c0:aa:bb:cc", "/", { model: "W52P", version: "25.30.0.2", mac }],
    ["VP530P 23.70.0.40 80:5e:c0:aa:bb:cc", "/", { model: "VP530P", version: "23.70.0.40", mac }],
    ["Yealink-T46G 28.71.0.81 28.1.0.128.0.0.0", "/", { model: "T46G", version: "28.71.0.81" }],
    ["", "/805ec0aabbcc.cfg", { mac }],
    ["", "/805ec0aabbcc.boot", { mac }],
    ["", "/000413aabbcc.cfg", undefined],
    ["", "/y000000000066.cfg", undefined],
    ["Mozilla/5.0", "/805ec0aabbcc.cfg", undefined],
    ["Yealink", "/", undefined]
  ]
  it.each(table)("%s %s", (userAgent, path, info) => {
    assert.deepStrictEqual(
      plugin.extract?.(request({ userAgent, path })),
      info === undefined ? undefined : { vendor: "Yealink", ...info }
    )
  })

  it("is none over TFTP", () => {
    assert.isUndefined(plugin.extract?.(request({ protocol: "tftp", path: "/805ec0aabbcc.cfg" })))
  })
})

describe("the plugin", () => {
  it("suits Yealink's phones", () => {
    const score = (model?: string, version?: string) =>
      plugin.associate?.({
        vendor: "Yealink",
        ...(model === undefined ? {} : { model }),
        ...(version === undefined ? {} : { version })
      })
    assert.strictEqual(score("T46S", "66.86.0.15"), support.exact)
    assert.strictEqual(score("T46S", "66.85.0.5"), support.complete)
    assert.strictEqual(score("T99"), support.probable)
    assert.strictEqual(plugin.associate?.({ vendor: "Snom" }), support.improbable)
  })

  it("configures no phone without MAC address or over anything but HTTP", () => {
    assert.throws(() => plugin.deviceFiles?.({ ...phone(), mac: null }, fullConfig), /MAC/)
    assert.throws(() => plugin.deviceFiles?.(phone(), { ...fullConfig, http_port: null }), /http_port/)
  })

  it("knows the file by which a phone shows that it takes its configuration, and that it holds secrets", () => {
    assert.strictEqual(plugin.remoteStateTrigger?.(phone()), "805ec0aabbcc.cfg")
    assert.isTrue(plugin.isSensitive?.("805ec0aabbcc.cfg"))
    assert.isFalse(plugin.isSensitive?.("directory_setting.xml"))
  })

  it("makes a phone fetch its files with check-sync", async () => {
    const sent: Array<unknown> = []
    await plugin.synchronize?.(phone(), fullConfig, {
      notify: async (notify) => void sent.push(notify),
      fetch,
      signal: new AbortController().signal
    })
    assert.deepStrictEqual(sent, [{ event: "check-sync" }])
  })

  it("has the directory page of every phone", () => {
    const page = commonFilesOf(plugin, minimalConfig)["directory_setting.xml"] ?? ""
    assert.include(page, `id_name="remotedirectory"`)
    assert.isUndefined(xmlFault(page))
  })
})

describe("a Yealink phone's file", () => {
  it("begins as the phone wants it", () => {
    assert.strictEqual(fileOf(fullConfig).split("\n")[0], "#!version:1.0.0.1")
  })

  it("has the accounts", () => {
    has(fullConfig, {
      "account.1.enable": "1",
      "account.1.label": "Alice Martin 1",
      "account.1.auth_name": "auth1",
      "account.1.user_name": "user1",
      "account.1.password": "secret1",
      "account.1.sip_server.1.address": "192.0.2.10",
      "account.1.sip_server.1.port": "%NULL%",
      "account.1.sip_server.2.address": "192.0.2.11",
      "account.1.fallback.redundancy_type": "1",
      "account.1.subscribe_mwi": "1",
      "account.2.sip_server.1.port": "5070",
      "account.2.sip_server.2.port": "5071",
      "account.2.outbound_proxy.1.address": "192.0.2.12",
      "account.3.enable": "0",
      "account.16.enable": "0",
      "account.16.password": "%NULL%"
    })
  })

  it("names accounts as the phone's generation does", () => {
    const older = settings(fullConfig, phone("T46S", "66.85.0.5"))
    assert.strictEqual(older["account.1.label"], "1001")
    assert.strictEqual(older["account.1.display_name"], "Alice Martin 1")
    assert.isUndefined(settings(fullConfig)["account.1.display_name"])
    const v81 = settings(fullConfig, phone("T46S", "66.81.0.5"))
    assert.strictEqual(v81["static.lang.gui"], "French")
    assert.strictEqual(
      v81["firmware.url"],
      "http://192.0.2.1:8667/firmware/T46S(T48S,T42S,T41S)-66.86.0.15.rom"
    )
  })

  it("has the transport, and encrypts calls with TLS except those of new phones", () => {
    for (const [transport, number] of Object.entries({ udp: "0", tcp: "1", tls: "2" } as const)) {
      has(configWith({ sip_transport: transport as "udp" }), {
        "account.1.sip_server.1.transport_type": number,
        "account.1.srtp_encryption": transport === "tls" ? "2" : "0"
      })
    }
    const autoprov = configWith({
      sip_transport: "tls",
      sip_lines: { 1: { ...fullConfig.sip_lines["1"], number: "autoprov" } }
    })
    has(autoprov, { "account.1.srtp_encryption": "0" })
  })

  it("has the DTMF mode of the line, else of the phone", () => {
    has(fullConfig, {
      "account.1.dtmf.type": "1",
      "account.2.dtmf.type": "2",
      "account.1.dtmf.info_type": "1"
    })
    const inBand = configWith({
      sip_dtmf_mode: "RTP-in-band",
      sip_lines: { 1: { ...fullConfig.sip_lines["1"], dtmf_mode: null } }
    })
    has(inBand, { "account.1.dtmf.type": "0" })
  })

  it("has codecs, voicemail, NTP, locale, VLAN, syslog, web users, directory, firmware and server", () => {
    has(fullConfig, {
      "account.1.codec.pcma.enable": "1",
      "account.1.codec.g722.enable": "1",
      "account.1.codec.opus.enable": "0",
      "voice_mail.number.1": "*98",
      "local_time.ntp_server1": "192.0.2.123",
      "lang.gui": "French",
      "lang.wui": "French",
      "voice.tone.country": "France",
      "static.network.vlan.internet_port_enable": "1",
      "static.network.vlan.internet_port_vid": "100",
      "static.network.vlan.internet_port_priority": "5",
      "static.network.vlan.pc_port_enable": "1",
      "static.network.vlan.pc_port_vid": "200",
      "static.syslog.enable": "1",
      "static.syslog.server": "192.0.2.14",
      "static.security.user_name.user": "user",
      "static.security.user_name.admin": "admin",
      "remote_phonebook.data.1.url":
        "http://192.0.2.98:9498/0.1/directories/lookup/default/yealink?xivo_user_uuid=7f523550-03cf-4dac-a858-cb8afdb34775&term=#SEARCH",
      "static.directory_setting.url": "http://192.0.2.1:8667/directory_setting.xml",
      "action_url.dnd_on":
        "http://192.0.2.98:9498/0.1/yealink/users/7f523550-03cf-4dac-a858-cb8afdb34775/services/dnd/enable",
      "action_url.dnd_off":
        "http://192.0.2.98:9498/0.1/yealink/users/7f523550-03cf-4dac-a858-cb8afdb34775/services/dnd/disable",
      "static.firmware.url": "http://192.0.2.1:8667/firmware/T46S(T48S,T42S,T41S)-66.86.0.15.rom",
      "static.auto_provision.server.url": "http://192.0.2.1:8667/",
      "sip.notify_reboot_enable": "0"
    })
    assert.include(fileOf(fullConfig), "static.security.user_password = user:user-secret\n")
    assert.include(fileOf(fullConfig), "static.security.user_password = admin:admin-secret\n")
  })

  it("speaks the language with the tones of the country", () => {
    has(configWith({ locale: "de_CH" }), { "lang.gui": "German", "voice.tone.country": "Switzerland" })
    has(configWith({ locale: "ja_JP" }), { "lang.gui": "%NULL%", "voice.tone.country": "%NULL%" })
  })

  it("keeps VLAN 0 and priority 0", () => {
    has(configWith({ vlan_id: 0, vlan_priority: 0, vlan_pc_port_id: null }), {
      "static.network.vlan.internet_port_vid": "0",
      "static.network.vlan.internet_port_priority": "0",
      "static.network.vlan.pc_port_enable": "0"
    })
  })

  it("changes to summer time on the right Sundays at the right hours", () => {
    has(fullConfig, {
      "local_time.time_zone": "+1",
      "local_time.summer_time": "1",
      "local_time.dst_time_type": "1",
      "local_time.start_time": "3/5/7/2",
      "local_time.end_time": "10/5/7/3",
      "local_time.offset_time": "60"
    })
    has(configWith({ timezone: "America/New_York" }), {
      "local_time.time_zone": "-5",
      "local_time.start_time": "3/2/7/2",
      "local_time.end_time": "11/1/7/2"
    })
    has(configWith({ timezone: "Asia/Kolkata" }), {
      "local_time.time_zone": "+5:30",
      "local_time.summer_time": "0"
    })
  })

  it("has the function keys, a function key before a line, and the module's keys after the phone's", () => {
    const { 1: _first, ...funckeys } = fullConfig.funckeys
    has(configWith({ funckeys: { ...funckeys, 28: { type: "speeddial", value: "*3", label: "Record" } } }), {
      "linekey.1.type": "15",
      "linekey.1.line": "1",
      "linekey.1.value": "1001",
      "linekey.1.label": "1001",
      "linekey.2.type": "16",
      "linekey.2.line": "1",
      "linekey.2.value": "1012",
      "linekey.2.label": "Carol",
      "linekey.2.extension": "*8",
      "linekey.3.type": "10",
      "linekey.3.value": "701",
      "linekey.4.type": "0",
      "linekey.5.label": "1013",
      "expansion_module.1.key.1.type": "11",
      "expansion_module.1.key.13.type": "13",
      "expansion_module.1.key.13.value": "1014"
    })
  })

  it("has no call waiting for a switchboard operator", () => {
    has(fullConfig, { "call_waiting.enable": "1" })
    has(fullConfig, { "call_waiting.enable": "0" }, { ...phone(), options: { switchboard: true } })
  })

  it("offers a base's handsets their firmware", () => {
    has(
      fullConfig,
      { "over_the_air.url.w53h": "http://192.0.2.1:8667/firmware/W53H-88.85.0.20.rom" },
      phone("W60B")
    )
  })

  it("inserts names literally", () => {
    has(hostileConfig, {
      "account.1.label": `Ö'Neil & "Sons" <script>]]> \${x} {{ y }}; 100% admin = 1 `,
      "account.1.password": `p&<">'$;=#`
    })
  })

  it("is there for a model that is not listed, with what is configured", () => {
    has(fullConfig, { "account.2.user_name": "user2", "linekey.40.value": "1014" }, phone("T99"))
  })
})

describeFiles({
  plugin,
  vendor: "Yealink",
  models: Object.keys(yealinkModels),
  folder: import.meta.dirname,
  extension: ".cfg",
  form: /^(?:|#!version:1\.0\.0\.1|[\w.]+ = .*)$/
})
