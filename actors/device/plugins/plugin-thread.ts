/** Runs in a thread of its own: loads the code of one plugin and calls it for the runtime. Loads nothing of Effect. */
import { pathToFileURL } from "node:url"
import { parentPort, workerData } from "node:worker_threads"
import type { DeviceDocument } from "../../../schemas/provd/device.ts"
import type { PhonePlugin, SipNotify, SynchronizeTools } from "../../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../../schemas/provd/raw-config-type.ts"
import { faultText } from "./fault-text.ts"
import { parametersOf } from "./plugin-answers.ts"
import { makePluginHost } from "./plugin-host.ts"
import {
  pluginFunctions,
  type ParameterValues,
  type ThreadBegin,
  type ThreadReport,
  type ThreadRequest
} from "./thread-protocol.ts"

const port = parentPort
if (port === null) throw new Error("this file runs in a worker thread")

// The runtime's own code starts the thread with it.
const begin = workerData as ThreadBegin
let parameters: ParameterValues = begin.parameters
const report = (what: ThreadReport) => port.postMessage(what)

const load = async (): Promise<PhonePlugin> => {
  const { default: factory }: { readonly default?: unknown } = await import(pathToFileURL(begin.entry).href)
  if (typeof factory !== "function") throw new Error("the entry's default export is no function")
  const host = makePluginHost({ ...begin, parameter: (id) => parameters[id] ?? null })
  const plugin: unknown = factory(host)
  if (typeof plugin !== "object" || plugin === null) throw new Error("the factory gave no plugin")
  // Its functions are looked for below, and what they give is checked by the runtime.
  return plugin as PhonePlugin
}

const failed = (call: number, error: unknown, args: ReadonlyArray<unknown>) =>
  report({ kind: "failure", call, message: faultText(error, args) })

let notifies = 0
const waiting = new Map<number, { readonly sent: () => void; readonly failed: (error: Error) => void }>()
const aborts = new Map<number, AbortController>()

const notify = (call: number, what: SipNotify): Promise<void> =>
  new Promise((sent, failed) => {
    waiting.set(++notifies, { sent, failed })
    report({ kind: "notify", call, notify: notifies, what })
  })

const synchronize = (plugin: PhonePlugin, call: number, args: ReadonlyArray<unknown>): void => {
  const abort = new AbortController()
  aborts.set(call, abort)
  const tools: SynchronizeTools = { notify: (what) => notify(call, what), fetch, signal: abort.signal }
  // The runtime sends a device and its parameters.
  const [device, config] = args as [DeviceDocument, RawConfig]
  Promise.resolve(plugin.synchronize?.(device, config, tools))
    .then(
      () => report({ kind: "answer", call, value: undefined }),
      (error: unknown) => failed(call, error, args)
    )
    .finally(() => aborts.delete(call))
  report({ kind: "begun", call })
}

const serve = (plugin: PhonePlugin) => (request: ThreadRequest) => {
  switch (request.kind) {
    case "parameters":
      parameters = request.values
      return
    case "abort":
      aborts.get(request.call)?.abort()
      return
    case "notified": {
      const asker = waiting.get(request.notify)
      waiting.delete(request.notify)
      if (request.failure === undefined) asker?.sent()
      else asker?.failed(new Error(request.failure))
      return
    }
    case "call":
      try {
        if (request.function === "synchronize") return synchronize(plugin, request.call, request.args)
        const called = plugin[request.function] as ((...args: ReadonlyArray<unknown>) => unknown) | undefined // the runtime gives each function its own arguments
        const value = called?.apply(plugin, [...request.args])
        report({ kind: "answer", call: request.call, value })
      } catch (error) {
        failed(request.call, error, request.args)
      }
  }
}

try {
  const plugin = await load()
  port.on("message", serve(plugin))
  report({
    kind: "loaded",
    functions: pluginFunctions.filter((name) => typeof plugin[name] === "function"),
    parameters: parametersOf(plugin.parameters)
  })
} catch (error) {
  report({ kind: "refused", message: faultText(error) })
}
