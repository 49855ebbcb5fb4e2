import { createServer, type Server, type Socket } from "node:net"
import { Data, Effect, type Scope } from "effect"
import { AmiDecoder, encodeMessage } from "../runtime/ami/codec.ts"
import { makeReply, type ManagerUser } from "./actions/action.ts"
import { actionCatalogue } from "./actions/catalogue.ts"
import { type ActionLog, makeActionLog, type ReceivedAction } from "./action-log.ts"
import type { Channel, Party } from "./channel.ts"
import type { DeviceState } from "./devices.ts"
import type { EventClass, Headers, PbxEvent } from "./engine.ts"
import { makeDriver } from "./driver.ts"
import { type Fault, makeFaults } from "./faults.ts"
import { makePbx, type Pbx, type PbxOptions, type SimulatedQueue } from "./pbx.ts"
import type { Added, Member, NewMember, Queue } from "./queues.ts"
import { makeSession, type Session } from "./session.ts"
import { closeServer, listenOn, makeEncoder, makeWriter, writeAndDrain } from "./sockets.ts"

/** How a simulator is set up. What is left out is as said here and in `PbxOptions`. */
export interface SimulatorOptions extends Partial<Omit<PbxOptions, "startTime" | "remains">> {
  readonly host?: string
  /** 0, the default, for any free port. */
  readonly port?: number
  readonly username?: string
  readonly secret?: string
  /** Further manager users. */
  readonly users?: ReadonlyArray<ManagerUser>
  /** Seconds of the PBX for one second of ours. Default 1. */
  readonly speed?: number
  /** `manual`: the PBX's time passes only by `advance`. */
  readonly clock?: "wall" | "manual"
  /** µs since the epoch; the present by default. */
  readonly startTime?: number
  /** Whether PJSIPNotify and SIPnotify are there. Default true. */
  readonly phoneNotify?: boolean
  /** Bytes that may wait for a client that does not read; it is dropped above. Default 8 MiB. */
  readonly maxBacklog?: number
}

/** What comes back after `stop`: the PBX as it was, or one that was started anew. */
export interface StartOptions {
  /**
   * `same` (default): only the connection was away, all calls go on. `restarted`: calls and counters are gone.
   * `forgetful`: dynamic queue members are gone too.
   */
  readonly pbx?: "same" | "restarted" | "forgetful"
  /** Seconds until it is fully booted. Default 0. */
  readonly bootTime?: number
}

/** The address could not be listened on. */
export class SimulatorNotListening extends Data.TaggedError("SimulatorNotListening")<{
  readonly message: string
}> {}

/** A running simulator. Everything but `stop`, `start` and the `await…` happens at once. */
export interface Simulator {
  readonly port: number
  /** The whole state, to look at; change it through the functions here. */
  readonly pbx: () => Pbx
  readonly queues: () => ReadonlyArray<Queue>
  readonly members: (queue: string) => ReadonlyArray<Member>
  readonly addQueue: (queue: SimulatedQueue) => void
  readonly setDeviceState: (device: string, state: DeviceState) => void
  /** A caller joins the queue now; undefined when there is no such queue. */
  readonly call: (queue: string, caller?: Partial<Party>) => Channel | undefined
  /** Picks up a ringing phone, named by its device (`PJSIP/alice`) or channel; false when it does not ring. */
  readonly answer: (phone: string) => boolean
  /** Whoever is at that device or channel hangs up; false when nobody is. */
  readonly hangup: (phone: string) => boolean
  readonly addMember: (queue: string, member: NewMember) => Added
  /** Raises any event. */
  readonly raise: (name: string, eventClass: EventClass, headers: Headers) => void
  /** Lets that many seconds of the PBX pass at once. */
  readonly advance: (seconds: number) => void
  /** Listens to all events, whatever the sessions see; answers how to stop. */
  readonly onEvent: (listener: (event: PbxEvent) => void) => () => void

  /** The actions that came, oldest first, all or those of one name; passwords are hidden. */
  readonly actionsReceived: (name?: string) => ReadonlyArray<ReceivedAction>
  /** Waits for the `count`-th action of that name since the start. */
  readonly awaitAction: (name: string, count?: number) => Effect.Effect<ReceivedAction>
  /** Names of the users logged in, one for each session. */
  readonly loggedIn: () => ReadonlyArray<string>

  /**
   * Writes these bytes to every session that is logged in, as they are; completes when all have taken them.
   */
  readonly inject: (bytes: Buffer) => Effect.Effect<void>
  readonly fault: (action: string, fault: Fault | undefined, times?: number) => void
  readonly clearFaults: () => void
  readonly refuseLogin: (refuse: boolean) => void
  /** From now on new connections are accepted and told nothing. */
  readonly silence: (silent: boolean) => void
  /** Resets all connections; answers how many there were. */
  readonly dropConnections: () => number
  /** Stops listening and drops all connections. */
  readonly stop: Effect.Effect<void>
  /** Listens on the same port again. */
  readonly start: (options?: StartOptions) => Effect.Effect<void, SimulatorNotListening>
}

/** Starts a simulated PBX that speaks AMI; it ends with the scope. */
export const startSimulator = (
  options: SimulatorOptions = {}
): Effect.Effect<Simulator, SimulatorNotListening, Scope.Scope> =>
  Effect.gen(function* () {
    const host = options.host ?? "127.0.0.1"
    const link = makeLink(options)
    const listening = { port: options.port ?? 0, server: undefined as Server | undefined }

    const listen = Effect.gen(function* () {
      const server = createServer({ noDelay: true }, link.accept)
      listening.port = yield* listenOn(server, host, listening.port).pipe(
        Effect.mapError((message) => new SimulatorNotListening({ message }))
      )
      listening.server = server
    })
    const stop = Effect.gen(function* () {
      const { server } = listening
      listening.server = undefined
      link.dropConnections()
      if (server !== undefined) yield* closeServer(server)
    })
    yield* Effect.acquireRelease(listen, () => stop)
    yield* Effect.acquireRelease(Effect.sync(link.resume), () => Effect.sync(link.pause))

    return {
      ...link.control,
      port: listening.port,
      dropConnections: link.dropConnections,
      stop,
      start: (startOptions = {}) =>
        Effect.suspend(() => {
          if (listening.server !== undefined) return Effect.void
          if (startOptions.pbx !== undefined && startOptions.pbx !== "same") link.restart(startOptions)
          return listen
        })
    }
  })

/** The PBX behind its TCP connections: sessions, time, and what a test can do to both. */
const makeLink = (options: SimulatorOptions) => {
  const connections = new Set<Connection>()
  const faults = makeFaults()
  const log: ActionLog = makeActionLog()
  const catalogue = actionCatalogue({ phoneNotify: options.phoneNotify ?? true })
  const queues = new Map((options.queues ?? []).map((queue) => [queue.name, queue]))
  const switches = { refusesLogin: false, isSilent: false }
  const eventListeners = new Set<(event: PbxEvent) => void>()
  const encode = makeEncoder()
  let sessionCount = 0

  const openPbx = (startTime: number, more: Pick<PbxOptions, "remains" | "bootTime"> = {}): Pbx => {
    const pbx = makePbx({
      ...options,
      seed: options.seed ?? "strowger",
      queues: [...queues.values()],
      startTime,
      ...more
    })
    pbx.onEvent((event) => {
      for (const { session } of connections) session?.event(event)
      for (const listener of eventListeners) listener(event)
    })
    return pbx
  }
  let pbx = openPbx(options.startTime ?? Date.now() * 1000)
  const driver = makeDriver(() => pbx.clock, options.clock ?? "wall", options.speed ?? 1)

  /** Brings the PBX's time up to now, does the work, and sees to what is due next. */
  const now = <A>(work: () => A): A => {
    driver.catchUp()
    const result = pbx.step(work)
    driver.schedule()
    return result
  }

  const users = (): ReadonlyArray<ManagerUser> =>
    switches.refusesLogin
      ? []
      : [
          { username: options.username ?? "strowger", secret: options.secret ?? "strowger" },
          ...(options.users ?? [])
        ]
  const tooManyStrangers = () =>
    [...connections].filter(({ session }) => session?.state().user === undefined).length >= MAX_STRANGERS

  const accept = (socket: Socket) => {
    const connection: Connection = { socket, session: undefined }
    if (tooManyStrangers()) return void socket.destroy()
    connections.add(connection)
    // A peer that resets its connection is none of our errors; "close" follows.
    socket.on("error", () => undefined)
    socket.on("close", () => {
      connections.delete(connection)
      connection.session?.stop()
    })
    if (switches.isSilent) return void socket.resume()
    return now(() => openSession(connection))
  }
  const openSession = (connection: Connection) => {
    const { socket } = connection
    const id = `0x${(SESSION_ID_BASE + sessionCount++).toString(16)}`
    const write = makeWriter(socket, options.maxBacklog ?? MAX_BACKLOG)
    const session = makeSession({
      pbx,
      catalogue,
      users,
      id,
      addresses: {
        local: `IPV4/TCP/${socket.localAddress}/${socket.localPort}`,
        remote: `IPV4/TCP/${socket.remoteAddress}/${socket.remotePort}`
      },
      faultOf: faults.take,
      write: (message) => write(encode(message)),
      close: () => socket.destroySoon()
    })
    connection.session = session
    write(Buffer.from(`Asterisk Call Manager/${pbx.amiVersion}\r\n`))
    const decoder = new AmiDecoder({ stream: "actions", maxLine: MAX_LINE, maxMessage: MAX_MESSAGE })
    socket.on("data", (bytes) => {
      const failure = decoder.push(bytes, (message) => {
        now(() => session.receive(message))
        // Last, so that whoever waited for the action sees what it has done.
        log.add(id, message)
      })
      if (failure === undefined || socket.writableEnded) return
      makeReply("", (message) => write(encodeMessage(message))).error(
        failure.reason === "line-too-long"
          ? "Failed to parse message: line too long"
          : "Too many lines in message or allocation failure"
      )
      socket.destroySoon()
    })
  }

  const channelAt = (phone: string): Channel | undefined =>
    pbx.calls.channels.get(phone) ??
    [...pbx.calls.channels.values()].findLast((channel) => channel.device === phone)

  const control: Omit<Simulator, "port" | "stop" | "start" | "dropConnections"> = {
    pbx: () => pbx,
    queues: () => [...pbx.queues.all.values()],
    members: (queue) => pbx.queues.find(queue)?.members ?? [],
    addQueue: (queue) => {
      queues.set(queue.name, queue)
      now(() => pbx.addQueue(queue))
    },
    setDeviceState: (device, state) => now(() => pbx.setDeviceState(device, state)),
    call: (queue, caller) =>
      now(() =>
        pbx.call(queue, caller === undefined ? undefined : { number: undefined, name: undefined, ...caller })
      ),
    answer: (phone) =>
      now(() => {
        const channel = channelAt(phone)
        return channel !== undefined && pbx.phones.answer(channel)
      }),
    hangup: (phone) =>
      now(() => {
        const channel = channelAt(phone)
        if (channel !== undefined) pbx.calls.farEndHangup(channel)
        return channel !== undefined
      }),
    addMember: (queue, member) => now(() => pbx.queues.addMember(queue, member)),
    raise: (name, eventClass, headers) => now(() => pbx.engine.emit(name, eventClass, headers)),
    advance: driver.advance,
    onEvent: (listener) => {
      eventListeners.add(listener)
      return () => void eventListeners.delete(listener)
    },
    actionsReceived: log.received,
    awaitAction: log.awaitAction,
    loggedIn: () => [...connections].flatMap(({ session }) => session?.state().user?.username ?? []),
    inject: (bytes) =>
      Effect.forEach(
        [...connections].filter(({ session }) => session?.state().user !== undefined),
        ({ socket }) => writeAndDrain(socket, bytes),
        { concurrency: "unbounded", discard: true }
      ),
    fault: faults.set,
    clearFaults: faults.clear,
    refuseLogin: (refuse) => {
      switches.refusesLogin = refuse
    },
    silence: (silent) => {
      switches.isSilent = silent
    }
  }

  return {
    accept,
    control,
    dropConnections: () => {
      const count = connections.size
      for (const { socket, session } of connections) {
        session?.stop()
        socket.resetAndDestroy()
      }
      connections.clear()
      return count
    },
    pause: driver.pause,
    resume: driver.resume,
    restart: ({ pbx: kind, bootTime }: StartOptions) => {
      driver.catchUp()
      pbx = openPbx(pbx.clock.now(), {
        remains: pbx.remains(kind === "forgetful"),
        ...(bootTime === undefined ? {} : { bootTime })
      })
    }
  }
}

interface Connection {
  readonly socket: Socket
  /** None on a connection that is told nothing. */
  session: Session | undefined
}

/** Asterisk's `authlimit`: connections that have not logged in. */
const MAX_STRANGERS = 50
const MAX_BACKLOG = 8_388_608
/** Asterisk answers lines over 1024 bytes with an error; only what is far over them ends the connection. */
const MAX_LINE = 65_536
const MAX_MESSAGE = 1_048_576
const SESSION_ID_BASE = 0x7f79_9000_11a0
