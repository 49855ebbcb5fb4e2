import { join } from "node:path"
import { assert, describe, expect, it } from "vitest"
import type { PhoneFile, PhonePlugin } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { commonFilesOf, device, fullConfig, xmlFault } from "./fixture.ts"
import { autoprovConfig, configWith, hostileConfig, minimalConfig, nullConfig } from "./fixture.ts"

/** What every plugin is held to, model by model. */
export interface Suite {
  readonly plugin: PhonePlugin
  readonly vendor: string
  readonly models: ReadonlyArray<string>
  /** Of the test file: the snapshots go to `snapshots` in it. */
  readonly folder: string
  /** What the name of the snapshot of the first file ends with: `.cfg`. Further files keep their own name. */
  readonly extension: string
  /** `xml`: a file is a well-formed document; else every line of a file has this form. */
  readonly form: "xml" | RegExp
  /** Which files are no text; the vendor's own tests look into them. */
  readonly isBinary?: (path: string) => boolean
  /** Laid over each of the configs. */
  readonly config?: Partial<RawConfig>
  /** Without which a phone cannot fetch its files; default `http_port`. */
  readonly port?: "http_port" | "tftp_port"
  /** How the bytes of a file become the text of the snapshot; default UTF-8. */
  readonly decode?: (file: PhoneFile) => string
}

/** Describes the plugin's files for each of its models; the vendor's own tests say what stands in them. */
export const describeFiles = (suite: Suite): void => {
  const { plugin, vendor, models } = suite
  const phone = (model: string) => device({ vendor, model })
  const files = (model: string, config: RawConfig) =>
    (plugin.deviceFiles?.(phone(model), { ...config, ...suite.config }) ?? [])
      .filter(({ path }) => suite.isBinary?.(path) !== true)
      .map((file) => ({
        path: file.path,
        text: textOf(suite, file)
      }))

  describe.each(models)(`${vendor} %s`, (model) => {
    it("is among the capabilities of the plugin", () => {
      const named = Object.keys(plugin.info.capabilities).filter((key) =>
        key.startsWith(`${vendor}, ${model}, `)
      )
      assert.isAbove(named.length, 0)
    })

    it("gets a file with everything that is configured", async () => {
      const name = model.replaceAll(/[ /]/g, "-")
      const written = files(model, fullConfig).filter(({ path }) => !path.endsWith(".crt"))
      for (const [index, { path, text }] of written.entries()) {
        const ending = index === 0 ? suite.extension : `-${path.slice(path.lastIndexOf("/") + 1)}`
        await expect(text).toMatchFileSnapshot(join(suite.folder, "snapshots", `${name}${ending}`))
      }
    })

    it("has its trigger file and no file twice", () => {
      const paths = files(model, fullConfig).map(({ path }) => path)
      const trigger = plugin.remoteStateTrigger?.(phone(model))
      assert.isTrue(paths.some((path) => path.slice(path.lastIndexOf("/") + 1) === trigger))
      assert.strictEqual(new Set(paths).size, paths.length)
      assert.isTrue(plugin.isSensitive?.(trigger ?? ""))
    })

    it.each([
      ["all that is configured", fullConfig],
      ["the least that a config can say", minimalConfig],
      ["null for every optional value", nullConfig],
      ["the shared account of unprovisioned phones", autoprovConfig],
      ["names with characters of the file's own syntax", hostileConfig],
      ["function keys without a line", configWith({ sip_lines: {} })]
    ])("gets a sound file from %s", (_, config) => {
      for (const { path, text } of files(model, config)) {
        assert.notMatch(text, /\b(?:null|undefined|NaN)\b|\[object/, path)
        if (path.endsWith(".crt")) continue
        for (const fault of faults(suite, text)) assert.fail(`${path}: ${fault}`)
      }
    })
  })

  describe(`${vendor} files`, () => {
    it("are refused without what they need", () => {
      const model = models[0] ?? ""
      const { mac: _, ...unnamed } = phone(model)
      assert.throws(() => plugin.deviceFiles?.({ ...unnamed, mac: null }, fullConfig), /MAC/)
      assert.isUndefined(plugin.remoteStateTrigger?.({ ...unnamed, mac: null }))
      const port = suite.port ?? "http_port"
      const unreachable = { ...configWith({ [port]: null }), ...suite.config }
      assert.throws(() => plugin.deviceFiles?.(phone(model), unreachable), new RegExp(port))
    })

    it("for all phones are sound", () => {
      for (const [path, text] of Object.entries(commonFilesOf(plugin, minimalConfig)))
        if (path.endsWith(".xml")) assert.isUndefined(xmlFault(text), path)
    })
  })
}

const textOf = (suite: Suite, file: PhoneFile): string => {
  if (suite.decode !== undefined) return suite.decode(file)
  return typeof file.content === "string" ? file.content : Buffer.from(file.content).toString("utf8")
}

const faults = ({ form }: Suite, text: string): ReadonlyArray<string> => {
  if (form === "xml") return [xmlFault(text)].filter((fault) => fault !== undefined)
  return text.split("\n").filter((line) => line !== "" && !form.test(line))
}
