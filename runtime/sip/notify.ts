import { createSocket } from "node:dgram"
import { randomBytes } from "node:crypto"
import { isIPv6 } from "node:net"
import { Data, Effect } from "effect"

/** A NOTIFY that belongs to no subscription, as phones take it to fetch their files again. */
export interface UnsolicitedNotify {
  /** IP address of the phone. */
  readonly address: string
  /** Default 5060. */
  readonly port?: number
  /** Value of the header Event: `check-sync;reboot=false`. */
  readonly event: string
  readonly contentType?: string
  readonly body?: string
}

/** The phone refused, or did not answer; `message` says which. */
export class NotifyFailed extends Data.TaggedError("NotifyFailed")<{ readonly message: string }> {}

/** First pause before a repetition, and the time after which nobody is expected to answer, in milliseconds (T1). */
const firstPause = 500
const patience = 8_000

/**
 * Sends a NOTIFY straight over UDP (RFC 3261, section 17.1.2: repeated with doubled pauses until a final response;
 * RFC 6665 for the header). Succeeds with the phone's 2xx.
 */
export const sendNotify = (notify: UnsolicitedNotify): Effect.Effect<void, NotifyFailed> =>
  Effect.callback((resume) => {
    const branch = `z9hG4bK${randomBytes(9).toString("hex")}`
    const socket = createSocket(isIPv6(notify.address) ? "udp6" : "udp4")
    let repetition: NodeJS.Timeout | undefined
    const done = (problem?: string) => {
      clearTimeout(repetition)
      clearTimeout(deadline)
      socket.close()
      resume(problem === undefined ? Effect.void : Effect.fail(new NotifyFailed({ message: problem })))
    }
    const deadline = setTimeout(() => done("The phone does not answer"), patience)
    socket.on("error", (error) => done(error.message))
    socket.on("message", (packet) => {
      const answer = readAnswer(packet.toString("latin1"), branch)
      if (answer === undefined || answer.status < 200) return
      done(answer.status < 300 ? undefined : `The phone answers ${answer.status}`)
    })
    socket.connect(notify.port ?? 5060, notify.address, () => {
      const request = Buffer.from(requestText(notify, branch, socket.address()))
      const send = (pause: number) => {
        socket.send(request)
        repetition = setTimeout(() => send(Math.min(pause * 2, 4_000)), pause)
      }
      send(firstPause)
    })
    return Effect.sync(() => {
      clearTimeout(repetition)
      clearTimeout(deadline)
      socket.close()
    })
  })

const requestText = (
  { address, port, event, contentType, body = "" }: UnsolicitedNotify,
  branch: string,
  local: { readonly address: string; readonly port: number }
): string => {
  const here = hostPort(local.address, local.port)
  const target = `sip:anonymous@${hostPort(address, port)}`
  return [
    `NOTIFY ${target} SIP/2.0`,
    `Via: SIP/2.0/UDP ${here};branch=${branch};rport`,
    "Max-Forwards: 70",
    `From: <sip:strowger@${here}>;tag=${randomBytes(6).toString("hex")}`,
    `To: <${target}>`,
    `Call-ID: ${randomBytes(12).toString("hex")}`,
    "CSeq: 1 NOTIFY",
    `Contact: <sip:strowger@${here}>`,
    `Event: ${event}`,
    "Subscription-State: terminated",
    ...(contentType === undefined ? [] : [`Content-Type: ${contentType}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body
  ].join("\r\n")
}

const hostPort = (address: string, port?: number): string => {
  const host = isIPv6(address) ? `[${address}]` : address
  return port === undefined ? host : `${host}:${port}`
}

/** The status of a response to this very request. */
const readAnswer = (text: string, branch: string): { readonly status: number } | undefined => {
  const status = /^SIP\/2\.0 (\d{3}) /.exec(text)
  return status !== null && text.includes(`branch=${branch}`) ? { status: Number(status[1]) } : undefined
}
