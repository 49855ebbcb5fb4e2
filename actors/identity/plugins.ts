import { Context, Effect, Layer } from "effect"
import { readdir } from "node:fs/promises"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { AppConfig, namesOff, type Settings } from "../../runtime/config.ts"
import { authenticationFailed, type ReasonUnauthorized } from "../../schemas/auth/errors.ts"
import { ExternalPlugins } from "./external-plugins.ts"
import type {
  BackendPlugin,
  IdentityPlugin,
  IdentityProviderPlugin,
  MailPlugin,
  MetadataPlugin,
  PluginAttempt,
  PluginHost,
  PluginUser,
  RoutePlugin
} from "./plugin.ts"
import { internalAuthId, Sessions } from "./sessions.ts"
import { Tenants } from "./tenants.ts"
import type { LiveToken } from "./tokens.ts"

type Metadata = Readonly<Record<string, unknown>>

/** The plugins of the folder, and what they say of a login. */
export class IdentityPlugins extends Context.Service<
  IdentityPlugins,
  {
    /** Names of the backends that are switched on: those that come along, and those of plugins. */
    readonly backends: ReadonlyArray<string>
    /** Name of the backend of a method's users. */
    readonly backendOf: (method: string) => string
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
    readonly metadataOf: (method: string, user: PluginUser) => Effect.Effect<Metadata, ReasonUnauthorized>
    readonly persistentMetadataOf: (
      method: string,
      user: PluginUser
    ) => Effect.Effect<Metadata, ReasonUnauthorized>
    /** Who sends mails in the mail server's place, if `STROWGER_MAIL_PLUGIN` names somebody. */
    readonly mail: MailPlugin | undefined
    /** Paths of the HTTP API that plugins answer, with the name of each one's plugin. */
    readonly routes: ReadonlyArray<RoutePlugin & { readonly plugin: string }>
  }
>()("strowger/actors/identity/IdentityPlugins") {
  /** The modules of `STROWGER_PLUGIN_DIR`, by their file names. */
  static readonly layer: Layer.Layer<
    IdentityPlugins,
    never,
    AppConfig | Sessions | Tenants | ExternalPlugins
  > = Layer.effect(
    IdentityPlugins,
    Effect.gen(function* () {
      const config = yield* AppConfig
      const { pluginDir, mailPlugin } = config
      const host = yield* makeHost
      const plugins = yield* Effect.filter(pluginDir === "" ? [] : yield* loadAll(pluginDir), (plugin) =>
        load(plugin, host)
      )
      const mail = plugins.find(({ name }) => name === mailPlugin)?.mail
      if (mailPlugin !== "smtp" && mail === undefined) {
        return yield* Effect.die(new Error(`STROWGER_MAIL_PLUGIN: no plugin ${mailPlugin} sends mails`))
      }
      const backendsOff = namesOff(config.enabledBackendPlugins)
      const backends = new Map(
        plugins
          .flatMap(({ backends }) => (backends ?? []).map((backend) => [backend.name, backend] as const))
          .filter(([name]) => !backendsOff.includes(name))
      )
      const metadataFor = yield* metadataByPurpose(config, plugins)
      const providers = plugins
        .flatMap(({ identityProviders }) => identityProviders ?? [])
        .filter(({ method }) => !builtIn.has(method))
      const backendNameOf = (method: string): string =>
        builtInBackends.get(method) ??
        providers.find((provider) => provider.method === method)?.backend ??
        "wazo_user"
      const backendOf = (method: string): BackendPlugin | undefined => backends.get(backendNameOf(method))

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

      /** What the backend tells, then what each plugin adds. */
      const merged = (
        user: PluginUser,
        tellFirst: (() => Promise<Metadata>) | undefined,
        tell: (plugin: MetadataPlugin) => Promise<Metadata> | undefined
      ) =>
        Effect.map(
          Effect.forEach(
            [
              ...(tellFirst ? [tellFirst] : []),
              ...metadataFor[user.purpose].map((plugin) => async () => (await tell(plugin)) ?? {})
            ],
            (question) => ask("metadata", question)
          ),
          (all) => Object.assign({}, ...all) as Metadata
        )

      return {
        backends: [
          ...new Set([
            ...["wazo_user", "ldap_user"].filter((name) => !backendsOff.includes(name)),
            ...backends.keys()
          ])
        ],
        backendOf: backendNameOf,
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
        metadataOf: (method, user) => {
          const own = backendOf(method)?.metadata
          return merged(user, own && (() => own(user)), (plugin) => plugin.token(user))
        },
        persistentMetadataOf: (method, user) => {
          const own = backendOf(method)?.persistentMetadata
          return merged(user, own && (() => own(user)), (plugin) => plugin.persistent?.(user))
        },
        mail,
        routes: plugins.flatMap(({ name, routes }) =>
          (routes ?? []).map((route) => ({
            ...route,
            handle: (request) => route.handle(request),
            plugin: name
          }))
        )
      }
    })
  )
}

/** Whether a plugin is ready. */
const load = (plugin: IdentityPlugin, host: PluginHost): Effect.Effect<boolean> =>
  Effect.tryPromise(async () => plugin.load?.(host)).pipe(
    Effect.timeout("10 seconds"),
    Effect.as(true),
    Effect.catch(() =>
      Effect.as(Effect.logWarning(`The plugin ${plugin.name} could not be loaded: it is left out`), false)
    )
  )

const makeHost = Effect.gen(function* () {
  const sessions = yield* Sessions
  const external = yield* ExternalPlugins
  const { master } = yield* Tenants
  let current: LiveToken | undefined
  const renew = Effect.tap(
    sessions.create({
      authId: internalAuthId,
      tenantUuid: master,
      acl: ["#"],
      metadata: { tenant_uuid: master },
      mobile: false,
      lifetimeSeconds: 3_600,
      userAgent: "",
      remoteAddress: ""
    }),
    (token) =>
      Effect.sync(() => {
        current = token
      })
  )
  const token = Effect.suspend(() =>
    current && current.expiresAt > Date.now() + 300_000 ? Effect.succeed(current) : renew
  )
  return {
    token: async () => (await Effect.runPromise(token)).id,
    offerExternalType: (type, options) => Effect.runPromise(external.offer(type, options))
  } satisfies PluginHost
})

/** A plugin does not take the place of these. */
const builtIn = new Set(["native", "default", "ldap", "saml"])

const builtInBackends = new Map([
  ["native", "wazo_user"],
  ["saml", "wazo_user"],
  ["ldap", "ldap_user"]
])

/** What the runtime itself tells of users; clients and other services cannot do without. */
const builtInMetadata = ["default_user", "default_internal", "default_external_api"]

type MetadataByPurpose = Readonly<Record<PluginUser["purpose"], ReadonlyArray<MetadataPlugin>>>

/** Who adds to what tokens tell: those that `STROWGER_PURPOSE_METADATA_MAPPING` names, else those for the purpose. */
const metadataByPurpose = Effect.fnUntraced(function* (
  { purposeMetadataMapping, enabledMetadataPlugins }: Settings,
  plugins: ReadonlyArray<IdentityPlugin>
) {
  const off = namesOff(enabledMetadataPlugins)
  const needed = builtInMetadata.find((name) => off.includes(name))
  if (needed !== undefined) {
    return yield* Effect.die(new Error(`STROWGER_ENABLED_METADATA_PLUGINS: ${needed} cannot be switched off`))
  }
  const named = plugins
    .flatMap(({ name, metadata }) =>
      (metadata ?? []).map((plugin) => ({ name: plugin.name ?? name, plugin }))
    )
    .filter(({ name }) => !off.includes(name))
  const unknown = Object.values(purposeMetadataMapping)
    .flat()
    .find((name) => !builtInMetadata.includes(name) && !named.some((known) => known.name === name))
  if (unknown !== undefined) {
    yield* Effect.logWarning(`STROWGER_PURPOSE_METADATA_MAPPING: there is no metadata plugin ${unknown}`)
  }
  const of = (purpose: PluginUser["purpose"]) => {
    const chosen = purposeMetadataMapping[purpose]
    return chosen === undefined
      ? named.filter(({ plugin }) => plugin.purposes.includes(purpose))
      : chosen.flatMap((name) => named.filter((known) => known.name === name))
  }
  const pluginsOf = (purpose: PluginUser["purpose"]) => of(purpose).map(({ plugin }) => plugin)
  return {
    user: pluginsOf("user"),
    internal: pluginsOf("internal"),
    external_api: pluginsOf("external_api")
  } satisfies MetadataByPurpose
})

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
  const { backends, metadata, identityProviders, mail, routes } = value as Partial<IdentityPlugin>
  return (
    (mail === undefined ||
      (typeof mail.sendConfirmation === "function" && typeof mail.sendPasswordReset === "function")) &&
    every(backends, (part) => typeof part.name === "string" && typeof part.verifyPassword === "function") &&
    every(
      metadata,
      (part) =>
        (part.name === undefined || typeof part.name === "string") &&
        Array.isArray(part.purposes) &&
        typeof part.token === "function"
    ) &&
    every(
      routes,
      (part) =>
        methods.has(part.method) &&
        typeof part.path === "string" &&
        part.path.startsWith("/") &&
        (part.access === undefined || typeof part.access === "string") &&
        typeof part.handle === "function"
    ) &&
    every(
      identityProviders,
      (part) =>
        typeof part.method === "string" &&
        typeof part.accepts === "function" &&
        (typeof part.verify === "function" || typeof part.backend === "string")
    )
  )
}

const methods = new Set<unknown>(["GET", "POST", "PUT", "PATCH", "DELETE"])

const every = <A>(list: ReadonlyArray<A> | undefined, holds: (part: A) => boolean): boolean =>
  list === undefined || (Array.isArray(list) && list.every(holds))
