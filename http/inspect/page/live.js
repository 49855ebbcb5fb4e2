import { token } from "./session.js"

/**
 * What happens to the actors, as it happens. `onMessage` gets each message of the inspection protocol, `onLink`
 * `"live"` or `"away"`, `onRefused` the reason why the server will not have this token.
 */
export class Live {
  #handlers
  #socket
  #kind
  #attempts = 0
  #retry

  constructor(handlers) {
    this.#handlers = handlers
  }

  /** Watches one kind, or all of them when it is empty. */
  watch(kind) {
    if (this.#socket !== undefined && this.#kind === kind) return
    this.stop()
    this.#kind = kind
    this.#connect()
  }

  stop() {
    clearTimeout(this.#retry)
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }

  #connect() {
    const query = new URLSearchParams({ token: token() ?? "", ...(this.#kind ? { kind: this.#kind } : {}) })
    const url = new URL(`/api/inspect/ws?${query}`, location.href)
    url.protocol = url.protocol.replace("http", "ws")
    const socket = new WebSocket(url)
    this.#socket = socket
    socket.addEventListener("message", ({ data }) => {
      this.#attempts = 0
      this.#handlers.onMessage(JSON.parse(data))
    })
    socket.addEventListener("open", () => this.#handlers.onLink("live"))
    socket.addEventListener("close", ({ code }) => {
      if (this.#socket !== socket) return
      this.#handlers.onLink("away")
      if (code >= 4001 && code <= 4003) return this.#handlers.onRefused(refusals[code])
      this.#retry = setTimeout(() => this.#connect(), Math.min(15_000, 500 * 2 ** this.#attempts++))
    })
  }
}

const refusals = {
  4001: "Sign in to watch.",
  4002: "This token may not watch (inspect.stream.read, master tenant).",
  4003: "The token has ended."
}
