import { Context, Data, Effect, Layer, Redacted } from "effect"
import { createTransport } from "nodemailer"
import { AppConfig } from "../config.ts"

/** A mail of plain text. */
export interface Mail {
  readonly from: MailAddress
  readonly to: MailAddress
  readonly subject: string
  readonly text: string
}

export interface MailAddress {
  readonly name: string
  readonly address: string
}

/** The mail server could not be reached or did not take the mail; `reason` never repeats the mail's text. */
export class MailRefused extends Data.TaggedError("MailRefused")<{ readonly reason: string }> {}

/** Hands mails to a mail server. Completes when the server has taken the mail. */
export class Mailer extends Context.Service<
  Mailer,
  { readonly send: (mail: Mail) => Effect.Effect<void, MailRefused> }
>()("strowger/runtime/mail/Mailer") {
  /** The SMTP server of `STROWGER_SMTP_*`, one connection a mail, within 4 seconds for each step. */
  static readonly layerSmtp: Layer.Layer<Mailer, never, AppConfig> = Layer.effect(
    Mailer,
    Effect.gen(function* () {
      const config = yield* AppConfig
      const transport = createTransport({
        host: config.smtpHost,
        port: config.smtpPort,
        secure: config.smtpSecurity === "tls",
        requireTLS: config.smtpSecurity === "starttls",
        ignoreTLS: config.smtpSecurity === "none",
        ...(config.smtpUsername === ""
          ? {}
          : { auth: { user: config.smtpUsername, pass: Redacted.value(config.smtpPassword) } }),
        connectionTimeout: stepMillis,
        greetingTimeout: stepMillis,
        socketTimeout: stepMillis,
        disableFileAccess: true,
        disableUrlAccess: true
      })
      yield* Effect.addFinalizer(() => Effect.sync(() => transport.close()))
      return {
        send: (mail) =>
          Effect.tryPromise({
            try: () => transport.sendMail({ ...mail, from: { ...mail.from }, to: { ...mail.to } }),
            catch: (error) => new MailRefused({ reason: reasonOf(error) })
          }).pipe(Effect.asVoid)
      }
    })
  )
}

const stepMillis = 4_000

/** The kind of failure and the server's code: its words may quote the mail. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "unknown"
  const code = "code" in error ? String(error.code) : error.name
  const answer = "responseCode" in error && error.responseCode ? ` ${String(error.responseCode)}` : ""
  return `${code}${answer}`
}
