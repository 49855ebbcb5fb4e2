import { assert, describe, it } from "vitest"
import { support } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import {
  commonFilesOf,
  configWith,
  device,
  filesOf,
  fullConfig,
  loaded,
  minimalConfig,
  notifiesOf,
  request,
  xmlFault
} from "../kit/fixture.ts"
import { describeFiles } from "../kit/suite.ts"
import { snomBases } from "./models.ts"
import { snomDect } from "./plugin.ts"

const plugin = loaded(snomDect, new URL("./templates", import.meta.url).pathname)
const base = (model = "M900") => device({ vendor: "Snom", model, mac: "00:04:13:b6:06:80" })
const fileOf = (config: RawConfig, of = base()) => filesOf(plugin, of, config)["000413B60680.xml"] ?? ""

describe("a Snom DECT base", () => {
  it("tells model, version and MAC address", () => {
    const userAgent = "Mozilla/4.0 (compatible; Snom M900 05.20.0001 000413b60680)"
    assert.deepStrictEqual(plugin.extract?.(request({ userAgent })), {
      vendor: "Snom",
      model: "M900",
      version: "05.20.0001",
      mac: "00:04:13:b6:06:80"
    })
    assert.isUndefined(
      plugin.extract?.(request({ userAgent: "Mozilla/4.0 (compatible; snom320-SIP 8.4.35)" }))
    )
  })

  it("suits the plugin from firmware 05.00.0001", () => {
    const score = (model: string, version?: string) =>
      plugin.associate?.({ vendor: "Snom", model, ...(version === undefined ? {} : { version }) })
    assert.strictEqual(score("M900", "07.40.0104"), support.exact)
    assert.strictEqual(score("M900", "05.20.0001"), support.complete)
    assert.strictEqual(score("M900", "04.99.0001"), support.none)
    assert.strictEqual(score("M215", "05.20.0001"), support.probable)
    assert.strictEqual(score("M900"), support.probable)
    assert.strictEqual(score("D785", "10.1.198.19"), support.none)
  })

  it("restarts when it fetches its files", async () => {
    assert.deepStrictEqual(await notifiesOf(plugin, base(), fullConfig), [
      { event: "check-sync;reboot=true" }
    ])
    assert.strictEqual(plugin.remoteStateTrigger?.(base()), "000413B60680.xml")
    assert.isTrue(plugin.isSensitive?.("000413B60680.xml"))
  })

  it("is not configured without MAC address, model or HTTP", () => {
    assert.throws(() => plugin.deviceFiles?.({ ...base(), mac: null }, fullConfig), /MAC/)
    assert.throws(() => plugin.deviceFiles?.({ ...base(), model: null }, fullConfig), /model/)
    assert.throws(() => plugin.deviceFiles?.(base(), { ...fullConfig, http_port: null }), /http_port/)
  })

  it("has the files that every base asks for", () => {
    const files = commonFilesOf(plugin, minimalConfig)
    for (const [path, text] of Object.entries(files)) assert.isUndefined(xmlFault(text), path)
    assert.include(files["snom-general.xml"] ?? "", `<user_active idx="1000">off</user_active>`)
    assert.include(files["snomM900-firmware.xml"] ?? "", "<fp_fwu_sw_version>740</fp_fwu_sw_version>")
    assert.include(files["snomM900.htm"] ?? "", "http://192.0.2.1:8667/snomM900-firmware.xml")
  })

  it("shares a server among the lines of one proxy and port, and has ten at most", () => {
    const lines = (count: number, port: (line: number) => number) =>
      configWith({
        sip_lines: Object.fromEntries(
          Array.from({ length: count }, (_, index) => [
            index + 1,
            { ...fullConfig.sip_lines["1"], username: `user${index + 1}`, proxy_port: port(index + 1) }
          ])
        )
      })
    const two = fileOf(lines(4, (line) => 5060 + 10 * (line % 2)))
    assert.include(two, `<user_host idx="1">192.0.2.10:5070</user_host>`)
    assert.include(two, `<user_host idx="2">192.0.2.10</user_host>`)
    assert.notInclude(two, `<user_host idx="3">`)
    assert.include(two, `<subscr_sip_ua_data_server_id idx="3">1</subscr_sip_ua_data_server_id>`)
    const many = fileOf(lines(11, (line) => 5060 + line))
    assert.include(many, `<user_host idx="10">192.0.2.10:5070</user_host>`)
    assert.notInclude(many, `<user_name idx="11">`)
  })

  it("has account, transport, time, locale, VLAN, users and directory", () => {
    const file = fileOf(configWith({ sip_transport: "tcp" }))
    for (const setting of [
      `<user_name idx="1">user1</user_name>`,
      `<user_pass idx="1">secret1</user_pass>`,
      `<user_mailnumber idx="1">*98</user_mailnumber>`,
      `<subscr_dect_ac_code idx="2">0002</subscr_dect_ac_code>`,
      `<srv_sip_transport idx="1">tcp</srv_sip_transport>`,
      `<user_dtmf_info idx="2">sip_info_only</user_dtmf_info>`,
      "<ntp_server>192.0.2.123</ntp_server>",
      "<timezone>FRA+1</timezone>",
      "<tone_scheme>FRA</tone_scheme>",
      "<vlan_id>100</vlan_id>",
      "<http_pass>admin-secret</http_pass>",
      "<http_basic_user>user</http_basic_user>",
      "<phonebook_location>http://192.0.2.98:9498/0.1/directories/input/default/snom?xivo_user_uuid=7f523550-03cf-4dac-a858-cb8afdb34775</phonebook_location>"
    ]) {
      assert.include(file, setting)
    }
  })
})

describeFiles({
  plugin,
  vendor: "Snom",
  models: Object.keys(snomBases),
  folder: import.meta.dirname,
  extension: ".xml",
  form: "xml"
})
