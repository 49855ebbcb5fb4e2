import { Agent, type Dispatcher, fetch, ProxyAgent } from "@effect/platform-node/Undici"
import { Data, Effect } from "effect"
import { createHash } from "node:crypto"
import { createWriteStream } from "node:fs"
import { rm } from "node:fs/promises"
import { pipeline } from "node:stream/promises"

/** A download failed; nothing of it is left. `reason` holds neither the URL nor its credentials. */
export class DownloadFailed extends Data.TaggedError("DownloadFailed")<{ readonly reason: string }> {
  override get message() {
    return `download failed: ${this.reason}`
  }
}

/** Proxies by the scheme of what is downloaded. */
export interface Proxies {
  /** `http://[user:password@]host:port`. */
  readonly http: string | null
  /** `host:port`. */
  readonly https: string | null
}

/** What to download, where to, and how much of it. */
export interface DownloadOptions {
  readonly url: string
  /** A file that does not exist. */
  readonly into: string
  /** Bytes; more than that is refused. */
  readonly most: number
  readonly proxies: Proxies
  /** Bytes so far. */
  readonly progress?: (bytes: number) => void
}

/** What was downloaded: its bytes, and its digests in hex. */
export interface Downloaded {
  readonly size: number
  readonly sha1: string
  readonly sha256: string
}

/** Neither a silent server nor one that sends a byte now and then holds a download up for ever. */
const downloadLimits = {
  connectMillis: 10_000,
  silenceMillis: 30_000,
  wholeMillis: 30 * 60_000
} as const

/**
 * Downloads over HTTP or HTTPS into a file, redirections followed. Interruptible. A server that dies in the middle,
 * sends less than it announced, or more than `most`, fails the download.
 */
export const download = (options: DownloadOptions): Effect.Effect<Downloaded, DownloadFailed> =>
  Effect.acquireUseRelease(
    Effect.try({ try: () => dispatcherFor(options), catch: failed }),
    (dispatcher) =>
      Effect.tryPromise({ try: (signal) => transfer(options, dispatcher, signal), catch: failed }).pipe(
        Effect.timeoutOrElse({
          duration: downloadLimits.wholeMillis,
          orElse: () => Effect.fail(new DownloadFailed({ reason: "it takes too long" }))
        }),
        Effect.onError(() => Effect.promise(() => rm(options.into, { force: true })))
      ),
    (dispatcher) => Effect.promise(() => dispatcher.destroy())
  )

const dispatcherFor = ({ url, proxies }: DownloadOptions): Dispatcher => {
  const { protocol } = new URL(url)
  if (protocol !== "http:" && protocol !== "https:")
    throw new DownloadFailed({ reason: `${protocol} is not supported` })
  const limits = {
    bodyTimeout: downloadLimits.silenceMillis,
    headersTimeout: downloadLimits.silenceMillis,
    connect: { timeout: downloadLimits.connectMillis }
  }
  const proxy = protocol === "http:" ? proxies.http : proxies.https && `http://${proxies.https}`
  return proxy === null || proxy === "" ? new Agent(limits) : new ProxyAgent({ ...limits, uri: proxy })
}

const transfer = async (
  { url, into, most, progress }: DownloadOptions,
  dispatcher: Dispatcher,
  signal: AbortSignal
): Promise<Downloaded> => {
  const { username, password, href } = withoutCredentials(url)
  const response = await fetch(href, {
    dispatcher,
    signal,
    headers: username === "" ? {} : { authorization: `Basic ${btoa(`${username}:${password}`)}` }
  })
  if (!response.ok || response.body === null) {
    await response.body?.cancel()
    throw new DownloadFailed({ reason: `the server answered ${response.status}` })
  }
  const [sha1, sha256] = [createHash("sha1"), createHash("sha256")]
  let size = 0
  const count = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      size += chunk.length
      if (size > most) throw new DownloadFailed({ reason: `it is larger than ${most} bytes` })
      sha1.update(chunk)
      sha256.update(chunk)
      progress?.(size)
      yield chunk
    }
  }
  await pipeline(response.body, count, createWriteStream(into, { flags: "wx" }), { signal })
  return { size, sha1: sha1.digest("hex"), sha256: sha256.digest("hex") }
}

const withoutCredentials = (url: string) => {
  const parsed = new URL(url)
  const [username, password] = [decodeURIComponent(parsed.username), decodeURIComponent(parsed.password)]
  parsed.username = ""
  parsed.password = ""
  return { username, password, href: parsed.href }
}

/** The code of a network error says enough, its words may quote the URL. */
const failed = (error: unknown): DownloadFailed => {
  if (error instanceof DownloadFailed) return error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string")
    return new DownloadFailed({ reason: cause.code })
  return new DownloadFailed({ reason: cause instanceof TypeError ? "no usable URL" : "the connection broke" })
}
