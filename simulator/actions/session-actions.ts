import { createHash } from "node:crypto"
import { type EventClass, eventClasses, formatStamp, type Headers } from "../engine.ts"
import { type Handlers, type ManagerUser, type Request, truth } from "./action.ts"
import { eventFilter } from "./event-filter.ts"

/** Login, logoff, and what a session wants to hear of (contracts/callcenter.md 7.2). */
export const sessionActions: Handlers = {
  Login: (request) => {
    const { reply, session, pbx } = request
    if (session.state().user !== undefined) return reply.ack("Already authenticated")
    const { user, complaint } = authenticate(request)
    if (user === undefined) {
      if (complaint !== undefined) tellSecurity(request, ...complaint)
      const release = session.hold()
      pbx.engine.after(FAILED_LOGIN_DELAY, () => {
        reply.error("Authentication failed")
        session.end()
        release()
      })
      return undefined
    }
    const readable = new Set(user.read ?? eventClasses)
    const events = request.get("Events")
    const mask = events === "" ? readable : (maskOf(events) ?? readable)
    session.update({ user, eventMask: intersection(mask, readable) })
    reply.ack("Authentication accepted")
    if (session.state().eventMask.has("system") && pbx.isFullyBooted()) reply.send(fullyBooted(request))
    tellSecurity(request, "SuccessfulAuth", "Informational", user.username, [["UsingPassword", "0"]])
    return undefined
  },
  Challenge: ({ get, reply, session, pbx }) => {
    if (get("AuthType").toUpperCase() !== "MD5") return reply.error("Must specify AuthType")
    const challenge = session.state().challenge ?? pbx.random(`challenge ${session.id}`).digits(9)
    session.update({ challenge })
    return reply.success([["Challenge", challenge]])
  },
  Logoff: ({ reply, session }) => {
    reply.send([["Response", "Goodbye"], ...reply.id, ["Message", "Thanks for all the fish."]])
    session.end()
  },
  Ping: ({ reply, pbx }) =>
    reply.success([
      ["Ping", "Pong"],
      ["Timestamp", formatStamp(pbx.clock.stamp())]
    ]),
  Events: ({ get, reply, session }) => {
    const mask = maskOf(get("EventMask"))
    if (mask === undefined) return reply.error("Invalid event mask")
    session.update({ eventMask: intersection(mask, new Set(session.state().user?.read ?? eventClasses)) })
    return reply.success([["Events", mask.size > 0 ? "On" : "Off"]])
  },
  Filter: ({ get, reply, session }) => {
    if (get("Operation").toLowerCase() !== "add") return reply.error("Unknown operation")
    const filter = eventFilter(get("MatchCriteria"), get("Filter"))
    if (typeof filter === "string") return reply.error(filter)
    session.update({ filters: [...session.state().filters, filter] })
    return reply.ack("Success")
  },
  WaitEvent: ({ get, reply, session }) => {
    const seconds = get("Timeout") === "" ? -1 : Number.parseInt(get("Timeout"), 10)
    const release = session.hold()
    session.untilEvent(seconds < 0 ? undefined : seconds, () => {
      reply.ack("Waiting for Event completed.")
      release()
      reply.send([["Event", "WaitEventComplete"], ...reply.id])
    })
  }
}

/** The body of the security events that tell of an AMI session. */
export const tellSecurity = (
  { pbx, session }: Pick<Request, "pbx" | "session">,
  name: string,
  severity: "Informational" | "Error",
  account: string,
  more: Headers = []
): void => {
  const start: Headers = [
    ["EventTV", eventTime(pbx.clock.now())],
    ["Severity", severity],
    ["Service", "AMI"],
    ["EventVersion", "1"]
  ]
  const accountHeader = ["AccountID", account] as const
  const place: Headers = [
    ["SessionID", session.id],
    ["LocalAddress", session.addresses.local],
    ["RemoteAddress", session.addresses.remote]
  ]
  const since = ["SessionTV", eventTime(session.startedAt)] as const
  pbx.engine.emit(
    name,
    "security",
    name === "RequestBadFormat"
      ? [...start, ...place, ...more, since, accountHeader]
      : [...start, accountHeader, ...place, ...more, since]
  )
}

/** `on`, `off`, classes with commas, or a number that is their bits; undefined when it says nothing. */
const maskOf = (text: string): ReadonlySet<EventClass> | undefined => {
  if (text === "") return undefined
  if (/^\d+$/.test(text)) {
    const bits = Number(text)
    return new Set(eventClasses.filter((_, bit) => Math.floor(bits / 2 ** bit) % 2 === 1))
  }
  const all = truth(text)
  const words = text.split(",").map((word) => word.trim().toLowerCase())
  if (all === true || words.includes("all")) return new Set(eventClasses)
  return new Set(all === false ? [] : eventClasses.filter((each) => words.includes(each)))
}

const intersection = (a: ReadonlySet<EventClass>, b: ReadonlySet<EventClass>): ReadonlySet<EventClass> =>
  new Set([...a].filter((each) => b.has(each)))

/** The user that may log in, or what the security event says of the attempt. */
const authenticate = ({
  get,
  session
}: Request): {
  readonly user?: ManagerUser
  readonly complaint?: readonly [string, "Error", string, Headers]
} => {
  const username = get("Username")
  if (username === "") return {}
  const user = session.users.find((each) => each.username === username)
  if (user === undefined) return { complaint: ["InvalidAccountID", "Error", username, []] }
  if (get("AuthType").toUpperCase() === "MD5") {
    const { challenge } = session.state()
    if (challenge === undefined || get("Key") === "") return {}
    const expected = createHash("md5").update(`${challenge}${user.secret}`).digest("hex")
    return get("Key") === expected
      ? { user }
      : { complaint: ["ChallengeResponseFailed", "Error", username, [["Challenge", challenge]]] }
  }
  return get("Secret") === user.secret ? { user } : { complaint: ["InvalidPassword", "Error", username, []] }
}

const fullyBooted = ({ pbx }: Request): Headers => {
  const seconds = (since: number) => String(Math.floor((pbx.clock.now() - since) / 1_000_000))
  return [
    ["Event", "FullyBooted"],
    ["Privilege", "system,all"],
    ["Uptime", seconds(pbx.startedAt)],
    ["LastReload", seconds(pbx.reloadedAt())],
    ["Status", "Fully Booted"]
  ]
}

/** `2026-11-20T11:29:38.877+0000`. */
const eventTime = (micros: number): string =>
  new Date(Math.floor(micros / 1000)).toISOString().replace("Z", "+0000")

const FAILED_LOGIN_DELAY = 1
