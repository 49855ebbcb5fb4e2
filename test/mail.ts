import { Context, Effect, Layer, Schedule } from "effect"
import type { AddressInfo } from "node:net"
import { SMTPServer } from "smtp-server"

/** A mail as the server got it. */
export interface ReceivedMail {
  readonly to: string
  /** Headers and text. */
  readonly text: string
}

/** A mail server for tests. */
export class MailServer extends Context.Service<
  MailServer,
  {
    readonly port: number
    readonly received: () => ReadonlyArray<ReceivedMail>
    /** While it does, every mail is turned away for the moment. */
    readonly refuse: (refuse: boolean) => void
    /** The n-th mail to an address, as soon as it is there. */
    readonly mailTo: (address: string, number?: number) => Effect.Effect<ReceivedMail>
  }
>()("test/MailServer") {
  static readonly layer = Layer.effect(
    MailServer,
    Effect.acquireRelease(
      Effect.callback<{ server: SMTPServer; service: MailServer["Service"] }>((resume) => {
        const received: Array<ReceivedMail> = []
        let refusing = false
        const server = new SMTPServer({
          authOptional: true,
          disabledCommands: ["STARTTLS"],
          onData: (stream, session, done) => {
            const chunks: Array<Buffer> = []
            stream.on("data", (chunk: Buffer) => chunks.push(chunk))
            stream.on("end", () => {
              if (refusing) return done(Object.assign(new Error("try later"), { responseCode: 451 }))
              const [to] = session.envelope.rcptTo
              received.push({ to: to?.address ?? "", text: unfold(Buffer.concat(chunks).toString("utf8")) })
              done()
            })
          }
        })
        server.listen(0, "127.0.0.1", () =>
          resume(
            Effect.succeed({
              server,
              service: {
                // A listening TCP server's address is an AddressInfo.
                port: (server.server.address() as AddressInfo).port,
                received: () => received,
                refuse: (refuse) => {
                  refusing = refuse
                },
                mailTo: (address, number = 1) =>
                  Effect.suspend(() => {
                    const mail = received.filter(({ to }) => to === address)[number - 1]
                    return mail === undefined ? Effect.fail("not yet") : Effect.succeed(mail)
                  }).pipe(
                    Effect.retry(Schedule.spaced("20 millis")),
                    Effect.timeout("20 seconds"),
                    Effect.orDie
                  )
              }
            })
          )
        )
      }),
      ({ server }) => Effect.callback<void>((resume) => server.close(() => resume(Effect.void)))
    ).pipe(Effect.map(({ service }) => service))
  )
}

/** Quoted-printable, folded headers and quotes around names undone. */
const unfold = (text: string): string =>
  text
    .replace(/=\r?\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\r?\n[ \t]+/g, " ")
    .replaceAll('"', "")
