import { text } from "node:stream/consumers"
import { randomInt } from "node:crypto"
import { Console, Data, Effect, Layer, Redacted } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { SqlClient } from "effect/sql"
import { Bootstrap } from "../actors/identity/bootstrap.ts"
import { Transactions } from "../runtime/bus/changes.ts"
import { MailQueue } from "../actors/identity/mail-queue.ts"
import { PasswordChanges } from "../actors/identity/password-changes.ts"
import { Passwords } from "../actors/identity/passwords.ts"
import { Policies } from "../actors/identity/policies.ts"
import { Sessions } from "../actors/identity/sessions.ts"
import { systemCaller } from "../actors/identity/system-caller.ts"
import { TenantTree, tenantsLayer } from "../actors/identity/tenant-tree.ts"
import { Tenants } from "../actors/identity/tenants.ts"
import { LoginThrottle } from "../actors/identity/throttle.ts"
import { TokenCache } from "../actors/identity/token-cache.ts"
import { Users } from "../actors/identity/users.ts"
import { layerMemory } from "../runtime/bus/memory.ts"
import { outboxWithoutRelay } from "../runtime/bus/outbox.ts"
import { AppConfig } from "../runtime/config.ts"
import { databaseLayer } from "../runtime/database/database.ts"
import { migrate } from "../runtime/database/migrator.ts"
import { Platform } from "../runtime/platform.ts"
import { migrations } from "../strowger.ts"

/** What the operator asked for cannot be done; the message says why. */
class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

/**
 * Identity for one command, on the database of the knobs: without listeners, mails or sweeps. On the embedded
 * database it holds the directory's lock, so the runtime must be stopped; an external one may be in use.
 */
const identityLayer = Layer.mergeAll(PasswordChanges.layer, Users.layer).pipe(
  Layer.provideMerge(Layer.mergeAll(Policies.layer, Sessions.layer, tenantsLayer)),
  Layer.provide(Layer.mergeAll(TokenCache.layer, TenantTree.layer, MailQueue.layer, LoginThrottle.layer)),
  Layer.provide(Transactions.layer),
  Layer.provideMerge(Bootstrap.layer),
  Layer.provideMerge(Passwords.layer),
  Layer.provide(Layer.mergeAll(Platform.layer, outboxWithoutRelay, layerMemory)),
  Layer.provide(Layer.effectDiscard(migrate(migrations))),
  Layer.provideMerge(databaseLayer),
  Layer.provideMerge(AppConfig.layer)
)

/** Runs a command; the administrator whom the first use of a database creates is told of. */
const onIdentity = <A, E, R>(command: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const { generatedPassword } = yield* Bootstrap
    const { adminUsername } = yield* AppConfig
    if (generatedPassword) {
      yield* Console.log(
        `This database is new: its administrator is ${adminUsername} with the password ` +
          `${Redacted.value(generatedPassword)}\nIt is shown this once.`
      )
    }
    yield* command
  }).pipe(Effect.provide(identityLayer))

interface KnownUser {
  readonly uuid: string
  readonly username: string | null
  readonly tenant_uuid: string
  readonly password_hash: string | null
}

/** By username or email address, ignoring case. */
const lookUp = Effect.fnUntraced(function* (login: string) {
  const sql = yield* SqlClient.SqlClient
  const [user] = yield* sql<KnownUser>`
    select u.uuid, u.username, u.tenant_uuid, u.password_hash from auth_user u
    join auth_login l on l.user_uuid = u.uuid where l.login = ${login.toLowerCase()}`
  return user
})

const find = Effect.fnUntraced(function* (login: string) {
  const user = yield* lookUp(login)
  return user ?? (yield* new Refused({ message: `there is no user ${login}` }))
})

/** What a service refuses, in its own words. */
const readable = <A, E extends object, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.mapError(effect, (error) => {
    const words = "reason" in error ? error.reason : "details" in error ? error.details : error
    return new Refused({ message: Array.isArray(words) ? words.join(", ") : JSON.stringify(words) })
  })

const passwordFromStdin = Flag.Boolean("stdin").pipe(
  Flag.withDescription("Read the password from standard input; without it one is made and shown once"),
  Flag.withDefault(false)
)

const takePassword = (fromStdin: boolean) =>
  fromStdin
    ? Effect.flatMap(
        Effect.promise(() => text(process.stdin)),
        (line) => {
          const password = line.replace(/\r?\n$/, "")
          return password === ""
            ? Effect.fail(new Refused({ message: "standard input holds no password" }))
            : Effect.succeed(password)
        }
      )
    : Effect.sync(() => Array.from({ length: 28 }, () => letters[randomInt(letters.length)]).join(""))
const letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"

const tell = (fromStdin: boolean, username: string, password: string) =>
  fromStdin
    ? Console.log(`The password of ${username} is set.`)
    : Console.log(`The password of ${username} is ${password}\nIt is shown this once.`)

const login = Argument.String("login").pipe(Argument.withDescription("Username or email address"))

const createUser = Effect.fnUntraced(function* (options: {
  readonly username: string
  readonly password: string
  readonly policy: string
  readonly purpose: "user" | "internal"
}) {
  const users = yield* Users
  const policies = yield* Policies
  const tenants = yield* Tenants
  // The policy is looked for first: no user without its rights is left behind.
  if (options.policy !== "") yield* readable(policies.get(systemCaller(tenants), options.policy))
  const { uuid } = yield* readable(
    users.create(tenants.master, {
      username: options.username,
      password: options.password,
      purpose: options.purpose,
      authentication_method: "native",
      firstname: null,
      lastname: null,
      email_address: null,
      enabled: true
    })
  )
  if (options.policy !== "") {
    yield* readable(policies.attachToUser(systemCaller(tenants), uuid, options.policy))
  }
  return uuid
})

const bootstrap = Command.make(
  "bootstrap",
  {
    username: Flag.String("username").pipe(
      Flag.withDescription("The administrator's name"),
      Flag.withDefault("admin")
    ),
    policy: Flag.String("policy").pipe(
      Flag.withDescription("Slug of the policy that gives the rights"),
      Flag.withDefault("wazo_default_master_user_policy")
    ),
    reset: Flag.Boolean("reset").pipe(
      Flag.withDescription("If there is such a user: set the password and end all sessions"),
      Flag.withDefault(false)
    ),
    stdin: passwordFromStdin
  },
  ({ username, policy, reset, stdin }) =>
    onIdentity(
      Effect.gen(function* () {
        const password = yield* takePassword(stdin)
        const known = yield* lookUp(username)
        if (known === undefined) {
          yield* createUser({ username, password, policy, purpose: "internal" })
          return yield* tell(stdin, username, password)
        }
        const passwords = yield* Passwords
        const { matches } = yield* passwords.check(password, known.password_hash ?? undefined)
        if (matches) return yield* Console.log(`${username} is there, with this password.`)
        if (!reset) {
          return yield* new Refused({
            message: `there is a user ${username} with another password; --reset sets it`
          })
        }
        const changes = yield* PasswordChanges
        yield* changes.set(known.uuid, password)
        yield* tell(stdin, username, password)
      })
    )
).pipe(
  Command.withDescription("Make sure that there is an administrator of the master tenant"),
  Command.withExamples([
    {
      command: "strowger auth bootstrap --username root",
      description: "A second administrator; the password is made and shown once"
    },
    {
      command: "strowger auth bootstrap --reset --stdin < password.txt",
      description: "Whoever lost the administrator's password gets in again"
    }
  ])
)

const userCreate = Command.make(
  "create",
  {
    username: Argument.String("username"),
    policy: Flag.String("policy").pipe(
      Flag.withDescription("Slug of a policy to attach"),
      Flag.withDefault("")
    ),
    stdin: passwordFromStdin
  },
  ({ username, policy, stdin }) =>
    onIdentity(
      Effect.gen(function* () {
        const password = yield* takePassword(stdin)
        const uuid = yield* createUser({ username, password, policy, purpose: "user" })
        yield* Console.log(uuid)
        yield* tell(stdin, username, password)
      })
    )
).pipe(Command.withDescription("Create a user of the master tenant and print its uuid"))

const userList = Command.make(
  "list",
  {
    search: Flag.String("search").pipe(
      Flag.withDescription("Part of a name or an address"),
      Flag.withDefault("")
    )
  },
  ({ search }) =>
    onIdentity(
      Effect.gen(function* () {
        const users = yield* Users
        const { master, visible } = yield* Tenants
        const { items } = yield* users.list(visible(master), {
          order: "username",
          direction: "asc",
          offset: 0,
          recurse: true,
          ...(search === "" ? {} : { search })
        })
        yield* printRows(
          ["uuid", "username", "enabled", "purpose", "tenant"],
          items.map((user) => [
            user.uuid,
            user.username ?? "",
            String(user.enabled),
            user.purpose,
            user.tenant_uuid
          ])
        )
      })
    )
).pipe(Command.withDescription("Users of all tenants"))

const userPassword = Command.make("password", { login, stdin: passwordFromStdin }, ({ login, stdin }) =>
  onIdentity(
    Effect.gen(function* () {
      const { uuid } = yield* find(login)
      const password = yield* takePassword(stdin)
      const changes = yield* PasswordChanges
      yield* changes.set(uuid, password)
      yield* tell(stdin, login, password)
    })
  )
).pipe(
  Command.withDescription("Set a user's password and end all sessions of the user"),
  Command.withExamples([
    { command: "strowger auth user password ada", description: "The new password is made and shown once" }
  ])
)

interface TokenRow {
  readonly session: string
  readonly holder: string
  readonly mobile: boolean
  readonly issued_at: Date
  readonly expires_at: Date
}

const tokenList = Command.make(
  "list",
  {
    user: Flag.String("user").pipe(
      Flag.withDescription("Only those of this username or email address"),
      Flag.withDefault("")
    )
  },
  ({ user }) =>
    onIdentity(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const holder = user === "" ? sql`true` : sql`t.auth_id = ${(yield* find(user)).uuid}`
        const rows = yield* sql<TokenRow>`
          select s.uuid as session, coalesce(u.username, t.auth_id) as holder, s.mobile, t.issued_at, t.expires_at
          from auth_token t join auth_session s on s.uuid = t.session_uuid
          left join auth_user u on u.uuid::text = t.auth_id
          where t.expires_at > now() and ${holder} order by t.issued_at`
        yield* printRows(
          ["session", "holder", "mobile", "issued", "expires"],
          rows.map((row) => [
            row.session,
            row.holder,
            String(row.mobile),
            row.issued_at.toISOString(),
            row.expires_at.toISOString()
          ])
        )
      })
    )
).pipe(Command.withDescription("Live tokens by their sessions; the tokens themselves are nowhere kept"))

const tokenRevoke = Command.make(
  "revoke",
  {
    session: Flag.String("session").pipe(
      Flag.withDescription("Uuid of one session, as `token list` shows it"),
      Flag.withDefault("")
    ),
    user: Flag.String("user").pipe(
      Flag.withDescription("All tokens of this username or email address"),
      Flag.withDefault("")
    )
  },
  ({ session, user }) =>
    onIdentity(
      Effect.gen(function* () {
        if ((session === "") === (user === "")) {
          return yield* new Refused({ message: "exactly one of --session and --user is needed" })
        }
        const sql = yield* SqlClient.SqlClient
        const sessions = yield* Sessions
        const { master, visible } = yield* Tenants
        const chosen =
          user === ""
            ? sql`s.uuid::text = ${session.toLowerCase()}`
            : sql`t.auth_id = ${(yield* find(user)).uuid}`
        const rows = yield* sql<{ uuid: string }>`
          select distinct s.uuid from auth_session s join auth_token t on t.session_uuid = s.uuid where ${chosen}`
        yield* Effect.forEach(rows, ({ uuid }) => sessions.end(visible(master), uuid))
        yield* Console.log(`${rows.length} revoked`)
      })
    )
).pipe(
  Command.withDescription("Revoke tokens"),
  Command.withExamples([
    { command: "strowger auth token revoke --user ada", description: "Ada is logged out everywhere" }
  ])
)

const policy = Argument.String("policy").pipe(Argument.withDescription("Slug or uuid"))

const policyList = Command.make("list", {}, () =>
  onIdentity(
    Effect.gen(function* () {
      const policies = yield* Policies
      const { items } = yield* policies.list(systemCaller(yield* Tenants), {
        order: "name",
        direction: "asc",
        offset: 0,
        recurse: true
      })
      yield* printRows(
        ["uuid", "slug", "tenant", "accesses"],
        items.map(({ uuid, slug, tenant_uuid, acl }) => [uuid, slug, tenant_uuid, String(acl.length)])
      )
    })
  )
).pipe(Command.withDescription("Policies of all tenants"))

const policyShow = Command.make("show", { policy }, ({ policy }) =>
  onIdentity(
    Effect.gen(function* () {
      const policies = yield* Policies
      const { acl } = yield* readable(policies.get(systemCaller(yield* Tenants), policy))
      yield* Effect.forEach(acl, (access) => Console.log(access))
    })
  )
).pipe(Command.withDescription("The accesses of a policy"))

const attachment = (name: "attach" | "detach", description: string) =>
  Command.make(name, { policy, login }, ({ policy, login }) =>
    onIdentity(
      Effect.gen(function* () {
        const policies = yield* Policies
        const caller = systemCaller(yield* Tenants)
        const { uuid } = yield* find(login)
        yield* readable(
          name === "attach"
            ? policies.attachToUser(caller, uuid, policy)
            : policies.detachFromUser(caller, uuid, policy)
        )
        yield* Console.log(`${policy}: done. It counts for the tokens that ${login} gets from now on.`)
      })
    )
  ).pipe(Command.withDescription(description))

const printRows = (names: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>) =>
  Effect.forEach([names, ...rows], (row) => Console.log(row.join("\t")), { discard: true })

/** `strowger auth …`: identity from the command line (contracts/auth.md 18). */
export const authCommand = Command.make("auth").pipe(
  Command.withDescription(
    "Administrators, passwords, tokens and policies. Works on the database of the STROWGER_* knobs: the data " +
      "directory of a stopped runtime, or the PostgreSQL of STROWGER_DATABASE_URL, running or not"
  ),
  Command.withSubcommands([
    bootstrap,
    Command.make("user").pipe(
      Command.withDescription("Users and their passwords"),
      Command.withSubcommands([userList, userCreate, userPassword])
    ),
    Command.make("token").pipe(
      Command.withDescription("Live tokens"),
      Command.withSubcommands([tokenList, tokenRevoke])
    ),
    Command.make("policy").pipe(
      Command.withDescription("Policies and who has them"),
      Command.withSubcommands([
        policyList,
        policyShow,
        attachment("attach", "Give a user a policy"),
        attachment("detach", "Take a policy from a user")
      ])
    )
  ])
)
