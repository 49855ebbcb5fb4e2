import { Context, Effect, Layer } from "effect"
import { readdir } from "node:fs/promises"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { AppConfig } from "../../runtime/config.ts"
import { Tenants } from "../identity/tenants.ts"
import type { HookPlugin, HookService } from "./hook-service.ts"
import { httpService } from "./http-service.ts"
import { MobilePush } from "./mobile-push.ts"

/** The installed services: `http`, `mobile`, and those of plugins. */
export class HookServices extends Context.Service<
  HookServices,
  {
    readonly names: ReadonlyArray<string>
    readonly find: (name: string) => HookService | undefined
  }
>()("strowger/actors/subscription/HookServices") {
  static readonly layer: Layer.Layer<HookServices, never, AppConfig | Tenants | MobilePush> = Layer.effect(
    HookServices,
    Effect.gen(function* () {
      const config = yield* AppConfig
      const tenants = yield* Tenants
      const { service: mobile } = yield* MobilePush
      const services = new Map<string, HookService>()
      for (const service of [httpService(config, tenants), mobile]) services.set(service.name, service)
      for (const service of config.pluginDir === "" ? [] : yield* servicesIn(config.pluginDir)) {
        if (services.has(service.name)) {
          yield* Effect.logWarning(
            `A plugin's service ${service.name} is left out: there is one of this name`
          )
        } else services.set(service.name, service)
      }
      return { names: [...services.keys()], find: (name) => services.get(name) }
    })
  )
}

/** What modules of the folder bring along. Modules that fail have been told of by identity, which loads them first. */
const servicesIn = Effect.fnUntraced(function* (folder: string) {
  const names = yield* Effect.tryPromise(() => readdir(folder)).pipe(
    Effect.catch(() => Effect.succeed<ReadonlyArray<string>>([]))
  )
  const services: Array<HookService> = []
  for (const name of names.filter((file) => /^[^.].*\.m?[jt]s$/.test(file)).toSorted()) {
    const loaded = yield* Effect.tryPromise(
      () => import(pathToFileURL(resolve(join(folder, name))).href)
    ).pipe(Effect.catch(() => Effect.succeed(undefined)))
    const plugin: unknown = loaded?.plugin
    if (typeof plugin !== "object" || plugin === null || !("hookServices" in plugin)) continue
    if (isPlugin(plugin)) services.push(...plugin.hookServices)
    else yield* Effect.logWarning(`The webhook services of ${name} are none: they are left out`)
  }
  return services
})

const isPlugin = (value: object): value is HookPlugin => {
  const { hookServices } = value as Partial<HookPlugin>
  return (
    Array.isArray(hookServices) &&
    hookServices.every((service) => typeof service?.name === "string" && typeof service?.run === "function")
  )
}
