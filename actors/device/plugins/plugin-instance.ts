import { Effect } from "effect"
import { mkdir, stat } from "node:fs/promises"
import { join } from "node:path"
import type { TemplateFolders } from "../../../runtime/template/templates.ts"
import type {
  PhoneFile,
  PhonePlugin,
  PluginFactory,
  PluginInfo,
  PluginParameter,
  SynchronizeTools
} from "../../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../../schemas/provd/raw-config-type.ts"
import { faultText } from "./fault-text.ts"
import { type LoadedPlugin, PluginFailure } from "./loaded-plugin.ts"
import { deviceInfoOf, filesOf, parametersOf, scoreOf } from "./plugin-answers.ts"
import { makePluginHost } from "./plugin-host.ts"
import { type PluginThread, startPluginThread } from "./plugin-thread-supervisor.ts"
import type { ParameterValues, PluginFunction } from "./thread-protocol.ts"

/** How the code of a plugin comes into service. */
export type PluginCode =
  /** Comes with the product, runs in the process. */
  | { readonly kind: "bundled"; readonly factory: PluginFactory }
  /** From an archive, runs in a thread of its own. `file` is absolute. */
  | { readonly kind: "entry"; readonly file: string; readonly info: PluginInfo }
  /** Serves files and does nothing else (contracts/provisioning.md 7.2). */
  | { readonly kind: "static"; readonly info: PluginInfo }

/** What a plugin is started from. */
export interface PluginSource {
  readonly id: string
  readonly code: PluginCode
  readonly templates: TemplateFolders
  /** `var/tftpboot`. */
  readonly fileRoot: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly parameters: ParameterValues
}

/** What a plugin is given by the runtime around it, and whom its troubles are told. */
export interface InstanceOptions {
  readonly base: RawConfig
  /** Longest time of one call of code from outside, milliseconds. */
  readonly timeout: number
  /** For the log: what went wrong in which function. */
  readonly onFault: (what: string) => void
  /** The code is not in service any more. */
  readonly onFailed: (reason: string) => void
}

/** A plugin whose code is in service. */
export interface PluginInstance {
  readonly loaded: LoadedPlugin
  readonly parameters: ReadonlyArray<PluginParameter>
  /** The same code with other values of its parameters; the files for all phones are made anew. */
  readonly withParameters: (values: ParameterValues) => Promise<PluginInstance>
  readonly close: () => Promise<void>
}

/** Milliseconds that a synchronization has beside the time of one call: phones and Asterisk take their time. */
const synchronizeMillis = 30_000

/** Brings a plugin's code into service and makes its files for all phones. Rejects with `PluginFailure`. */
export const startPlugin = async (
  source: PluginSource,
  options: InstanceOptions
): Promise<PluginInstance> => {
  await mkdir(source.fileRoot, { recursive: true })
  switch (source.code.kind) {
    case "bundled":
      return startBundled(source, source.code.factory, options)
    case "entry":
      return startEntry(source, source.code, options)
    case "static":
      return {
        loaded: fileService(source, source.code.info),
        parameters: [],
        withParameters: () => startPlugin(source, options),
        close: () => Promise.resolve()
      }
  }
}

/** What to run of an unfolded package: its entry, or nothing. */
export const codeOfPackage = async (
  folder: string,
  packaged: { readonly info: PluginInfo; readonly entry: string | undefined }
): Promise<PluginCode> => {
  const names = packaged.entry === undefined ? ["entry.js", "entry.mjs"] : [packaged.entry]
  for (const name of names) {
    const file = join(folder, name)
    const found = await stat(file).catch(() => undefined)
    if (found?.isFile() || packaged.entry !== undefined) return { kind: "entry", file, info: packaged.info }
  }
  return { kind: "static", info: packaged.info }
}

/** What a plugin of the product says of itself although it is not in service; undefined when its code throws. */
export const infoOf = (
  factory: PluginFactory,
  { id, templates }: { readonly id: string; readonly templates: string }
): PluginInfo | undefined => {
  try {
    return factory(makePluginHost({ id, templates: { own: templates }, settings: {}, parameter: () => null }))
      .info
  } catch {
    return undefined
  }
}

const fileService = ({ id, fileRoot }: PluginSource, info: PluginInfo): LoadedPlugin => ({
  id,
  info,
  extract: () => undefined,
  associate: () => undefined,
  deviceFiles: () => Effect.succeed([]),
  remoteStateTrigger: () => undefined,
  isSensitive: () => false,
  rewritePath: (path) => path,
  commonFiles: new Map(),
  fileRoot
})

const byPath = (files: ReadonlyArray<PhoneFile>): ReadonlyMap<string, PhoneFile> =>
  new Map(files.map((file) => [file.path, file]))

const startBundled = (
  source: PluginSource,
  factory: PluginFactory,
  options: InstanceOptions
): PluginInstance => {
  let values = source.parameters
  const fail = (error: unknown, parameters?: unknown) =>
    new PluginFailure({ plugin: source.id, message: faultText(error, parameters) })
  const attempt = <A>(run: () => A, parameters?: unknown): A => {
    try {
      return run()
    } catch (error) {
      throw fail(error, parameters)
    }
  }
  const plugin: PhonePlugin = attempt(() =>
    factory(makePluginHost({ ...source, parameter: (id) => values[id] ?? null }))
  )
  const guarded = <A>(name: PluginFunction, run: () => A, otherwise: A): A => {
    try {
      return run()
    } catch (error) {
      options.onFault(`${name}: ${faultText(error)}`)
      return otherwise
    }
  }
  const { synchronize } = plugin
  const instance = (): PluginInstance => ({
    loaded: {
      id: source.id,
      info: plugin.info,
      extract: (request) => guarded("extract", () => plugin.extract?.(request), undefined),
      associate: (info) => guarded("associate", () => plugin.associate?.(info), undefined),
      deviceFiles: (device, config) =>
        Effect.try({
          try: () => plugin.deviceFiles?.(device, config) ?? [],
          catch: (error) => fail(error, config)
        }),
      ...(synchronize === undefined
        ? {}
        : {
            synchronize: (device, config, notify) =>
              Effect.tryPromise({
                try: (signal) => {
                  const tools: SynchronizeTools = { notify, fetch, signal }
                  return synchronize.call(plugin, device, config, tools)
                },
                catch: (error) => fail(error, config)
              }).pipe(within(options.timeout + synchronizeMillis, source.id))
          }),
      remoteStateTrigger: (device) =>
        guarded("remoteStateTrigger", () => plugin.remoteStateTrigger?.(device), undefined),
      isSensitive: (name) => guarded("isSensitive", () => plugin.isSensitive?.(name) ?? false, false),
      rewritePath: (path) => guarded("rewritePath", () => plugin.rewritePath?.(path) ?? path, path),
      commonFiles: byPath(attempt(() => plugin.commonFiles?.(options.base) ?? [], options.base)),
      fileRoot: source.fileRoot
    },
    parameters: parametersOf(plugin.parameters),
    withParameters: (changed) => {
      values = changed
      return Promise.resolve().then(instance)
    },
    close: () => Promise.resolve()
  })
  return instance()
}

const within = (limit: number, plugin: string) =>
  Effect.timeoutOrElse({
    duration: limit,
    orElse: () =>
      Effect.fail(new PluginFailure({ plugin, message: `synchronize took longer than ${limit} ms` }))
  })

const startEntry = async (
  source: PluginSource,
  { file, info }: { readonly file: string; readonly info: PluginInfo },
  options: InstanceOptions
): Promise<PluginInstance> => {
  const thread = await startPluginThread({
    id: source.id,
    entry: file,
    templates: source.templates,
    settings: source.settings,
    parameters: source.parameters,
    timeout: options.timeout,
    synchronizeTimeout: options.timeout + synchronizeMillis,
    onFault: options.onFault,
    onFailed: options.onFailed
  })
  const instance = async (): Promise<PluginInstance> => ({
    loaded: {
      ...fileService(source, info),
      ...callsOf(source.id, thread, options),
      commonFiles: await commonFilesOf(source.id, thread, options.base)
    },
    parameters: thread.parameters,
    withParameters: (values) => {
      thread.setParameters(values)
      return instance()
    },
    close: () => thread.close()
  })
  return instance().catch(async (error: unknown) => {
    await thread.close()
    throw error
  })
}

const commonFilesOf = async (
  id: string,
  thread: PluginThread,
  base: RawConfig
): Promise<ReadonlyMap<string, PhoneFile>> => {
  if (!thread.functions.has("commonFiles")) return new Map()
  const answer = await thread.call("commonFiles", base)
  try {
    return byPath(filesOf(answer))
  } catch (error) {
    throw new PluginFailure({ plugin: id, message: faultText(error) })
  }
}

/** The functions that the plugin has, their answers checked. */
const callsOf = (
  id: string,
  thread: PluginThread,
  { onFault }: InstanceOptions
): Partial<Omit<LoadedPlugin, "id" | "info">> => {
  const has = (name: PluginFunction) => thread.functions.has(name)
  const asked = <A>(
    name: PluginFunction,
    args: ReadonlyArray<unknown>,
    read: (answer: unknown) => A,
    otherwise: A
  ): Promise<A> =>
    thread.call(name, ...args).then(read, (failure: PluginFailure) => {
      onFault(`${name}: ${failure.message}`)
      return otherwise
    })
  // The thread rejects with nothing else; answers that are wrong fail here.
  const asFailure = (error: unknown) =>
    error instanceof PluginFailure ? error : new PluginFailure({ plugin: id, message: faultText(error) })
  return {
    ...(has("extract") ? { extract: (request) => asked("extract", [request], deviceInfoOf, undefined) } : {}),
    ...(has("associate") ? { associate: (info) => asked("associate", [info], scoreOf, undefined) } : {}),
    ...(has("deviceFiles")
      ? {
          deviceFiles: (device, config) =>
            Effect.tryPromise({
              try: () => thread.call("deviceFiles", device, config).then(filesOf),
              catch: asFailure
            })
        }
      : {}),
    ...(has("synchronize")
      ? {
          synchronize: (device, config, notify) =>
            Effect.tryPromise({
              try: () => thread.synchronize(device, config, notify),
              catch: asFailure
            }).pipe(Effect.asVoid)
        }
      : {}),
    ...(has("remoteStateTrigger")
      ? { remoteStateTrigger: (device) => asked("remoteStateTrigger", [device], textOf, undefined) }
      : {}),
    ...(has("isSensitive")
      ? { isSensitive: (name) => asked("isSensitive", [name], (answer) => answer === true, false) }
      : {}),
    ...(has("rewritePath")
      ? { rewritePath: (path) => asked("rewritePath", [path], (answer) => textOf(answer) ?? path, path) }
      : {})
  }
}

const textOf = (answer: unknown): string | undefined => (typeof answer === "string" ? answer : undefined)
