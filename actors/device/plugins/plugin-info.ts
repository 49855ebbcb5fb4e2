import { Schema } from "effect"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { JsonObject } from "../../../schemas/provd/device.ts"
import { type PluginInfo, pluginInterfaceVersion } from "../../../schemas/provd/phone-plugin.ts"
import { isInnerPath } from "./plugin-answers.ts"

/** What an id of a plugin may be: it is also the name of a folder. */
export const isPluginId = (id: string): boolean =>
  /^[A-Za-z0-9_.-]{1,128}$/.test(id) && id !== "." && id !== ".."

/** `plugin-info` of a package as it came, and what the runtime reads of it. */
export interface PackagedInfo {
  readonly info: PluginInfo
  /** The entry's path in the package, when it names one. */
  readonly entry: string | undefined
}

/**
 * Reads `plugin-info` of an unfolded package (contracts/provisioning.md 7.2). Rejects with an error whose message
 * says what is wrong with it.
 */
export const readPackagedInfo = async (folder: string): Promise<PackagedInfo> => {
  const text = await readFile(join(folder, "plugin-info"), "utf8").catch(() => {
    throw new Error("there is no plugin-info")
  })
  if (text.length > longestInfo) throw new Error("plugin-info is too long")
  const info = decodeInfo(text)
  const entry = info.entry
  if (entry !== undefined && !isInnerPath(entry))
    throw new Error("the entry of plugin-info is no path inside")
  // Decoded above; capabilities are passed on as they came.
  return { info: info as unknown as PluginInfo, entry }
}

/** Why a plugin does not work with this runtime's interface; undefined: it does. */
export const incompatibility = (info: PluginInfo): string | undefined => {
  const least = info["plugin_iface_version_min"]
  const greatest = info["plugin_iface_version_max"]
  if (least !== undefined && compareVersions(String(least), pluginInterfaceVersion) > 0)
    return `it wants interface ${String(least)} or later, this is ${pluginInterfaceVersion}`
  if (greatest !== undefined && compareVersions(String(greatest), pluginInterfaceVersion) < 0)
    return `it wants interface ${String(greatest)} or earlier, this is ${pluginInterfaceVersion}`
  return undefined
}

/**
 * A document with its description in the language of the locale: `description_fr_FR`, else `description_fr`, else
 * `description`; without the others (contracts/provisioning.md 6.5).
 */
export const localized = (document: JsonObject, locale: string | null): JsonObject => {
  const names =
    locale === null ? [] : [`description_${locale}`, `description_${locale.split("_", 1).join("")}`]
  const description = names.map((name) => document[name]).find((text) => typeof text === "string")
  const rest = Object.entries(document).filter(([key]) => !key.startsWith("description_"))
  return Object.fromEntries([...rest, ...(description === undefined ? [] : [["description", description]])])
}

const longestInfo = 1024 * 1024

const Info = Schema.fromJsonString(
  Schema.StructWithRest(
    Schema.Struct({
      version: Schema.String,
      description: Schema.String,
      capabilities: Schema.Record(Schema.String, Schema.Unknown),
      entry: Schema.optionalKey(Schema.String)
    }),
    [Schema.Record(Schema.String, Schema.Unknown)]
  )
)

const decodeInfo = (text: string) => {
  try {
    return Schema.decodeUnknownSync(Info)(text)
  } catch {
    throw new Error("plugin-info is not what it should be: version, description and capabilities")
  }
}

const compareVersions = (one: string, other: string): number => {
  const [left, right] = [one, other].map((version) => version.split(".").map(Number))
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
