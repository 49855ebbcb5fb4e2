/**
 * What a plugin of identity is (contracts/auth.md 16): a module in the folder of `STROWGER_PLUGIN_DIR` whose export
 * `plugin` has this form. TypeScript runs as it is; nothing of the project needs to be imported but this type.
 *
 * **Details**
 * Everything is plain promises. A call that fails, or takes longer than ten seconds, fails the login and is logged
 * without its arguments. A module that has not this form, or whose `load` fails, is left out with a warning.
 */
export interface IdentityPlugin {
  readonly name: string
  /** Called once, at the start, before anything else of the plugin. */
  readonly load?: (host: PluginHost) => Promise<void>
  readonly backends?: ReadonlyArray<BackendPlugin>
  readonly metadata?: ReadonlyArray<MetadataPlugin>
  readonly identityProviders?: ReadonlyArray<IdentityProviderPlugin>
  /** Sends the mails of identity when `STROWGER_MAIL_PLUGIN` is the name of this plugin. */
  readonly mail?: MailPlugin
  /** Paths of its own in the HTTP API. */
  readonly routes?: ReadonlyArray<RoutePlugin>
}

/** What the runtime gives a plugin. */
export interface PluginHost {
  /** A token of the runtime itself, for its own API: it may everything, in every tenant. Good for five minutes more. */
  readonly token: () => Promise<string>
  /** Offers users a further type of external account (contracts/auth.md 15). */
  readonly offerExternalType: (
    type: string,
    options?: {
      /** Shown beside the type in a user's list. */
      readonly info?: Readonly<Record<string, unknown>>
      /** Of a user's credentials what may be shown; by default nothing. */
      readonly shown?: (data: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>
    }
  ) => Promise<void>
}

/** A path of the HTTP API of auth that a plugin answers. */
export interface RoutePlugin {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** Below `/api/auth/0.1`: `/doors/:door/open`. Nothing below the paths of the runtime itself. */
  readonly path: string
  /** The access that the token must have, `{door}` filled in from the path; without it no token is asked for. */
  readonly access?: string
  /** A call that fails, or takes longer than ten seconds, is answered 500 and logged without its arguments. */
  readonly handle: (request: PluginRequest) => Promise<PluginAnswer>
}

/** A request that a plugin answers. */
export interface PluginRequest {
  /** What the path holds, decoded. */
  readonly path: Readonly<Record<string, string | undefined>>
  readonly query: URLSearchParams
  /** The JSON body; `{}` where there is none. */
  readonly body: unknown
  /** Whose token it is, where one is asked for. */
  readonly caller:
    | { readonly token: string; readonly userUuid: string | null; readonly tenantUuid: string }
    | undefined
}

export interface PluginAnswer {
  /** By default 200, without a body 204. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
}

/** A mail that is to go out; one that fails is tried again later. */
export interface MailContext {
  readonly token: string
  readonly username: string
  readonly emailAddress: string
  /** The user whose password is to be reset, or the address that is to be confirmed. */
  readonly uuid: string
  /** Where links lead. */
  readonly hostname: string
  readonly port: string | undefined
  readonly prefix: string
  /** As the templates have it. */
  readonly subject: string
  readonly text: string
}

/** Takes the place of the mail server. */
export interface MailPlugin {
  readonly sendConfirmation: (mail: MailContext) => Promise<void>
  readonly sendPasswordReset: (mail: MailContext) => Promise<void>
}

/** A user of Strowger, as plugins see one. */
export interface PluginUser {
  readonly uuid: string
  readonly tenantUuid: string
  readonly purpose: "user" | "internal" | "external_api"
  /** What the user logged in with. */
  readonly login: string
}

/** Checks passwords, and says what its users may and what their tokens tell. */
export interface BackendPlugin {
  /** As `GET /backends` lists it. */
  readonly name: string
  readonly verifyPassword: (login: string, password: string) => Promise<boolean>
  /** The accesses of a token; `usual` are those of the user's groups and policies, which count without this. */
  readonly acl?: (user: PluginUser, usual: ReadonlyArray<string>) => Promise<ReadonlyArray<string>>
  /** What tokens of its users tell, before what the metadata plugins add. */
  readonly metadata?: (user: PluginUser) => Promise<Readonly<Record<string, unknown>>>
  /** As `persistent` of a metadata plugin. */
  readonly persistentMetadata?: (user: PluginUser) => Promise<Readonly<Record<string, unknown>>>
}

/** Adds to what tokens tell; of two plugins the later one wins. The keys of the runtime itself stay. */
export interface MetadataPlugin {
  /** As `STROWGER_PURPOSE_METADATA_MAPPING` knows it; by default the name of the plugin. */
  readonly name?: string
  /** Whose tokens, unless that knob says otherwise. */
  readonly purposes: ReadonlyArray<PluginUser["purpose"]>
  readonly token: (user: PluginUser) => Promise<Readonly<Record<string, unknown>>>
  /** Kept with a refresh token, shown in `GET /tokens`, and in every token made with it. */
  readonly persistent?: (user: PluginUser) => Promise<Readonly<Record<string, unknown>>>
}

/** A login as it is presented. */
export interface PluginAttempt {
  readonly credentials: { readonly login: string; readonly password: string } | undefined
  readonly body: Readonly<Record<string, unknown>>
  readonly remoteAddress: string
}

/** A way to authenticate, for users whose method is this one. */
export interface IdentityProviderPlugin {
  readonly method: string
  /** Lower ones are asked first; SAML has 1, LDAP 2, native passwords 1000. By default 100. */
  readonly priority?: number
  readonly accepts: (attempt: PluginAttempt) => boolean
  /** The login of the user who was recognised. Without it the backend checks the password. */
  readonly verify?: (attempt: PluginAttempt) => Promise<string | undefined>
  /** Name of the backend of the method's users. */
  readonly backend?: string
}
