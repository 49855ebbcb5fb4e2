import { Context, Effect, Layer } from "effect"
import { readdir } from "node:fs/promises"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { AppConfig } from "../../runtime/config.ts"
import { authenticationFailed, type ReasonUnauthorized } from "../../schemas/auth/errors.ts"
import type {
  BackendPlugin,
  IdentityPlugin,
  IdentityProviderPlugin,
  MetadataPlugin,
  PluginAttempt,
  PluginUser
} from "./plugin.ts"

type Metadata = Readonly<Record<string, unknown>>

/** The plugins of the folder, and what they say of a login. */
export class IdentityPlugins extends Context.Service<
  IdentityPlugins,
  {
    /** Names of their backends. */
    readonly backends: ReadonlyArray<string>
    readonly providers: ReadonlyArray<IdentityProviderPlugin>
    readonly accepts: (provider: IdentityProviderPlugin, attempt: PluginAttempt) => boolean
    /** The login of the user who was recognised. */
    readonly verify: (
      provider: IdentityProviderPlugin,
      attempt: PluginAttempt
    ) => Effect.Effect<string, ReasonUnauthorized>
    /** Whether a plugin has a say in what users of this method may. */
    readonly decidesAccesses: (method: string) => boolean
    /** The accesses for a user of this method. */
    readonly accessesOf: (
      method: string,
      user: PluginUser,
      usual: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<string>, ReasonUnauthorized>
    readonly metadataOf: (user: PluginUser) => Effect.Effect<Metadata, ReasonUnauthorized>
    readonly persistentMetadataOf: (user: PluginUser) => Effect.Effect<Metadata, ReasonUnauthorized>
  }
>()("strowger/actors/identity/IdentityPlugins") {
  /** The modules of `STROWGER_PLUGIN_DIR`, by their file names. */
  static readonly layer: Layer.Layer<IdentityPlugins, never, AppConfig> = Layer.effect(
    IdentityPlugins,
    Effect.gen(function* () {
      const { pluginDir } = yield* AppConfig
      const plugins = pluginDir === "" ? [] : yield* loadAll(pluginDir)
      const backends = new Map(
        plugins.flatMap(({ backends }) => (backends ?? []).map((backend) => [backend.name, backend] as const))
      )
      const metadata = plugins.flatMap((plugin) => plugin.metadata ?? [])
      const providers = plugins
        .flatMap(({ identityProviders }) => identityProviders ?? [])
        .filter(({ method }) => !builtIn.has(method))
      const backendOf = (method: string): BackendPlugin | undefined =>
        backends.get(providers.find((provider) => provider.method === method)?.backend ?? "")

      const verify = (provider: IdentityProviderPlugin, attempt: PluginAttempt) => {
        const checked = ask(provider.method, () =>
          provider.verify
            ? provider.verify(attempt)
            : byBackend(backends.get(provider.backend ?? ""), attempt)
        )
        return Effect.flatMap(checked, (login) =>
          login === undefined ? Effect.fail(authenticationFailed()) : Effect.succeed(login)
        )
      }

      const merged = (user: PluginUser, tell: (plugin: MetadataPlugin) => Promise<Metadata> | undefined) =>
        Effect.map(
          Effect.forEach(
            metadata.filter(({ purposes }) => purposes.includes(user.purpose)),
            (plugin) => ask("metadata", async () => (await tell(plugin)) ?? {})
          ),
          (all) => Object.assign({}, ...all) as Metadata
        )

      return {
        backends: [...backends.keys()],
        providers,
        accepts: (provider, attempt) => {
          try {
            return provider.accepts(attempt)
          } catch {
            return false
          }
        },
        verify,
        decidesAccesses: (method) => backendOf(method)?.acl !== undefined,
        accessesOf: (method, user, usual) => {
          const acl = backendOf(method)?.acl
          return acl ? ask(method, () => acl(user, usual)) : Effect.succeed(usual)
        },
        metadataOf: (user) => merged(user, (plugin) => plugin.token(user)),
        persistentMetadataOf: (user) => merged(user, (plugin) => plugin.persistent?.(user))
      }
    })
  )
}

/** A plugin does not take the place of these. */
const builtIn = new Set(["native", "default", "ldap", "saml"])

const byBackend = async (
  backend: BackendPlugin | undefined,
  { credentials }: PluginAttempt
): Promise<string | undefined> =>
  backend && credentials && (await backend.verifyPassword(credentials.login, credentials.password))
    ? credentials.login
    : undefined

/** Asks a plugin; whatever goes wrong fails the login. Its arguments, which may be secret, are not logged. */
const ask = <A>(what: string, question: () => Promise<A>): Effect.Effect<A, ReasonUnauthorized> =>
  Effect.tryPromise({ try: question, catch: (error) => error }).pipe(
    Effect.timeout("10 seconds"),
    Effect.tapError((error) =>
      Effect.logWarning(`A plugin failed (${what}): ${error instanceof Error ? error.name : "unknown"}`)
    ),
    Effect.mapError(() => authenticationFailed())
  )

const loadAll = Effect.fnUntraced(function* (folder: string) {
  const names = yield* Effect.tryPromise(() => readdir(folder)).pipe(
    Effect.catch(() =>
      Effect.as(Effect.logWarning(`The plugin folder ${folder} cannot be read`), [] as ReadonlyArray<string>)
    )
  )
  const plugins: Array<IdentityPlugin> = []
  for (const name of names.filter((file) => /^[^.].*\.m?[jt]s$/.test(file)).toSorted()) {
    const loaded = yield* Effect.tryPromise(
      () => import(pathToFileURL(resolve(join(folder, name))).href)
    ).pipe(
      Effect.catch(({ cause }) => Effect.as(Effect.logWarning(`The plugin ${name} fails`, cause), undefined))
    )
    const plugin: unknown = loaded?.plugin
    if (isPlugin(plugin)) plugins.push(plugin)
    else yield* Effect.logWarning(`${name} is no plugin of identity: it is left out`)
  }
  return plugins
})

/** Whether everything that the interface promises is there. */
const isPlugin = (value: unknown): value is IdentityPlugin => {
  if (typeof value !== "object" || value === null || !("name" in value)) return false
  const { backends, metadata, identityProviders } = value as Partial<IdentityPlugin>
  return (
    every(backends, (part) => typeof part.name === "string" && typeof part.verifyPassword === "function") &&
    every(metadata, (part) => Array.isArray(part.purposes) && typeof part.token === "function") &&
    every(
      identityProviders,
      (part) =>
        typeof part.method === "string" &&
        typeof part.accepts === "function" &&
        (typeof part.verify === "function" || typeof part.backend === "string")
    )
  )
}

const every = <A>(list: ReadonlyArray<A> | undefined, holds: (part: A) => boolean): boolean =>
  list === undefined || (Array.isArray(list) && list.every(holds))
