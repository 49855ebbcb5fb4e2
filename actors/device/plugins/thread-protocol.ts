import type { TemplateFolders } from "../../../runtime/template/templates.ts"
import type { PhonePlugin, PluginParameter, SipNotify } from "../../../schemas/provd/phone-plugin.ts"

/** The functions of a plugin that can be called. */
export const pluginFunctions = [
  "extract",
  "associate",
  "commonFiles",
  "deviceFiles",
  "synchronize",
  "remoteStateTrigger",
  "isSensitive",
  "rewritePath"
] as const satisfies ReadonlyArray<keyof PhonePlugin>

/** One of them. */
export type PluginFunction = (typeof pluginFunctions)[number]

/** What a plugin's thread begins with. */
export interface ThreadBegin {
  readonly id: string
  /** The entry's file, absolute. */
  readonly entry: string
  readonly templates: TemplateFolders
  readonly settings: Readonly<Record<string, unknown>>
  readonly parameters: ParameterValues
}

/** By the parameter's id. */
export type ParameterValues = Readonly<Record<string, string>>

/** What the runtime tells the thread. */
export type ThreadRequest =
  | {
      readonly kind: "call"
      readonly call: number
      readonly function: PluginFunction
      readonly args: ReadonlyArray<unknown>
    }
  /** The answer to a `notify`. */
  | { readonly kind: "notified"; readonly notify: number; readonly failure?: string }
  /** A synchronization has taken too long. */
  | { readonly kind: "abort"; readonly call: number }
  | { readonly kind: "parameters"; readonly values: ParameterValues }

/** What the thread tells the runtime. */
export type ThreadReport =
  | {
      readonly kind: "loaded"
      readonly functions: ReadonlyArray<PluginFunction>
      readonly parameters: ReadonlyArray<PluginParameter>
    }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "answer"; readonly call: number; readonly value: unknown }
  | { readonly kind: "failure"; readonly call: number; readonly message: string }
  /** A synchronization gave its promise; the thread is free for other calls. */
  | { readonly kind: "begun"; readonly call: number }
  | { readonly kind: "notify"; readonly call: number; readonly notify: number; readonly what: SipNotify }
