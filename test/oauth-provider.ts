import { randomUUID } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect, type Scope } from "effect"
import { type WebSocket, WebSocketServer } from "ws"

/** An OAuth 2.0 provider and the broker that hands its redirects over, in one server of a test. */
export interface OauthProvider {
  /** The knobs of a runtime that uses both. */
  readonly knobs: Readonly<Record<string, string>>
  /** As a browser: opens the authorisation URL, consents, and follows to the broker. */
  readonly consent: (authorizationUrl: string) => Effect.Effect<void>
  /** Sends a frame to whoever waits for a state. */
  readonly handOver: (state: string, frame: string) => Effect.Effect<void>
  /** Whether somebody waits for a state. */
  readonly isAwaited: (state: string) => boolean
  /** Closes the sockets that wait for a state. */
  readonly dropSocket: (state: string) => Effect.Effect<void>
  /** Lifetime of the next access tokens, in seconds. */
  readonly grantFor: (seconds: number) => void
  /** How token requests are answered from now on. */
  readonly mood: (mood: "generous" | "refusing" | "broken") => void
  /** The token requests, their bodies as sent. */
  readonly requests: ReadonlyArray<URLSearchParams>
}

export const oauthClient = { client_id: "client-1", client_secret: "s3cret & more" }

export const startOauthProvider: Effect.Effect<OauthProvider, never, Scope.Scope> = Effect.gen(function* () {
  const sockets = new Map<string, Set<WebSocket>>()
  const codes = new Map<string, { readonly redirectUri: string; readonly scope: string }>()
  const refreshTokens = new Map<string, string>()
  const requests: Array<URLSearchParams> = []
  let lifetime = 3_600
  let mood: "generous" | "refusing" | "broken" = "generous"

  const json = (response: ServerResponse, status: number, body: object) => {
    response.writeHead(status, { "content-type": "application/json" })
    response.end(JSON.stringify(body))
  }
  const grant = (response: ServerResponse, scope: string) => {
    const refresh_token = `refresh-${randomUUID()}`
    refreshTokens.set(refresh_token, scope)
    json(response, 200, {
      access_token: `access-${randomUUID()}`,
      token_type: "Bearer",
      expires_in: lifetime,
      refresh_token,
      scope
    })
  }
  const token = async (request: IncomingMessage, response: ServerResponse) => {
    const form = new URLSearchParams(await readAll(request))
    requests.push(form)
    if (mood === "broken") return void request.socket.destroy()
    if (mood === "refusing") return json(response, 400, { error: "invalid_grant" })
    if (
      form.get("client_id") !== oauthClient.client_id ||
      form.get("client_secret") !== oauthClient.client_secret
    ) {
      return json(response, 401, { error: "invalid_client" })
    }
    if (form.get("grant_type") === "refresh_token") {
      const scope = refreshTokens.get(form.get("refresh_token") ?? "")
      return scope === undefined ? json(response, 400, { error: "invalid_grant" }) : grant(response, scope)
    }
    const code = form.get("code") ?? ""
    const granted = codes.get(code)
    codes.delete(code)
    if (granted === undefined || granted.redirectUri !== form.get("redirect_uri")) {
      return json(response, 400, { error: "invalid_grant" })
    }
    return grant(response, granted.scope)
  }
  const authorise = (url: URL, response: ServerResponse) => {
    const code = randomUUID()
    const redirectUri = url.searchParams.get("redirect_uri") ?? ""
    codes.set(code, { redirectUri, scope: url.searchParams.get("scope") ?? "" })
    const back = new URL(redirectUri)
    back.searchParams.set("code", code)
    back.searchParams.set("state", url.searchParams.get("state") ?? "")
    response.writeHead(302, { location: back.href })
    response.end()
  }
  const takeBack = (url: URL, response: ServerResponse) => {
    const parameters = Object.fromEntries(url.searchParams)
    for (const socket of sockets.get(parameters["state"] ?? "") ?? []) socket.send(JSON.stringify(parameters))
    response.end("You may close this window")
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://provider")
    if (url.pathname === "/token") void token(request, response)
    else if (url.pathname === "/authorize") authorise(url, response)
    else takeBack(url, response)
  })
  const broker = new WebSocketServer({ server })
  broker.on("connection", (socket, request) => {
    const state = (request.url ?? "").slice("/ws/".length)
    const waiting = sockets.get(state) ?? new Set()
    sockets.set(state, waiting.add(socket))
    socket.on("close", () => waiting.delete(socket))
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        for (const socket of broker.clients) socket.terminate()
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  // A listening TCP server's address is an AddressInfo.
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    knobs: {
      STROWGER_OAUTH_BROKER_URL: `ws://${host}/ws/{state}`,
      STROWGER_OAUTH_REDIRECT_URL: `http://${host}/{auth_type}/authorize`,
      STROWGER_GOOGLE_AUTHORIZATION_URL: `http://${host}/authorize?hl=en`,
      STROWGER_GOOGLE_TOKEN_URL: `http://${host}/token`,
      STROWGER_MICROSOFT_AUTHORIZATION_URL: `http://${host}/authorize`,
      STROWGER_MICROSOFT_TOKEN_URL: `http://${host}/token`
    },
    consent: (authorizationUrl) =>
      Effect.promise(async () => {
        const answer = await fetch(authorizationUrl)
        await answer.text()
      }),
    handOver: (state, frame) =>
      Effect.sync(() => {
        for (const socket of sockets.get(state) ?? []) socket.send(frame)
      }),
    isAwaited: (state) => (sockets.get(state)?.size ?? 0) > 0,
    dropSocket: (state) =>
      Effect.sync(() => {
        for (const socket of sockets.get(state) ?? []) socket.close()
      }),
    grantFor: (seconds) => {
      lifetime = seconds
    },
    mood: (next) => {
      mood = next
    },
    requests
  }
})

const readAll = async (request: IncomingMessage): Promise<string> => {
  let text = ""
  for await (const chunk of request) text += String(chunk)
  return text
}
