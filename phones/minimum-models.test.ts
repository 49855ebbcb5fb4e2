import { assert, describe, it } from "vitest"
import type { DeviceInfo } from "../schemas/provd/device.ts"
import { bundledPlugins } from "./bundled.ts"
import { device, filesOf, fullConfig, loaded, request } from "./kit/fixture.ts"

const plugins = bundledPlugins.map(({ id, factory, templates }) => ({
  id,
  plugin: loaded(factory, templates)
}))

/** "Minimum models" of contracts/provisioning-vendors.md, by vendor; `;` where a model has a space. */
const minimum: Readonly<Record<string, string>> = {
  Yealink: "T23G T27G T31G T33G T41S T42S T43U T46S T46U T48S T53W T54W T57W T58W CP920 W60B",
  Snom: "300 320 370 710 715 720 725 760 820 821 870 D315 D335 D345 D375 D385 D712 D713 D717 D735 D745 D765 D785 D862 D865 M300 M700 M900",
  Polycom:
    "SPIP331 SPIP335 SPIP450 SPIP550 SPIP650 SSIP6000 VVX101 VVX201 VVX250 VVX301 VVX311 VVX350 VVX401 VVX411 VVX450 VVX501 VVX601 VVX1500",
  Cisco:
    "SPA112 SPA122 SPA301 SPA303 SPA501G SPA502G SPA504G SPA508G SPA509G SPA512G SPA514G SPA525G SPA525G2 PAP2T ATA190 7811 7821 7841 7861 8811 8841 8851 8861 8941 8945 7906G 7911G 7931G 7940G 7941G 7942G 7945G 7960G 7961G 7962G 7965G 7970G 7971G 7975G",
  Aastra:
    "6730i 6731i 6735i 6737i 6739i 6753i 6755i 6757i 6863i 6865i 6867i 6869i 6873i 6905 6910 6915 6920 6930 6940 9143i 9480i",
  Technicolor: "ST2022 ST2030 TB30",
  Grandstream:
    "GXP1405 GXP1610 GXP1620 GXP1625 GXP1628 GXP1630 GXP2000 GXP2100 GXP2130 GXP2135 GXP2140 GXP2160 GXP2170 GRP2612 GRP2613 GRP2614 GRP2615 GRP2616 HT801 HT802 GXV3350 GXV3370 GXV3380",
  Fanvil: "X2 X3 X3S X4 X4U X5S X5U X6 X6U X7 X7C X210 V62 V65 V67 i10S i16SV H2U-V2 W611W",
  Gigaset: "N510;IP;PRO N720;DM;PRO N670;IP;PRO N870;IP;PRO N870E;IP;PRO",
  Panasonic: "KX-UT113 KX-UT123 KX-UT133 KX-UT136",
  "Alcatel-Lucent": "M3 M5 M7 8028s-GE",
  Alcatel: "4028 4038 4068",
  Htek: "UC902 UC903 UC912 UC912G UC923 UC924 UC926"
}

/** The plugin that a device is given (contracts/provisioning.md 7.3). */
const choice = (info: DeviceInfo): string | undefined =>
  plugins
    .map(({ id, plugin }) => ({ id, score: plugin.associate?.(info) ?? 0 }))
    .filter(({ score }) => score >= 300)
    .sort((a, b) => b.score - a.score || (a.id < b.id ? 1 : -1))[0]?.id

describe("the bundled plugins", () => {
  const listed = new Set(plugins.flatMap(({ plugin }) => Object.keys(plugin.info.capabilities)))
  for (const [vendor, names] of Object.entries(minimum)) {
    it(`have every model of ${vendor}, each with a plugin that is made for it`, () => {
      for (const name of names.split(" ")) {
        const model = name.replaceAll(";", " ")
        const key = [...listed].find((text) => text.startsWith(`${vendor}, ${model}, `))
        assert.isDefined(key, model)
        const version = key?.split(", ")[2] ?? ""
        const own = plugins.find(({ plugin }) => key !== undefined && key in plugin.info.capabilities)
        assert.strictEqual(choice({ vendor, model, version }), own?.id, model)
      }
    })
  }

  const cisco: ReadonlyArray<readonly [info: DeviceInfo, plugin: string | undefined]> = [
    [{ vendor: "Cisco" }, "strowger-cisco-sep"],
    [{ vendor: "Cisco", model: "9951" }, "strowger-cisco-sep"],
    [{ vendor: "Cisco", model: "SPA942" }, undefined],
    [{ vendor: "Snom", model: "D999", version: "10.1.1.1" }, "strowger-snom"],
    [{ vendor: "Snom", model: "M999", version: "07.40.0104" }, "strowger-snom-dect"],
    [{ vendor: "Nobody" }, undefined],
    [{}, undefined]
  ]
  it.each(cisco)("choose for %o", (info, plugin) => assert.strictEqual(choice(info), plugin))

  it("do not contradict each other about a phone that says who it is", () => {
    const phones = [
      ["Yealink SIP-T46S 66.86.0.15 80:5e:c0:aa:bb:cc", "T46S"],
      ["Mozilla/4.0 (compatible; snomD785-SIP 10.1.198.19 2010.12 000413922D24 SXM:0 UXM:0)", "D785"],
      ["Mozilla/4.0 (compatible; Snom M900 05.20.0001 000413b60680)", "M900"],
      ["FileTransport PolycomVVX-VVX_411-UA/5.9.2.3446 Type/Application", "VVX411"],
      ["Cisco/SPA508G-7.4.4 (0002FDFF2103)(CBT141400UK)", "SPA508G"],
      ["Cisco-CP-7841-3PCC/11.0.1 (00562b043615)", "7841"],
      ["Cisco/ATA191-MPP-11-1-0 (00562b043615)", "ATA191"]
    ] as const
    for (const [userAgent, model] of phones) {
      const models = plugins.flatMap(({ plugin }) => plugin.extract?.(request({ userAgent }))?.model ?? [])
      assert.deepStrictEqual(models, [model], userAgent)
    }
  })
})

describe("a model from outside", () => {
  it("that has the name of a property of every object is a model like any that is not listed", () => {
    for (const { id, plugin } of plugins) {
      const vendor = Object.keys(plugin.info.capabilities)[0]?.split(", ")[0] ?? ""
      // Technicolor counts generations in twelve digits.
      const filesFor = (model: string) =>
        JSON.stringify(filesOf(plugin, device({ vendor, model }), fullConfig))
          .replaceAll(model, "")
          .replaceAll(/\b\d{12}\b/g, "")
      let unlisted: string | undefined
      try {
        unlisted = filesFor("nosuchmodel")
      } catch {
        assert.throws(() => filesFor("constructor"), Error, undefined, id)
        continue
      }
      assert.isTrue(filesFor("constructor") === unlisted, id)
      assert.isTrue(filesFor("__proto__") === unlisted, id)
    }
  })
})
