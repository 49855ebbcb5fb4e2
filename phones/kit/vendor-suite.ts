import { assert, describe, expect, it } from "vitest"
import type { DeviceDocument } from "../../schemas/provd/device.ts"
import type { PhonePlugin } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import {
  autoprovConfig,
  filesOf,
  fullConfig,
  hostileConfig,
  minimalConfig,
  nullConfig,
  snapshotOf,
  xmlFault
} from "./fixture.ts"

export interface VendorSuite {
  readonly plugin: PhonePlugin
  readonly vendor: string
  readonly models: ReadonlyArray<string>
  /** The device of a model. */
  readonly device: (model: string) => DeviceDocument
  /** Where the snapshots are: `new URL("./snapshots/", import.meta.url)`. */
  readonly snapshots: URL
  readonly format: "xml" | "key=value"
  /** Laid over each of the configs. */
  readonly config?: Partial<RawConfig>
}

/** What every vendor's plugin promises of each of its models (contracts/provisioning-vendors.md). */
export const describeModels = (suite: VendorSuite): void => {
  const { plugin, vendor, models, snapshots, format } = suite
  const files = (model: string, config: RawConfig) =>
    filesOf(plugin, suite.device(model), { ...config, ...suite.config })

  describe("every model", () => {
    it("is a capability of the plugin", () => {
      const listed = new Set(Object.keys(plugin.info.capabilities).map((key) => key.split(", ")[1]))
      for (const model of models) assert.isTrue(listed.has(model), model)
      for (const key of Object.keys(plugin.info.capabilities)) assert.match(key, new RegExp(`^${vendor}, `))
    })

    it.each(models)("gets its bytes: %s", async (model) => {
      const path = new URL(`${model.replaceAll(" ", "_")}.txt`, snapshots)
      await expect(snapshotOf(files(model, fullConfig))).toMatchFileSnapshot(path.pathname)
    })

    const configs = {
      minimal: minimalConfig,
      null: nullConfig,
      autoprov: autoprovConfig,
      hostile: hostileConfig
    }
    it.each(Object.keys(configs))("is well-formed with a config that is %s", (name) => {
      const config = configs[name as keyof typeof configs]
      for (const model of models) {
        for (const [path, text] of Object.entries(files(model, config))) {
          assert.notMatch(text, /undefined|\[object|NaN|>null<|= ?null\b|"null"/, `${model} ${path}`)
          if (format === "xml" && /^\s*</.test(text)) assert.isUndefined(xmlFault(text), `${model} ${path}`)
          if (format === "key=value") assert.deepStrictEqual(strayLines(text), [], `${model} ${path}`)
        }
      }
    })
  })
}

/** Lines of a key=value file that are neither a setting, a comment, a section nor empty, or that a name has added. */
const strayLines = (text: string): ReadonlyArray<string> =>
  text.split("\n").filter((line) => {
    const setting = /^[\w!@.%/\- ]+?\s*[=:]/.test(line) && !line.startsWith("admin =")
    return !setting && !/^(?:[#;![].*|)$/.test(line)
  })
