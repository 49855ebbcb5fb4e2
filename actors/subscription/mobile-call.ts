import { createSign } from "node:crypto"
import { connect } from "node:http2"
import type { ApnsRequest } from "./mobile-message.ts"
import { type Outcome, permanent } from "./outcome.ts"

const connectMillis = 10_000
const silenceMillis = 15_000

/** The client certificate of a tenant's app. */
export interface ApnsCredentials {
  readonly certificate?: string
  readonly privateKey?: string
  readonly sandbox: boolean
  /** PEM of the authorities that the service is trusted by; absent: those of Node.js. */
  readonly ca?: string
}

/** Sends to Apple over HTTP/2; 410 is final, any other refusal is tried again (contracts/webhooks.md 10.2). */
export const callApns = (
  base: string,
  { token, headers, payload }: ApnsRequest,
  { certificate, privateKey, sandbox, ca }: ApnsCredentials,
  signal: AbortSignal
): Promise<Outcome> =>
  new Promise((resolve) => {
    const url = sandbox ? base.replace("//api.push.apple.com", "//api.sandbox.push.apple.com") : base
    const certified = certificate !== undefined && privateKey !== undefined
    const session = connect(url, {
      ...(certified ? { cert: certificate, key: privateKey } : {}),
      ...(ca === undefined ? {} : { ca })
    })
    const finish = (outcome: Outcome) => {
      clearTimeout(connecting)
      signal.removeEventListener("abort", aborted)
      session.destroy()
      resolve(outcome)
    }
    const failed = (error: Error) => finish(retry("apns", error.message))
    const aborted = () => failed(new Error("the stop of the runtime"))
    const connecting = setTimeout(
      () => failed(new Error("the connection took longer than 10 s")),
      connectMillis
    )
    signal.addEventListener("abort", aborted)
    session.on("error", failed)
    session.once("connect", () => clearTimeout(connecting))
    const stream = session.request({
      ":method": "POST",
      ":path": `/3/device/${encodeURIComponent(token)}`,
      "content-type": "application/json",
      "user-agent": "Strowger-Webhooks/0.1.0",
      ...headers,
      ...(sandbox ? { "x-use-sandbox": "1" } : {})
    })
    let status = 0
    let text = ""
    stream.setEncoding("utf8")
    stream.setTimeout(silenceMillis, () => failed(new Error("no answer within 15 s")))
    stream.on("error", failed)
    stream.on("response", (response) => {
      status = response[":status"] ?? 0
    })
    stream.on("data", (chunk: string) => {
      if (text.length < 20_000) text += chunk
    })
    stream.on("end", () => finish(answered("apns", status, text, status === 410 ? "permanent" : "retry")))
    stream.end(JSON.stringify(payload))
  })

/** A service account of Google, as its JSON file has it. */
export interface ServiceAccount {
  readonly client_email: string
  readonly private_key: string
  readonly token_uri: string
  readonly project_id: string
}

/** Sends to FCM v1 with a fresh access token. With Retry-After it is tried again, else a refusal is final. */
export const callFcm = async (
  base: string,
  account: ServiceAccount,
  body: string,
  signal: AbortSignal
): Promise<Outcome> => {
  try {
    const granted = await fetch(account.token_uri, {
      method: "POST",
      signal: AbortSignal.any([signal, AbortSignal.timeout(silenceMillis)]),
      body: new URLSearchParams({
        grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
        assertion: assertion(account)
      })
    })
    const grant: unknown = await granted.json()
    const token =
      typeof grant === "object" && grant !== null && "access_token" in grant ? grant.access_token : undefined
    if (typeof token !== "string") return permanent(`the token service answered ${granted.status}`)
    return await postFcm(
      `${base}/v1/projects/${account.project_id}/messages:send`,
      `Bearer ${token}`,
      body,
      signal
    )
  } catch (error) {
    if (signal.aborted) throw error
    return retry("fcm", error instanceof Error ? error.message : String(error))
  }
}

/** Sends to the legacy FCM API with its key. */
export const callLegacyFcm = async (
  base: string,
  key: string,
  body: string,
  signal: AbortSignal
): Promise<Outcome> => {
  try {
    return await postFcm(`${base}/fcm/send`, `key=${key}`, body, signal)
  } catch (error) {
    if (signal.aborted) throw error
    return retry("fcm", error instanceof Error ? error.message : String(error))
  }
}

const postFcm = async (
  url: string,
  authorization: string,
  body: string,
  signal: AbortSignal
): Promise<Outcome> => {
  const response = await fetch(url, {
    method: "POST",
    signal: AbortSignal.any([signal, AbortSignal.timeout(silenceMillis)]),
    headers: { Authorization: authorization, "Content-Type": "application/json; charset=UTF-8" },
    body
  })
  const text = (await response.text()).slice(0, 20_000)
  const after = Number(response.headers.get("retry-after") ?? Number.NaN)
  if (Number.isNaN(after)) return answered("fcm", response.status, text, "permanent")
  return { ...answered("fcm", response.status, text, "retry"), retryAfter: after }
}

/** A signed request for an access token (RFC 7523). */
const assertion = ({ client_email, private_key, token_uri }: ServiceAccount): string => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: client_email,
    scope: "https://www.googleapis.com/auth/firebase.messaging",
    aud: token_uri,
    iat: now,
    exp: now + 3600
  }
  const signed = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(private_key, "base64url")}`
}

const answered = (
  protocol: "apns" | "fcm",
  status: number,
  text: string,
  refused: "retry" | "permanent"
): Outcome => {
  const success = status >= 200 && status < 300
  const error = `${protocol} answered ${status}`
  return {
    class: success ? "success" : refused,
    statusCode: status,
    ...(success ? {} : { error }),
    detail: {
      success,
      protocol_used: protocol,
      full_response: { status_code: status, response_body: parsed(text) },
      ...(success ? {} : { error })
    }
  }
}

const retry = (protocol: "apns" | "fcm", error: string): Outcome => ({
  class: "retry",
  error,
  detail: { success: false, protocol_used: protocol, full_response: {}, error }
})

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
