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
import { snomModels } from "./models.ts"
import { snom } from "./plugin.ts"

const plugin = loaded(snom, new URL("./templates", import.meta.url).pathname)
const phone = (model = "D785") => device({ vendor: "Snom", model, mac: "00:04:13:92:2d:24" })
const fileOf = (config: RawConfig, of = phone()) => filesOf(plugin, of, config)["000413922D24.xml"] ?? ""
const has = (config: RawConfig, settings: ReadonlyArray<string>, of = phone()) => {
  const file = fileOf(config, of)
  for (const setting of settings) assert.include(file, `${setting}\n`)
}
const setting = (name: string, value: string, index?: number) =>
  `<${name}${index === undefined ? "" : ` idx="${index}"`} perm="R">${value}</${name}>`

describe("a request of a Snom desk phone", () => {
  const mac = "00:04:13:92:2d:24"
  const full =
    "Mozilla/4.0 (compatible; snomD785-SIP 10.1.198.19 2010.12-00004-g9ba52f5 000413922D24 SXM:0 UXM:0)"
  const old = "Mozilla/4.0 (compatible; snom320-SIP 8.4.35 1.1.3-s)"
  const table = [
    [full, "/", {}, { model: "D785", version: "10.1.198.19", mac }],
    [old, "/snom320.htm", { mac: "000413922D24" }, { model: "320", version: "8.4.35", mac }],
    [old, "/snom320-000413922D24.htm", {}, { model: "320", version: "8.4.35", mac }],
    [old, "/", { mac: "garbage" }, { model: "320", version: "8.4.35" }],
    ["", "/snom320-000413922D24.htm", {}, { model: "320", mac }],
    ["", "/000413922D24.xml", {}, undefined],
    ["Mozilla/4.0 (compatible; Snom M900 05.20.0001 000413b60680)", "/", {}, undefined],
    ["Yealink SIP-T46S 66.86.0.15 80:5e:c0:aa:bb:cc", "/snom320-000413922D24.htm", {}, undefined]
  ] as const
  it.each(table)("%s %s %o", (userAgent, path, query, info) => {
    assert.deepStrictEqual(
      plugin.extract?.(request({ userAgent, path, query })),
      info === undefined ? undefined : { vendor: "Snom", ...info }
    )
  })
})

describe("the plugin", () => {
  it("suits Snom's desk phones with firmware from 7", () => {
    const score = (model: string, version?: string) =>
      plugin.associate?.({ vendor: "Snom", model, ...(version === undefined ? {} : { version }) })
    assert.strictEqual(score("D785", "10.1.198.19"), support.exact)
    assert.strictEqual(score("D785", "10.1.20.0"), support.complete)
    assert.strictEqual(score("D785"), support.probable)
    assert.strictEqual(score("D999", "10.1.20.0"), support.probable)
    assert.strictEqual(score("320", "6.5.20"), support.none)
    assert.strictEqual(score("M900", "07.40.0104"), support.none)
    assert.strictEqual(plugin.associate?.({ vendor: "Yealink" }), support.improbable)
    assert.strictEqual(plugin.associate?.({}), support.unknown)
  })

  it("configures no phone without MAC address, model or HTTP", () => {
    assert.throws(() => plugin.deviceFiles?.({ ...phone(), mac: null }, fullConfig), /MAC/)
    assert.throws(() => plugin.deviceFiles?.({ ...phone(), model: null }, fullConfig), /model/)
    assert.throws(() => plugin.deviceFiles?.(phone(), { ...fullConfig, http_port: null }), /http_port/)
  })

  it("leads a phone from its page to its settings, which are secret", () => {
    const files = filesOf(plugin, phone(), fullConfig)
    assert.deepStrictEqual(Object.keys(files).sort(), ["000413922D24.xml", "snomD785-000413922D24.htm"])
    assert.include(
      files["snomD785-000413922D24.htm"] ?? "",
      `<file url="http://192.0.2.1:8667/000413922D24.xml"/>`
    )
    assert.strictEqual(plugin.remoteStateTrigger?.(phone()), "000413922D24.xml")
    assert.isTrue(plugin.isSensitive?.("000413922D24.xml"))
    assert.isFalse(plugin.isSensitive?.("snom-general.xml"))
  })

  it("makes a phone fetch its files without a restart", async () => {
    assert.deepStrictEqual(await notifiesOf(plugin, phone(), fullConfig), [
      { event: "check-sync;reboot=false" }
    ])
  })

  it("has the files that every phone asks for", () => {
    const files = commonFilesOf(plugin, minimalConfig)
    for (const [path, text] of Object.entries(files)) assert.isUndefined(xmlFault(text), path)
    for (const file of ["snom-general.xml", "snomD785.xml", "gui_lang.xml", "web_lang.xml"]) {
      assert.include(files["snomD785.htm"] ?? "", `<file url="http://192.0.2.1:8667/${file}"/>`)
      assert.property(files, file)
    }
    assert.include(
      files["snomD785.xml"] ?? "",
      "<firmware_status>http://192.0.2.1:8667/snomD785-firmware.xml</firmware_status>"
    )
    assert.include(
      files["snomD785-firmware.xml"] ?? "",
      "<firmware>http://192.0.2.1:8667/firmware/snomD785-10.1.198.19-SIP-r.bin</firmware>"
    )
    assert.include(files["snom-general.xml"] ?? "", setting("auto_reboot_on_setting_change", "on"))
    assert.include(files["snom-general.xml"] ?? "", setting("user_active", "off", 12))
  })

  it("has these bytes for all D785", async ({ expect }) => {
    const files = commonFilesOf(plugin, minimalConfig)
    const own = Object.fromEntries(Object.entries(files).filter(([path]) => /D785|lang|general/.test(path)))
    await expect(snapshotOf(own)).toMatchFileSnapshot("./snapshots/common.txt")
  })
})

describe("a Snom phone's settings", () => {
  it("have the account", () => {
    has(fullConfig, [
      setting("user_active", "on", 1),
      setting("user_name", "user1", 1),
      setting("user_pname", "auth1", 1),
      setting("user_pass", "secret1", 1),
      setting("user_realname", "Alice Martin 1", 1),
      setting("user_idle_text", "Alice Martin 1", 1),
      setting("user_idle_number", "1001", 1),
      setting("user_host", "192.0.2.10", 1),
      setting("user_outbound", "192.0.2.10;transport=udp", 1),
      setting("user_outbound", "192.0.2.10:5070;transport=udp", 2),
      setting("user_mailbox", "*98", 1),
      setting("mac_info_in_sip_register", "on", 1),
      setting("codec_priority_list", "pcma,pcmu,g722,g729,telephone-event", 1),
      setting("user_dtmf_info", "off", 1),
      setting("user_dtmf_info", "sip_info_only", 2),
      setting("user_savp", "mandatory", 1),
      setting("user_auth_tag", "off", 1)
    ])
  })

  it("encrypt calls with TLS only", () => {
    has(fullConfig, [setting("user_srtp", "off", 1)])
    has(configWith({ sip_transport: "tls" }), [
      setting("user_srtp", "on", 1),
      setting("user_outbound", "192.0.2.10;transport=tls", 1)
    ])
  })

  it("have the backup on an identity of its own behind the last line", () => {
    has(fullConfig, [
      setting("user_failover_identity", "3", 1),
      setting("user_host", "192.0.2.11", 3),
      setting("user_outbound", "192.0.2.11;transport=udp", 3),
      setting("hide_identity", "true", 3),
      setting("user_idle_text", "Alice Martin 1 1001", 3),
      setting("user_failover_identity", "4", 2),
      setting("user_outbound", "192.0.2.11:5071;transport=udp", 4),
      setting("status_msgs_that_are_blocked", "Identity03IsNotRegistered Identity04IsNotRegistered")
    ])
  })

  it("have time, locale, VLAN, users, server and directory", () => {
    has(fullConfig, [
      setting("ntp_server", "192.0.2.123"),
      setting("timezone", "FRA+1"),
      setting("dst", "3600 03.05.07 02:00:00 10.05.07 03:00:00"),
      setting("language", "Français"),
      setting("web_language", "Français"),
      setting("tone_scheme", "FRA"),
      setting("vlan_id", "100"),
      setting("vlan_qos", "5"),
      setting("vlan_pc_id", "200"),
      setting("http_user", "admin"),
      setting("http_pass", "admin-secret"),
      setting("webserver_admin_name", "admin"),
      setting("webserver_admin_password", "admin-secret"),
      setting("admin_mode_password", "admin-secret"),
      setting("webserver_user_name", "user"),
      setting("webserver_user_password", "user-secret"),
      `<setting_server perm="RW">http://192.0.2.1:8667/</setting_server>`,
      setting(
        "dkey_directory",
        "url http://192.0.2.98:9498/0.1/directories/input/default/snom?xivo_user_uuid=7f523550-03cf-4dac-a858-cb8afdb34775"
      ),
      setting("syslog_server", "192.0.2.14:514"),
      setting("call_waiting", "on")
    ])
    has(fullConfig, [setting("call_waiting", "off")], { ...phone(), options: { switchboard: true } })
  })

  it("have the time zone of the country's tones, so none without a locale", () => {
    assert.notInclude(fileOf(configWith({ locale: null })), "<timezone")
    has(configWith({ locale: null }), [setting("utc_offset", "3600")])
    has(configWith({ locale: "de_AT.UTF-8" }), [setting("language", "Deutsch"), setting("timezone", "GER+1")])
    assert.notInclude(fileOf(configWith({ locale: "ja_JP" })), "<language")
    has(configWith({ locale: "en_US", timezone: "America/New_York" }), [
      setting("timezone", "USA-5"),
      setting("dst", "3600 03.02.07 02:00:00 11.01.07 02:00:00")
    ])
  })

  it("have the function keys, lamps with the pickup code or not at all", () => {
    has(fullConfig, [
      `<fkey idx="0" label="Bob" short_label="Bob" context="active" perm="R">speed 1011</fkey>`,
      `<fkey idx="1" label="Carol" short_label="Carol" context="active" perm="R">blf 1012|*8</fkey>`,
      `<fkey idx="2" label="Park" short_label="Park" context="active" perm="R">speed 701</fkey>`,
      `<fkey idx="4" label="1013" short_label="1013" context="active" perm="R">blf 1013|*8</fkey>`
    ])
    has(fullConfig, [`<fkey idx="2" label="Park" context="active" perm="R">orbit 701</fkey>`], phone("720"))
    assert.notInclude(fileOf(configWith({ exten_pickup_call: null })), "blf ")
  })

  it("escape names", () => {
    has(hostileConfig, [
      setting(
        "user_realname",
        "Ö&#39;Neil &amp; &quot;Sons&quot; &lt;script&gt;]]&gt; ${x} {{ y }}; 100% admin = 1 ",
        1
      ),
      setting("user_pass", "p&amp;&lt;&quot;&gt;&#39;$;=#", 1)
    ])
  })
})

describeFiles({
  plugin,
  vendor: "Snom",
  models: Object.keys(snomModels),
  folder: import.meta.dirname,
  extension: ".xml",
  form: "xml"
})
