import { Effect, Layer, Metric, Schedule } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { AppConfig, millis } from "../../runtime/config.ts"
import { type MailAddress, Mailer, MailRefused } from "../../runtime/mail/mailer.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { linkHost } from "./link-host.ts"
import { foldLogin } from "./logins.ts"
import { type DueMail, type LinkBase, type MailJob, MailQueue } from "./mail-queue.ts"
import { renderTemplate, type TemplateVariables } from "./mail-templates.ts"
import { isManagedExternally } from "./managed-externally.ts"
import type { MailContext, MailPlugin } from "./plugin.ts"
import { IdentityPlugins } from "./plugins.ts"
import { internalAuthId, Sessions } from "./sessions.ts"
import { TenantTree } from "./tenant-tree.ts"
import { Tenants } from "./tenants.ts"

const sent = Metric.counter("strowger_auth_mails_sent_total", {
  description: "Mails that the mail server took",
  incremental: true
})
const refused = Metric.counter("strowger_auth_mails_failed_total", {
  description: "Attempts to send a mail that failed",
  incremental: true
})

/** The access that the token of a password reset carries, and nothing else. */
export const passwordResetAccess = (userUuid: string): string =>
  `auth.users.password.reset.${userUuid}.create`

/**
 * Works the mail queue off as long as the layer lives: mails that cannot be sent are tried again, later each time,
 * and given up with a log after `STROWGER_MAIL_ATTEMPTS` (contracts/auth.md 8).
 *
 * **Details**
 * The token of a link is made when the mail goes out, and revoked when the server does not take it: a stored mail
 * opens no door.
 */
export const mailDeliveryLayer: Layer.Layer<
  never,
  never,
  MailQueue | Mailer | IdentityPlugins | Sessions | Tenants | TenantTree | SqlClient.SqlClient | AppConfig
> = Layer.effectDiscard(
  Effect.gen(function* () {
    const queue = yield* MailQueue
    yield* deliverDue.pipe(
      Effect.catchCause((cause) => Effect.logError("Mails could not be worked off", cause)),
      Effect.andThen(Effect.race(queue.woken, Effect.sleep("5 seconds"))),
      Effect.repeat(Schedule.forever),
      Effect.forkScoped
    )
  })
)

const deliverDue = Effect.gen(function* () {
  const queue = yield* MailQueue
  const { mailAttempts } = yield* AppConfig
  for (;;) {
    const due = yield* dieOnSqlError(queue.take)
    if (due === undefined) return
    yield* deliver(due.job).pipe(
      Effect.andThen(queue.done(due.uuid)),
      Effect.catchTag("MailRefused", ({ reason }) => onRefusal(due, reason, mailAttempts)),
      dieOnSqlError
    )
  }
})

const onRefusal = Effect.fnUntraced(function* (
  { uuid, job, attempts }: DueMail,
  reason: string,
  most: number
) {
  const queue = yield* MailQueue
  yield* Metric.update(refused, 1)
  if (attempts >= most) {
    yield* Effect.logError(`A ${job.kind} mail was given up after ${attempts} attempts: ${reason}`)
    return yield* queue.done(uuid)
  }
  yield* Effect.logWarning(`A ${job.kind} mail could not be sent, it will be tried again: ${reason}`)
  yield* queue.retry(uuid, retrySeconds(attempts))
})

/** 2, 4, 8 … seconds, at most an hour. */
const retrySeconds = (attempts: number): number => Math.min(3_600, 2 ** Math.min(attempts, 12))

/** Nobody to send to is a good end: the address is confirmed or gone, or the login is nobody's. */
const deliver = (
  job: MailJob
): Effect.Effect<
  void,
  MailRefused | SqlError.SqlError,
  SqlClient.SqlClient | Sessions | Tenants | TenantTree | Mailer | IdentityPlugins | AppConfig
> => (job.kind === "confirmation" ? deliverConfirmation(job) : deliverReset(job))

const deliverConfirmation = Effect.fnUntraced(function* ({
  emailUuid,
  base
}: Extract<MailJob, { kind: "confirmation" }>) {
  const sql = yield* SqlClient.SqlClient
  const [email] = yield* sql<{ address: string; username: string | null; tenant_uuid: string }>`
    select e.address, u.username, u.tenant_uuid from auth_email e join auth_user u on u.uuid = e.user_uuid
    where e.uuid = ${emailUuid} and not e.confirmed`
  if (email === undefined) return
  yield* sendWithToken({
    access: `auth.emails.${emailUuid}.confirm.edit`,
    to: { name: email.username ?? "", address: email.address },
    template: "confirmation",
    base: yield* linkHost(base, email.tenant_uuid),
    uuid: emailUuid,
    variables: { email_uuid: emailUuid }
  })
})

const deliverReset = Effect.fnUntraced(function* (job: Extract<MailJob, { kind: "password-reset" }>) {
  const user = yield* findForReset(job)
  const target = user && addressFor(user, job)
  if (user === undefined || target === undefined || isManagedExternally(user.method)) return
  yield* sendWithToken({
    access: passwordResetAccess(user.uuid),
    to: { name: user.username ?? "", address: target },
    template: "reset",
    base: yield* linkHost(job.base, user.tenant_uuid),
    uuid: user.uuid,
    variables: { user_uuid: user.uuid }
  })
})

interface ResetUser {
  readonly uuid: string
  readonly username: string | null
  readonly method: string
  readonly tenant_uuid: string
  readonly emails: ReadonlyArray<{ address: string; main: boolean; confirmed: boolean }>
}

/** username and email as they are written; login ignoring case, over usernames and all email addresses. */
const findForReset = Effect.fnUntraced(function* ({
  by,
  value
}: Extract<MailJob, { kind: "password-reset" }>) {
  const sql = yield* SqlClient.SqlClient
  const named = {
    username: sql`u.username = ${value}`,
    email: sql`exists (select 1 from auth_email e where e.user_uuid = u.uuid and e.address = ${value})`,
    login: sql`exists (select 1 from auth_login l where l.user_uuid = u.uuid and l.login = ${foldLogin(value)})`
  }[by]
  const [user] = yield* sql<ResetUser>`
    select u.uuid, u.username, u.tenant_uuid,
      case u.authentication_method when 'default' then t.default_authentication_method
        else u.authentication_method end as method,
      coalesce((
        select json_agg(json_build_object('address', e.address, 'main', e.main, 'confirmed', e.confirmed)
          order by e.main desc, e.address)
        from auth_email e where e.user_uuid = u.uuid), '[]'::json) as emails
    from auth_user u join auth_tenant t on t.uuid = u.tenant_uuid where u.enabled and ${named}`
  return user
})

/** The address that was asked with, else the main confirmed one, else any confirmed one. */
const addressFor = (
  { emails }: ResetUser,
  { by, value }: { readonly by: string; readonly value: string }
): string | undefined => (by === "email" ? value : emails.find(({ confirmed }) => confirmed)?.address)

const sendWithToken = Effect.fnUntraced(function* (mail: {
  readonly access: string
  readonly to: MailAddress
  readonly template: "confirmation" | "reset"
  readonly base: LinkBase
  readonly uuid: string
  readonly variables: TemplateVariables
}) {
  const config = yield* AppConfig
  const mailer = yield* Mailer
  const sessions = yield* Sessions
  const { master } = yield* Tenants
  const token = yield* sessions.create({
    authId: internalAuthId,
    tenantUuid: master,
    acl: [mail.access],
    metadata: {},
    mobile: false,
    lifetimeSeconds: Math.max(1, Math.round(millis(config.mailLinkLifetime) / 1000)),
    userAgent: "",
    remoteAddress: ""
  })
  const { hostname, port, prefix } = mail.base
  const variables = {
    ...mail.variables,
    hostname,
    port,
    prefix,
    token: token.id,
    username: mail.to.name,
    email_address: mail.to.address
  }
  const render = (part: "subject" | "body") =>
    renderTemplate(config.mailTemplateDir, `${mail.template}-${part}.txt`, variables)
  const written = { subject: (yield* render("subject")).trim(), text: yield* render("body") }
  const { mail: plugin } = yield* IdentityPlugins
  const from = { name: config.mailFromName, address: config.mailFromAddress }
  yield* (
    plugin === undefined
      ? mailer.send({ from, to: mail.to, ...written })
      : sendByPlugin(plugin, mail.template, {
          token: token.id,
          username: mail.to.name,
          emailAddress: mail.to.address,
          uuid: mail.uuid,
          hostname,
          port,
          prefix,
          ...written
        })
  ).pipe(Effect.tapError(() => sessions.revokeToken(token.id)))
  yield* Metric.update(sent, 1)
})

const sendByPlugin = (plugin: MailPlugin, template: "confirmation" | "reset", mail: MailContext) =>
  Effect.tryPromise(() =>
    template === "confirmation" ? plugin.sendConfirmation(mail) : plugin.sendPasswordReset(mail)
  ).pipe(
    Effect.timeout("30 seconds"),
    // What the plugin says may hold the token.
    Effect.mapError(() => new MailRefused({ reason: "the plugin failed" }))
  )
