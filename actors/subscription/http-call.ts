import { readFile } from "node:fs/promises"
import { type IncomingMessage, request as httpRequest, type RequestOptions } from "node:http"
import { request as httpsRequest } from "node:https"
import { connect, isIP, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import { gunzipSync, inflateRawSync, inflateSync } from "node:zlib"
import { type Asker, type Guard, judge } from "./destination.ts"
import { BadRequest, type HookRequest, plainUrl, readUrl } from "./http-request.ts"
import { type Outcome, permanent } from "./outcome.ts"

/** Limits of one attempt (contracts/webhooks.md 7.1 and 15.8). */
const connectMillis = 5_000
const silenceMillis = 15_000
/** Headers that drip are no answer; a body that drips or never ends is taken as far as it came. */
const dripMillis = 15_000
const maxRedirects = 30
const maxResponseBytes = 1_048_576
const loggedCharacters = 20_000

/** What comes beside the request itself. */
export interface CallOptions {
  readonly guard: Guard
  readonly asker: Asker
  /** As in the config: absent or `true`, `false`, or the path of a bundle. */
  readonly verifyCertificate: string | undefined
  readonly signal: AbortSignal
}

/**
 * Makes the call and follows its redirects (contracts/webhooks.md 7.1, 4 to 8). Every hop is resolved, judged and
 * then connected to an address that was judged. Never rejects but when aborted.
 */
export const call = async (first: HookRequest, options: CallOptions): Promise<Outcome> => {
  let request = first
  try {
    const ca = await bundle(options.verifyCertificate)
    for (let hop = 0; hop <= maxRedirects; hop++) {
      const verdict = await judge(request.url, options.guard, options.asker)
      if (verdict.type === "refused") {
        return permanent(verdict.reason, { error_id: "destination-not-allowed" })
      }
      if (verdict.type === "unresolved") {
        return options.asker.owned ? permanent(verdict.reason) : failedToConnect(request, verdict.reason)
      }
      const [pinned] = verdict.addresses
      if (pinned === undefined) return failedToConnect(request, "no address")
      const response = await exchange(request, pinned, options, ca)
      const next = redirected(request, response)
      if (next === undefined) return outcomeOf(request, response)
      request = next
    }
    return failedToConnect(request, `more than ${maxRedirects} redirects`)
  } catch (error) {
    if (options.signal.aborted) throw error
    if (error instanceof BadRequest) return permanent(error.message)
    return failedToConnect(request, error instanceof Error ? reasonOf(error) : String(error))
  }
}

interface Response {
  readonly status: number
  readonly reason: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const reasonOf = (error: Error): string =>
  "code" in error ? `${String(error.code)}: ${error.message}` : error.message

const bundle = async (verify: string | undefined): Promise<Buffer | undefined> => {
  if (verify === undefined || !verify.startsWith("/")) return undefined
  try {
    return await readFile(verify)
  } catch {
    throw new BadRequest(`the certificate bundle ${verify} cannot be read`)
  }
}

const exchange = (
  { method, url, headers, body }: HookRequest,
  pinned: { readonly address: string; readonly family: 4 | 6 },
  { signal, verifyCertificate }: CallOptions,
  ca: Buffer | undefined
): Promise<Response> =>
  new Promise((resolve, reject) => {
    let connection: Socket | undefined
    const settings: RequestOptions = {
      method,
      host: pinned.address,
      path: url.pathname + url.search,
      headers: {
        Host: url.host,
        ...headers,
        ...(body === noBody ? {} : { "Content-Length": String(body.length) })
      },
      signal,
      // A connection of its own, without an agent: nobody but us ends it.
      createConnection: () => {
        connection = socketTo(url, pinned.address, verifyCertificate !== "false", ca)
        return connection
      }
    }
    const request = url.protocol === "https:" ? httpsRequest(settings) : httpRequest(settings)
    const connecting = setTimeout(
      () => request.destroy(new Error("the connection took longer than 5 s")),
      connectMillis
    )
    const connected = () => clearTimeout(connecting)
    request.on("socket", (socket) => {
      socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => {
        connected()
        socket.setTimeout(silenceMillis, () => request.destroy(new Error("no answer within 15 s")))
      })
    })
    let answering: NodeJS.Timeout | undefined
    request.on("finish", () => {
      answering = setTimeout(() => request.destroy(new Error("no answer within 15 s")), dripMillis)
    })
    request.on("close", () => {
      connection?.destroy()
      connected()
      clearTimeout(answering)
    })
    request.on("error", reject)
    request.on("response", (response) => {
      clearTimeout(answering)
      const chunks: Array<Buffer> = []
      let size = 0
      const enough = setTimeout(() => finish(), dripMillis)
      const finish = () => {
        clearTimeout(enough)
        resolve(responseOf(response, Buffer.concat(chunks)))
        request.destroy()
        connection?.destroy()
      }
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size >= maxResponseBytes) finish()
      })
      response.on("end", finish)
      response.on("error", (error) => {
        clearTimeout(enough)
        reject(error)
      })
    })
    request.end(body === noBody ? undefined : body)
  })

const socketTo = (url: URL, address: string, verify: boolean, ca: Buffer | undefined) => {
  if (url.protocol === "http:") return connect({ host: address, port: Number(url.port || 80) })
  const name = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "")
  return connectTls({
    host: address,
    port: Number(url.port || 443),
    // An address has no name to ask for (RFC 6066, 3); its certificate is checked for the address itself.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    rejectUnauthorized: verify,
    ...(ca === undefined ? {} : { ca })
  })
}

/** After a redirect that turns the call into one without a body. */
const noBody = Buffer.alloc(0)

const responseOf = ({ statusCode, statusMessage, headers }: IncomingMessage, body: Buffer): Response => ({
  status: statusCode ?? 0,
  reason: statusMessage ?? "",
  headers: Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? "")
    ])
  ),
  body: decompressed(headers["content-encoding"], body)
})

const decompressed = (encoding: string | undefined, body: Buffer): Buffer => {
  const limit = { maxOutputLength: maxResponseBytes }
  try {
    if (encoding === "gzip" || encoding === "x-gzip") return gunzipSync(body, limit)
    if (encoding === "deflate") {
      return ((body[0] ?? 0) & 0x0f) === 8 ? inflateSync(body, limit) : inflateRawSync(body, limit)
    }
  } catch {
    return body
  }
  return body
}

const redirected = (request: HookRequest, response: Response): HookRequest | undefined => {
  const location = response.headers["location"]
  if (location === undefined || ![301, 302, 303, 307, 308].includes(response.status)) return undefined
  if (!URL.canParse(location, request.url.href)) throw new BadRequest("the redirect has no valid location")
  const url = readUrl(new URL(location, request.url).href)
  const headers = { ...request.headers }
  if (url.hostname !== request.url.hostname) {
    for (const name of request.confidential) delete headers[name]
  }
  if (response.status >= 307) return { ...request, url, headers }
  for (const name of ["Content-Type", "Content-Length"]) delete headers[name]
  const toGet = response.status === 301 ? request.method === "POST" : request.method !== "HEAD"
  return { ...request, method: toGet ? "GET" : request.method, url, headers, body: noBody }
}

const outcomeOf = (request: HookRequest, response: Response): Outcome => {
  const detail = detailOf(request, response)
  const common = { statusCode: response.status, ...wishOf(response), ...retryAfterOf(response) }
  if (response.status < 400) return { class: "success", detail, ...common }
  const error = `${response.status} ${response.reason} for ${plainUrl(request.url).href}`
  return {
    class: response.status === 410 ? "permanent" : "retry",
    detail: { ...detail, error },
    error,
    ...common
  }
}

const wishOf = ({ headers }: Response): Pick<Outcome, "wish"> => {
  const wish = headers["webhook-delivery"]?.trim().toLowerCase()
  return wish === "abort-message" || wish === "disable" ? { wish } : {}
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
const retryAfterOf = ({ headers }: Response): Pick<Outcome, "retryAfter"> => {
  const value = headers["retry-after"]
  if (value === undefined) return {}
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000
  return Number.isNaN(seconds) ? {} : { retryAfter: Math.max(0, seconds) }
}

const failedToConnect = (request: HookRequest, reason: string): Outcome => ({
  class: "retry",
  detail: { ...detailOf(request, undefined), error: reason },
  error: reason
})

const detailOf = (request: HookRequest, response: Response | undefined) => ({
  request_method: request.method,
  request_url: plainUrl(request.url).href,
  request_body: logged(request.body),
  request_headers: withoutSecrets(request),
  response_status_code: response?.status ?? null,
  response_headers: response?.headers ?? {},
  response_body: response === undefined ? "" : logged(response.body)
})

const withoutSecrets = ({ headers, confidential }: HookRequest) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      confidential.includes(name) ? value.replace(/^(Basic |Bearer )?.*$/s, "$1***") : value
    ])
  )

/** JSON as what it says, anything else as text; a long body is cut. */
const logged = (body: Buffer): unknown => {
  if (body.length === 0) return ""
  const text = body.toString("utf8")
  if (text.length > loggedCharacters) return text.slice(0, loggedCharacters)
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
