import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import { Cause, Data, Duration, Effect, Exit, Fiber, type Scope } from "effect"
import type { AgiAnswer, AgiRequest } from "./agi.ts"
import { AgiDecoder, setVariable, verbose } from "./codec.ts"

/** The address cannot be listened on; `message` says which and why. */
export class AgiListenFailed extends Data.TaggedError("AgiListenFailed")<{ readonly message: string }> {}

export interface AgiListenerOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** Answers a request. A defect of it ends that connection and is logged. */
  readonly answer: (request: AgiRequest) => Effect.Effect<AgiAnswer>
  /** From the connection to its end. Default 5 seconds: the caller of the queue is waiting. */
  readonly deadline?: Duration.Input
  /** Connections at once; further ones are closed as they come. Default 1000. */
  readonly maxConnections?: number
}

/**
 * Answers FastAGI requests until the scope ends. Each connection is one request: its variables are set one after
 * the other, then the connection is closed, and the dialplan goes on. A peer that sends no AGI, too much of it, or
 * is not done at the deadline is cut off; until its request is complete it costs a socket and a timer.
 */
export const agiListener = Effect.fnUntraced(function* (
  options: AgiListenerOptions
): Effect.fn.Return<{ readonly port: number }, AgiListenFailed, Scope.Scope> {
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  const deadline = Duration.toMillis(Duration.fromInputUnsafe(options.deadline ?? "5 seconds"))
  const conversations = new Set<Conversation>()
  const server = createServer({ noDelay: true }, (socket) => {
    const conversation = new Conversation(socket, deadline, options.answer, runFork, () =>
      conversations.delete(conversation)
    )
    conversations.add(conversation)
  })
  server.maxConnections = options.maxConnections ?? 1_000
  return yield* Effect.acquireRelease(listen(server, options.host, options.port), () =>
    Effect.callback<void>((resume) => {
      server.close(() => resume(Effect.void))
      for (const conversation of conversations) conversation.cut()
    })
  )
})

type RunFork = <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>

/** One connection: a request, the commands that answer it, and its end. */
class Conversation {
  readonly #socket: Socket
  readonly #decoder = new AgiDecoder()
  readonly #answer: AgiListenerOptions["answer"]
  readonly #runFork: RunFork
  /** What is still to be told to Asterisk; undefined until the answer is known. */
  #commands: Array<string> | undefined
  #answering: Fiber.Fiber<AgiAnswer> | undefined

  constructor(
    socket: Socket,
    deadline: number,
    answer: AgiListenerOptions["answer"],
    runFork: RunFork,
    onClosed: () => void
  ) {
    this.#socket = socket
    this.#answer = answer
    this.#runFork = runFork
    const timer = setTimeout(() => this.cut(), deadline)
    socket.on("data", (bytes: Buffer) => this.#read(bytes))
    socket.on("end", () => this.cut())
    socket.on("error", () => this.cut())
    socket.on("close", () => {
      clearTimeout(timer)
      this.#answering?.interruptUnsafe()
      onClosed()
    })
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#socket.destroy()
  }

  #read(bytes: Buffer): void {
    const failure = this.#decoder.push(bytes, {
      onRequest: (request) => this.#begin(request),
      onReply: ({ code }) => this.#replied(code)
    })
    if (failure !== undefined) this.cut()
  }

  #begin(request: AgiRequest): void {
    const answering = this.#runFork(Effect.suspend(() => this.#answer(request)))
    this.#answering = answering
    answering.addObserver((exit) => {
      if (Exit.isSuccess(exit)) this.#tell(exit.value)
      else {
        if (!Cause.hasInterruptsOnly(exit.cause)) {
          this.#runFork(Effect.logError(`The AGI request ${request.script} failed`, exit.cause))
        }
        this.cut()
      }
    })
  }

  #tell({ variables, notice }: AgiAnswer): void {
    this.#commands = [
      ...variables.map(([name, value]) => setVariable(name, value)),
      ...(notice === undefined ? [] : [verbose(notice)])
    ]
    this.#next()
  }

  #replied(code: number): void {
    // Asterisk answers only what it was told, and refuses commands on a channel that is gone.
    if (this.#commands === undefined || code !== 200) this.cut()
    else this.#next()
  }

  #next(): void {
    const command = this.#commands?.shift()
    if (command === undefined) this.#socket.end()
    else this.#socket.write(command)
  }
}

const listen = (
  server: Server,
  host: string,
  port: number
): Effect.Effect<{ readonly port: number }, AgiListenFailed> =>
  Effect.callback((resume) => {
    const onError = (error: Error) =>
      resume(
        Effect.fail(new AgiListenFailed({ message: `Cannot listen on ${host}:${port}: ${error.message}` }))
      )
    server.once("error", onError)
    server.listen(port, host, 1024, () => {
      server.off("error", onError)
      // What goes wrong from now on concerns one connection that was not accepted.
      server.on("error", () => {})
      // A listening TCP server's address is an AddressInfo.
      resume(Effect.succeed({ port: (server.address() as AddressInfo).port }))
    })
  })
