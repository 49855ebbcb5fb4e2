import { Context, Data, Effect, Layer, type Scope } from "effect"
import { Client, type Entry } from "ldapts"
import { connect, isIP } from "node:net"
import { AppConfig } from "../config.ts"
import { readKnobFile } from "../knob-file.ts"

/** Where a directory server listens and how its connections are secured. */
export interface LdapServer {
  readonly host: string
  readonly port: number
  /** `ldaps`: TLS from the first byte; `tls`: StartTLS before anything else; null: plain. */
  readonly security: "ldaps" | "tls" | null
}

/** The server could not be reached, did not answer in time, or refused. Never carries what was sent. */
export class LdapError extends Data.TaggedError("LdapError")<{ readonly reason: string }> {
  override get message() {
    return this.reason
  }
}

/** An entry: its DN and the values of the attributes that were asked for. */
export interface LdapEntry {
  readonly dn: string
  /** The first value of an attribute, its name in any case; undefined when there is none. */
  readonly first: (attribute: string) => string | undefined
}

/** An open connection; referrals are not followed. */
export interface LdapConnection {
  /** Simple bind. An empty password is refused here: to a server it would mean "anonymous" (RFC 4513 5.1.2). */
  readonly bind: (dn: string, password: string) => Effect.Effect<void, LdapError>
  /** The one entry below `base` that the filter finds; fails when there is none or more than one. */
  readonly findOne: (base: string, filter: string, attribute: string) => Effect.Effect<LdapEntry, LdapError>
  readonly read: (dn: string, attribute: string) => Effect.Effect<LdapEntry, LdapError>
}

/** Milliseconds that connecting and each operation may take (contracts/auth.md 13). */
const timeout = 2_000

/**
 * LDAP servers. A connection ends with its scope; one that breaks stays broken, so that no password goes out on a
 * second one that would not be secured.
 */
export class Ldap extends Context.Service<
  Ldap,
  { readonly connect: (server: LdapServer) => Effect.Effect<LdapConnection, LdapError, Scope.Scope> }
>()("strowger/runtime/Ldap") {
  static readonly layer: Layer.Layer<Ldap, never, AppConfig> = Layer.effect(
    Ldap,
    Effect.gen(function* () {
      const { ldapCa } = yield* AppConfig
      const authorities = yield* readKnobFile("STROWGER_LDAP_CA", ldapCa)
      return { connect: (server) => open(server, authorities) }
    })
  )
}

const open = Effect.fnUntraced(function* (server: LdapServer, authorities: string | undefined) {
  const { host, port, security } = server
  const tlsOptions = {
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(authorities === undefined ? {} : { ca: authorities })
  }
  const client = yield* Effect.acquireRelease(
    Effect.try({
      try: () =>
        new Client({
          url: `${security === "ldaps" ? "ldaps" : "ldap"}://${host.includes(":") ? `[${host}]` : host}:${port}`,
          timeout,
          connectTimeout: timeout,
          strictDN: false,
          createConnection: onlyOnce(),
          ...(security === "ldaps" ? { tlsOptions } : {})
        }),
      catch: failure
    }),
    (client) => Effect.promise(() => client.unbind().catch(() => {}))
  )
  const attempt = <A>(run: () => Promise<A>) =>
    Effect.tryPromise({ try: run, catch: failure }).pipe(
      Effect.timeoutOrElse({
        duration: timeout * 2,
        orElse: () => Effect.fail(new LdapError({ reason: "The server did not answer in time" }))
      })
    )
  if (security === "tls") yield* attempt(() => client.startTLS(tlsOptions))

  const search = (base: string, scope: "sub" | "base", filter: string, attribute: string) =>
    attempt(() =>
      client.search(base, { scope, filter, attributes: [attribute], sizeLimit: 2, derefAliases: "never" })
    ).pipe(
      Effect.flatMap(({ searchEntries: [entry, ...others] }) =>
        entry === undefined || others.length > 0
          ? Effect.fail(new LdapError({ reason: entry === undefined ? "No such entry" : "Several entries" }))
          : Effect.succeed(entryOf(entry))
      )
    )
  const connection: LdapConnection = {
    bind: (dn, password) =>
      password === ""
        ? Effect.fail(new LdapError({ reason: "Empty password" }))
        : attempt(() => client.bind(dn, password)),
    findOne: (base, filter, attribute) => search(base, "sub", filter, attribute),
    read: (dn, attribute) => search(dn, "base", "(objectClass=*)", attribute)
  }
  return connection
})

/** The client would connect again by itself, without StartTLS. */
const onlyOnce = (): typeof connect => {
  let used = false
  const once = (port: number, host: string) => {
    if (used) throw new Error("The connection was lost")
    used = true
    return connect(port, host)
  }
  // The client calls it with a port and a host alone.
  return once as typeof connect
}

const entryOf = (entry: Entry): LdapEntry => ({
  dn: entry.dn,
  first: (attribute) => {
    const [, values] =
      Object.entries(entry).find(
        ([name]) => name !== "dn" && name.toLowerCase() === attribute.toLowerCase()
      ) ?? []
    const value = Array.isArray(values) ? values[0] : values
    return value === undefined ? undefined : String(value)
  }
})

/** Names the kind of error alone: a message of the server may repeat what was sent. */
const failure = (error: unknown) => {
  const code = error instanceof Error && "code" in error ? ` ${String(error.code)}` : ""
  return new LdapError({ reason: error instanceof Error ? `${error.name}${code}` : "unknown" })
}
