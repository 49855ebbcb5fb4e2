import { type ByteSize, Cause, Data, Effect, Option, References } from "effect"
import { HttpIncomingMessage, HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApi, type HttpApiGroup } from "effect/http-api"
import { randomUUID } from "node:crypto"

/** What can go wrong before or around a handler; each surface has its own words for it. */
export type Problem =
  | { readonly kind: "unknown-path" }
  | { readonly kind: "method-not-allowed"; readonly allowed: ReadonlyArray<string> }
  | { readonly kind: "malformed-body"; readonly message: string }
  | { readonly kind: "unsupported-media-type" }
  | { readonly kind: "body-too-large" }
  | { readonly kind: "internal"; readonly requestId: string }

export interface Operation {
  readonly method: string
  /** As in the router: `/agents/by-id/:agent_id/login`. */
  readonly path: string
}

/** What browsers are told of a surface. */
export interface CorsPolicy {
  /** Whether answers to requests without an `Origin` say so too. */
  readonly always?: boolean
  readonly methods: string
  /** Request headers. */
  readonly headers: string
  /** Response headers. */
  readonly exposed: string
  /** The value of `Access-Control-Allow-Credentials`; absent: no such header. */
  readonly credentials?: "false"
}

/** How a surface takes the bodies of requests, where it is not as lenient as the others. */
export interface BodyRules {
  /** Media types; any other, and none, is answered 415. Absent: whatever the type, the body is JSON. */
  readonly types?: ReadonlyArray<string>
  /** Default: the limit of the server. */
  readonly limit?: ByteSize.ByteSize
}

/** A public surface: where it is mounted, what it answers to, and how it words a problem. */
export interface Surface {
  readonly prefix: string
  /** Where else it answers: the path under which its own links and clients know it. */
  readonly alias?: string
  readonly operations: ReadonlyArray<Operation>
  readonly problem: (problem: Problem) => HttpServerResponse.HttpServerResponse
  readonly body?: BodyRules
  /** Absent: that of the server. */
  readonly cors?: CorsPolicy
}

/** The HTTP status that goes with a problem. */
export const problemStatus = (problem: Problem): number => {
  switch (problem.kind) {
    case "unknown-path":
      return 404
    case "method-not-allowed":
      return 405
    case "malformed-body":
      return 400
    case "unsupported-media-type":
      return 415
    case "body-too-large":
      return 413
    case "internal":
      return 500
  }
}

/** One sentence for a problem, for surfaces whose body is a message. */
export const problemText = (problem: Problem): string => {
  switch (problem.kind) {
    case "unknown-path":
      return "The requested URL was not found on the server"
    case "method-not-allowed":
      return "The method is not allowed for the requested URL"
    case "malformed-body":
      return problem.message
    case "unsupported-media-type":
      return "The media type of the request body is not supported"
    case "body-too-large":
      return "The request body is too large"
    case "internal":
      return `Internal server error (request ${problem.requestId})`
  }
}

/** The operations that an HttpApi declares. */
export const operationsOf = <Id extends string, Groups extends HttpApiGroup.Constraint>(
  api: HttpApi.HttpApi<Id, Groups>
): ReadonlyArray<Operation> => {
  const operations: Array<Operation> = []
  HttpApi.reflect(api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => {
      operations.push({ method: endpoint.method, path: endpoint.path })
    }
  })
  return operations
}

/** Deeper JSON than this is refused as malformed; no contract nests further than a handful of levels. */
const maxJsonDepth = 64

/** The body of a request is no JSON that can be worked with. Raised as a defect where the body is decoded. */
export class MalformedBody extends Data.TaggedError("MalformedBody")<{ readonly message: string }> {}

/** The body of a request is of no type that its surface takes. Raised as a defect where the body is decoded. */
class UnsupportedMediaType extends Data.TaggedError("UnsupportedMediaType") {}

/**
 * Wraps the routes of all surfaces: the body is read as JSON whatever the content type, a falsy or absent one is
 * `{}`; unknown paths, wrong methods, bad and oversized bodies and defects are answered in the surface's words.
 * The body is only read where the handler asks for it, so a missing token is answered before a bad body.
 */
export const serveSurfaces = <E, R>(
  app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
  surfaces: ReadonlyArray<Surface>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R | HttpServerRequest.HttpServerRequest> =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const path = request.url.split("?", 1)[0] ?? "/"
    const surface = surfaceOf(surfaces, path)
    return yield* limited(app, surface).pipe(
      Effect.provideService(
        HttpServerRequest.HttpServerRequest,
        surface ? withJsonBody(request, surface) : request
      ),
      Effect.catchCause((cause) => answerFailure(cause, surface ?? plainSurface, request.method, path))
    )
  })

/** The surface that a path belongs to. */
export const surfaceOf = (surfaces: ReadonlyArray<Surface>, path: string): Surface | undefined =>
  surfaces.find(({ prefix }) => path.startsWith(`${prefix}/`) || path === prefix)

const limited = <A, E, R>(app: Effect.Effect<A, E, R>, surface: Surface | undefined) =>
  surface?.body?.limit === undefined
    ? app
    : Effect.provideService(app, HttpIncomingMessage.MaxBodySize, surface.body.limit)

const answerFailure = Effect.fnUntraced(function* (
  cause: Cause.Cause<unknown>,
  surface: Surface,
  method: string,
  path: string
) {
  const error = Cause.squash(cause)
  if (Cause.hasInterruptsOnly(cause)) return yield* Effect.interrupt
  if (error instanceof MalformedBody) {
    return surface.problem({ kind: "malformed-body", message: error.message })
  }
  if (error instanceof UnsupportedMediaType) return surface.problem({ kind: "unsupported-media-type" })
  if (HttpServerError.isHttpServerError(error)) {
    if (error.reason._tag === "RouteNotFound") return surface.problem(missingRoute(surface, method, path))
    if (error.reason._tag === "RequestParseError") {
      return error.reason.reason === "BodyTooLarge"
        ? surface.problem({ kind: "body-too-large" })
        : surface.problem({ kind: "malformed-body", message: "The request could not be read" })
    }
  }
  const requestId = randomUUID()
  yield* Effect.logError(`Request ${requestId} failed: ${method} ${withoutToken(path)}`, cause).pipe(
    Effect.provideService(References.MinimumLogLevel, "Error")
  )
  return surface.problem({ kind: "internal", requestId })
})

/** Paths of the token check carry the token itself: of it only the last 8 characters may be logged. */
const withoutToken = (path: string): string => path.replace(/(?<=\/token\/)[^/]+(?=[^/]{8})/, "…")

const missingRoute = (surface: Surface, method: string, path: string): Problem => {
  const allowed = new Set<string>()
  for (const operation of surface.operations) {
    if (patternOf(surface.prefix, operation.path).test(path)) allowed.add(operation.method)
  }
  if (allowed.size === 0 || allowed.has(method)) return { kind: "unknown-path" }
  if (allowed.has("GET")) allowed.add("HEAD")
  return { kind: "method-not-allowed", allowed: [...allowed, "OPTIONS"].sort() }
}

const patterns = new Map<string, RegExp>()

const patternOf = (prefix: string, path: string): RegExp => {
  const full = path.startsWith(prefix) ? path : `${prefix}${path}`
  const known = patterns.get(full)
  if (known) return known
  const pattern = new RegExp(
    `^${full.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/:[A-Za-z_]+/g, "[^/]+")}/?$`
  )
  patterns.set(full, pattern)
  return pattern
}

const plainSurface: Surface = {
  prefix: "",
  operations: [],
  problem: (problem) =>
    HttpServerResponse.jsonUnsafe({ message: problemText(problem) }, { status: problemStatus(problem) })
}

/** Multipart and other binary uploads stay as they are. */
const rawContentTypes = /^(multipart\/|application\/octet-stream|text\/csv|application\/gzip)/i

const withJsonBody = (
  request: HttpServerRequest.HttpServerRequest,
  { body }: Surface
): HttpServerRequest.HttpServerRequest => {
  const contentType = request.headers["content-type"] ?? ""
  if (body?.types === undefined && rawContentTypes.test(contentType)) return request
  const json = request.modify({
    headers: { ...request.headers, "content-type": "application/json" } as never
  })
  const read = request.method === "PATCH" ? checkJson : normaliseJson
  const text =
    body?.types === undefined
      ? Effect.flatMap(request.text, read)
      : isOneOf(body.types, contentType)
        ? Effect.flatMap(request.text, checkJson)
        : Effect.die(new UnsupportedMediaType())
  return Object.create(json, { text: { value: text } }) as typeof json
}

/** Media types are compared without case and parameters. */
const isOneOf = (types: ReadonlyArray<string>, contentType: string): boolean =>
  types.includes((contentType.split(";", 1)[0] ?? "").trim().toLowerCase())

/** An absent or falsy document and an empty array count as `{}`; what is no JSON is a defect with its reason. */
export const normaliseJson = (text: string): Effect.Effect<string> =>
  text.trim() === ""
    ? Effect.succeed("{}")
    : Effect.map(readJson(text), (value) => (isEmptyDocument(value) ? "{}" : text))

/** A JSON patch is an array, and an empty one is a patch too. */
const checkJson = (text: string): Effect.Effect<string> => Effect.as(readJson(text), text)

const readJson = (text: string): Effect.Effect<unknown> => {
  if (nestsDeeperThan(text, maxJsonDepth)) {
    return Effect.die(
      new MalformedBody({ message: `The JSON document nests deeper than ${maxJsonDepth} levels` })
    )
  }
  return Option.match(parseJson(text), {
    onNone: () => Effect.die(new MalformedBody({ message: "The request body is not valid JSON" })),
    onSome: Effect.succeed
  })
}

const parseJson = (text: string): Option.Option<unknown> => {
  try {
    return Option.some(JSON.parse(text))
  } catch {
    return Option.none()
  }
}

const isEmptyDocument = (value: unknown): boolean => !value || (Array.isArray(value) && value.length === 0)

const nestsDeeperThan = (text: string, limit: number): boolean => {
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index)
    if (inString) {
      if (char === 92) index++
      else if (char === 34) inString = false
    } else if (char === 34) inString = true
    else if (char === 91 || char === 123) {
      if (++depth > limit) return true
    } else if (char === 93 || char === 125) depth--
  }
  return false
}
