import { request as httpRequest } from "node:http"
import { isIPv4 } from "node:net"
import { Data, Effect } from "effect"
import { tftpRead } from "../../runtime/tftp/client.ts"
import { type BootRequest, type Mac, macOf, type PhoneModel } from "./models.ts"

/** Which phones boot, how fast, and against whom. */
export interface FleetOptions {
  readonly models: ReadonlyArray<PhoneModel>
  readonly count: number
  /** Where phones fetch files over HTTP: `http://192.0.2.10:8667`, a path below included. */
  readonly url: string
  readonly tftp: { readonly host: string; readonly port: number }
  /** Phones that are switched on within a second; absent: all at once. */
  readonly perSecond?: number
  /** Phones that boot at the same time. Default 100. */
  readonly concurrency?: number
  /** Number of the first phone: another one gives other phones. Default 1. */
  readonly first?: number
  /** Called when a phone is done. */
  readonly onBooted?: (phone: BootedPhone) => void
}

/** What became of a phone. */
export interface BootedPhone {
  readonly model: string
  readonly mac: string
  /** Why it does not work; undefined: it has its accounts. */
  readonly problem: string | undefined
  /** Bytes of its own configuration. */
  readonly configuration: Buffer
  /** Milliseconds that the request for it took. */
  readonly waited: number
  readonly requests: number
}

/** A file that was not given: the status over HTTP, the error code over TFTP. */
class NotGiven extends Data.TaggedError("NotGiven")<{ readonly message: string }> {}

/**
 * Switches phones on: each asks for its files in the order its vendor's phones do, and works when it was given what it
 * needs. On a loopback address each phone has an address of its own, as it has in a network.
 */
export const bootFleet = (options: FleetOptions): Effect.Effect<ReadonlyArray<BootedPhone>> => {
  const first = options.first ?? 1
  const phones = Array.from({ length: options.count }, (_, index) => ({
    // A fleet has at least one model.
    model: options.models[index % options.models.length] as PhoneModel,
    number: first + index,
    delay: options.perSecond === undefined ? 0 : (index / options.perSecond) * 1_000
  }))
  const began = Date.now()
  return Effect.forEach(
    phones,
    ({ model, number, delay }) =>
      Effect.suspend(() => Effect.sleep(Math.max(0, began + delay - Date.now()))).pipe(
        Effect.andThen(bootPhone(options, model, number)),
        Effect.tap((phone) => Effect.sync(() => options.onBooted?.(phone)))
      ),
    { concurrency: options.concurrency ?? 100 }
  )
}

const bootPhone = Effect.fnUntraced(function* (options: FleetOptions, model: PhoneModel, number: number) {
  const mac = macOf(model.oui, number)
  const boot = model.boot(mac)
  let requests = 0
  let waited = 0
  let configuration: Buffer = Buffer.alloc(0)
  let problem: string | undefined
  for (const wanted of boot) {
    requests++
    const began = performance.now()
    const given = yield* Effect.result(fetchFile(options, model, mac, wanted, number))
    if (given._tag === "Failure") {
      if (wanted.needed) problem ??= `${wanted.path}: ${given.failure.message}`
      continue
    }
    if (wanted.own === true) {
      waited = performance.now() - began
      configuration = given.success
    }
  }
  return { model: model.name, mac: mac.colons, problem, configuration, waited, requests }
})

const fetchFile = (
  options: FleetOptions,
  model: PhoneModel,
  mac: Mac,
  { path }: BootRequest,
  number: number
): Effect.Effect<Buffer, NotGiven> =>
  model.protocol === "http"
    ? fetchHttp(options.url, path, model.userAgent(mac), number)
    : tftpRead({
        ...options.tftp,
        ...localAddress(options.tftp.host, number),
        path: path.slice(1),
        options: { blksize: "1428", tsize: "0" }
      }).pipe(
        Effect.map(({ content }) => content),
        Effect.mapError(({ message }) => new NotGiven({ message }))
      )

const fetchHttp = (
  base: string,
  path: string,
  userAgent: string,
  number: number
): Effect.Effect<Buffer, NotGiven> =>
  Effect.callback((resume) => {
    const url = new URL(base.replace(/\/+$/, "") + path)
    const failed = (message: string) => resume(Effect.fail(new NotGiven({ message })))
    const request = httpRequest(
      url,
      {
        agent: false,
        timeout: 30_000,
        headers: { "user-agent": userAgent },
        ...localAddress(url.hostname, number)
      },
      (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.on("end", () => {
          if (response.statusCode === 200) resume(Effect.succeed(Buffer.concat(chunks)))
          else failed(`HTTP status ${response.statusCode}`)
        })
        response.on("error", ({ message }) => failed(message))
      }
    )
    request.on("timeout", () => request.destroy(new Error("no answer within 30 seconds")))
    request.on("error", ({ message }) => failed(message))
    request.end()
    return Effect.sync(() => request.destroy())
  })

/** 127.0.0.0/8 is all ours: the number of the phone gives its address there. */
const localAddress = (host: string, number: number): { readonly localAddress?: string } =>
  isIPv4(host) && host.startsWith("127.")
    ? { localAddress: `127.${1 + ((number >> 16) & 0x7f)}.${(number >> 8) & 0xff}.${number & 0xff}` }
    : {}
