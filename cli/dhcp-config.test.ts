import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { bundledPlugins } from "../phones/bundled.ts"
import { dhcpRules } from "../phones/dhcp.ts"
import { dhcpConfig, type DhcpFormat, dhcpFormats } from "./dhcp-config.ts"

const server = { url: "http://192.0.2.10:8667", host: "192.0.2.10" }
const every = bundledPlugins.map(({ id }) => id)

/** How each server checks a file; given the path. */
const checks: Readonly<Record<DhcpFormat, (file: string) => readonly [string, ReadonlyArray<string>]>> = {
  isc: (file) => ["dhcpd", ["-t", "-4", "-cf", file]],
  kea: (file) => ["kea-dhcp4", ["-t", file]],
  dnsmasq: (file) => ["dnsmasq", ["--test", "-C", file]]
}

describe("what the DHCP server of a site is told", () => {
  it("every bundled plugin has its phones, and no rule is for a plugin that is not there", () => {
    for (const { plugins } of dhcpRules) for (const plugin of plugins) assert.include(every, plugin)
    for (const plugin of every)
      assert.isTrue(
        dhcpRules.some(({ plugins }) => plugins.includes(plugin)),
        plugin
      )
    const names = dhcpRules.map(({ name }) => name)
    assert.strictEqual(new Set(names).size, names.length)
  })

  for (const format of dhcpFormats) {
    it(`${format}: only phones of installed plugins are told, and a server that is here takes the file`, () => {
      const yealink = dhcpConfig(format, server, ["strowger-yealink"])
      assert.include(yealink, "strowger-yealink")
      assert.notInclude(yealink, "strowger-snom")
      const folder = mkdtempSync(join(tmpdir(), "strowger-dhcp-"))
      try {
        const file = join(folder, "phones.conf")
        writeFileSync(file, dhcpConfig(format, server, every))
        const [program, args] = checks[format](file)
        const { status, error, stderr } = spawnSync(program, args, { encoding: "utf8" })
        // A machine without the server has only the other tests.
        if (error === undefined) assert.strictEqual(status, 0, stderr)
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  }

  it("isc: classes by MAC address, vendor class and user class", () => {
    const text = dhcpConfig("isc", server, every)
    assert.include(
      text,
      "match if substring(hardware, 1, 3) = 00:15:65\n    or substring(hardware, 1, 3) = e4:34:d7"
    )
    assert.include(text, 'option tftp-server-name "http://192.0.2.10:8667/000000000000.cfg";')
    assert.include(text, 'substring(option vendor-class-identifier, 0, 4) = "snom"')
    assert.include(text, 'option strowger-user-class = "Thomson ST2030S"')
    assert.include(text, 'next-server 192.0.2.10; filename "sipconfig.txt";')
    assert.strictEqual(text.match(/\{/g)?.length, text.match(/\}/g)?.length)
  })

  it("kea: one JSON document; texts go as bytes, since a comma would cut them", () => {
    const { Dhcp4 } = JSON.parse(dhcpConfig("kea", server, every))
    const classOf = (name: string) =>
      Dhcp4["client-classes"].find((one: { name: string }) => one.name === name)
    assert.deepStrictEqual(classOf("strowger-htek"), {
      name: "strowger-htek",
      test: "substring(pkt4.mac,0,3) == 0x001fc1",
      "option-data": [
        { code: 66, "csv-format": false, data: Buffer.from("http://192.0.2.10:8667").toString("hex") }
      ]
    })
    assert.deepInclude(classOf("strowger-alcatel-noe"), {
      "next-server": "192.0.2.10",
      "boot-file-name": "sipconfig.txt"
    })
  })

  it("dnsmasq: tags; sub-options of vendor options as code, length and text", () => {
    const lines = dhcpConfig("dnsmasq", server, every).split("\n")
    assert.include(lines, "dhcp-mac=set:strowger-grandstream,00:0b:82:*:*:*")
    assert.include(lines, 'dhcp-option=tag:strowger-grandstream,66,"http://192.0.2.10:8667/Grandstream"')
    const aastra = lines.find((line) => line.startsWith("dhcp-option=tag:strowger-aastra,43,")) ?? ""
    const bytes = Buffer.from(aastra.split(",")[2]?.replaceAll(":", "") ?? "", "hex")
    assert.strictEqual(bytes.toString("latin1"), `\u0002\u001d${server.url}/Aastra\u0003\u0001\u0000`)
  })

  it("phones that need an address are left out when the URL has a name", () => {
    const text = dhcpConfig("dnsmasq", { url: "https://phones.example", host: "phones.example" }, every)
    assert.notMatch(text, /,150,|dhcp-boot/)
    assert.include(text, 'dhcp-option=tag:strowger-cisco-sep,66,"phones.example"')
  })
})
