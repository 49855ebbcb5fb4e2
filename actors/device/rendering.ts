import { createHash } from "node:crypto"
import { Clock, Effect } from "effect"
import { AppConfig, type Settings } from "../../runtime/config.ts"
import { completeRawConfig } from "../../schemas/provd/complete-raw-config.ts"
import type { DeviceDocument, JsonObject } from "../../schemas/provd/device.ts"
import { textOf } from "../../schemas/provd/document.ts"
import type { PhoneFile } from "../../schemas/provd/phone-plugin.ts"
import { incompleteRawConfig, rawConfigProblem } from "../../schemas/provd/raw-config.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { baseRawConfig } from "./base-config.ts"
import { ConfigStore } from "./config-store.ts"
import type { DeviceEvent, GenerateParams, RenderedFile } from "./machine.ts"
import type { LoadedPlugin } from "./plugins/loaded-plugin.ts"
import { PhonePlugins } from "./plugins/phone-plugins.ts"
import { SystemParameters } from "./system-parameters.ts"

/** What a device's files are made of. */
export interface Sources {
  readonly settings: Settings
  readonly configs: ConfigStore["Service"]
  readonly plugins: PhonePlugins["Service"]
  readonly parameters: SystemParameters["Service"]
}

/** Those of this node. */
export const sourcesOfNode: Effect.Effect<
  Sources,
  never,
  AppConfig | ConfigStore | PhonePlugins | SystemParameters
> = Effect.gen(function* () {
  return {
    settings: yield* AppConfig,
    configs: yield* ConfigStore,
    plugins: yield* PhonePlugins,
    parameters: yield* SystemParameters
  }
})

/** What plugins are given of a device: checked and complete. */
interface Ready {
  readonly plugin: LoadedPlugin
  readonly config: RawConfig
}

/** Everything that the files of a device are made of, or why there can be none. */
export const readyFor = (
  sources: Sources,
  { document, config }: GenerateParams
): Ready | { readonly reason: string } => {
  const id = textOf(document, "plugin")
  if (id === undefined || id === "") return { reason: "it has no plugin" }
  const plugin = sources.plugins.get(id)
  if (plugin === undefined) return { reason: `the plugin ${id} is not loaded` }
  const configId = textOf(document, "config")
  if (configId === undefined || configId === "") return { reason: "it has no config" }
  const flattened = sources.configs.flatten(configId, config?.document)
  if (flattened === undefined) return { reason: `there is no config ${configId}` }
  const problem = rawConfigProblem(flattened) ?? incompleteRawConfig(flattened)
  if (problem !== undefined) return { reason: `the config ${configId} cannot be used: ${problem}` }
  const url = urlFor(sources, document, flattened)
  if (url === undefined) return { reason: "its tenant has no provisioning key" }
  return { plugin, config: completeRawConfig(flattened, url) }
}

/** By what files were made beside the device's own document and configs: when it changes they are out of date. */
export const renderedBy = ({ settings }: Sources, plugin: LoadedPlugin): string =>
  digestOf(
    Buffer.from(
      JSON.stringify([plugin.id, plugin.info.version, baseRawConfig(settings), settings.phoneHttpAuth])
    )
  )

/** Asks the plugin for the files of a device. Never fails: what cannot be generated is an event of the machine. */
export const generate = Effect.fnUntraced(function* (
  sources: Sources,
  params: GenerateParams
): Effect.fn.Return<DeviceEvent> {
  // Read before the configs are: a change that comes meanwhile is newer.
  const revision = Math.max(sources.configs.latestRevision(), params.config?.revision ?? 0)
  const failed = (reason: string) =>
    Effect.as(Effect.logWarning(`Device ${params.document.id} is not configured: ${reason}`), {
      type: "failed",
      revision
    } as const)
  const ready = readyFor(sources, params)
  if ("reason" in ready) return yield* failed(ready.reason)
  const outcome = yield* Effect.result(filesOf(ready, params.document))
  if (outcome._tag === "Failure") return yield* failed(outcome.failure)
  const at = yield* Clock.currentTimeMillis
  const rendered = new Map(outcome.success.map((file) => [file.path, renderedFile(file)]))
  const by = renderedBy(sources, ready.plugin)
  return { type: "generated", files: [...rendered.values()], revision, renderedBy: by, at }
})

/** What the plugin gives, or why it is of no use. Whatever a plugin does, the device's actor goes on. */
const filesOf = ({ plugin, config }: Ready, document: DeviceDocument) =>
  Effect.suspend(() => plugin.deviceFiles(document, config)).pipe(
    Effect.mapError(({ message }) => message),
    Effect.flatMap((files) => {
      const problem = filesProblem(files)
      return problem === undefined
        ? Effect.succeed(files)
        : Effect.fail(`the plugin ${plugin.id} gave ${problem}`)
    }),
    Effect.catchDefect((defect) => Effect.fail(`the plugin ${plugin.id} broke: ${String(defect)}`))
  )

/** Whether a path stays below the root that it is looked for in: no empty or dotted segment, one way to write it. */
export const isPlainPath = (path: string): boolean =>
  path.length > 0 &&
  path.length <= longestPath &&
  !/[\p{Cc}\\]/u.test(path) &&
  path.isWellFormed() &&
  path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..")

/** Bytes of a phone's file. */
export const bytesOf = ({ content }: PhoneFile): Uint8Array =>
  typeof content === "string" ? Buffer.from(content, "utf8") : content

const longestPath = 512
const mostFiles = 64
const mostBytes = 8 * 1024 * 1024

/** Where phones bring the tenant's key along, their URLs begin with it; undefined: there is none. */
const urlFor = (
  { settings, parameters }: Sources,
  { tenant_uuid }: DeviceDocument,
  flattened: JsonObject
): string | undefined => {
  const url = (textOf(flattened, "http_base_url") ?? "").replace(/\/+$/, "")
  if (settings.phoneHttpAuth !== "url_key") return url
  const key = parameters.provisioningKey(tenant_uuid)
  return key === null ? undefined : `${url}/${key}`
}

const filesProblem = (files: ReadonlyArray<PhoneFile>): string | undefined => {
  if (files.length > mostFiles) return `more than ${mostFiles} files`
  if (files.some(({ path }) => !isPlainPath(path))) return "a path that leaves its root"
  const bytes = files.reduce((sum, file) => sum + bytesOf(file).length, 0)
  return bytes > mostBytes ? `more than ${mostBytes} bytes` : undefined
}

const renderedFile = (file: PhoneFile): RenderedFile => {
  const content = bytesOf(file)
  return { path: file.path, content, digest: digestOf(content) }
}

const digestOf = (content: Uint8Array): string =>
  createHash("sha256").update(content).digest("base64url").slice(0, 22)
