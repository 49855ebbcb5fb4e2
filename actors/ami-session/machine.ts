import { assign, setup } from "xstate"

/** What the session was told or found out. Messages are Asterisk's or the network's own words, never secrets. */
export type AmiSessionEvent =
  | { type: "start" }
  | { type: "stop" }
  | { type: "connected"; banner: string }
  | { type: "connectFailed"; message: string }
  | { type: "authenticated" }
  | { type: "loginRefused"; message: string }
  | { type: "fullyBooted" }
  | { type: "synchronised" }
  | { type: "lost"; message: string }

export interface AmiSessionContext {
  /** Failed attempts since the session was last up. */
  attempts: number
  banner: string | null
  lastError: string | null
}

/**
 * The life of the AMI session of one PBX (contracts/callcenter.md 7.2 to 7.4): connect, log in, wait until
 * Asterisk has booted, bring its queues in line with our agents, and start over whenever the link is lost. Never
 * gives up: a refused login is tried again too, since an administrator may be mending manager.conf.
 */
export const amiSessionMachine = setup({
  types: { context: {} as AmiSessionContext, events: {} as AmiSessionEvent },
  actions: {
    connect: () => {},
    authenticate: () => {},
    synchronise: () => {},
    disconnect: () => {},
    noteFailure: assign({
      attempts: ({ context }) => context.attempts + 1,
      lastError: ({ event, context }) => ("message" in event ? event.message : context.lastError)
    })
  },
  delays: {
    /** Given by the kind from its knob; jittered. */
    backoff: 1_000,
    /** How long a peer that sends no FullyBooted is waited for before it is taken to be ready. */
    bootGrace: 2_000
  }
}).createMachine({
  id: "ami-session",
  context: { attempts: 0, banner: null, lastError: null },
  initial: "disconnected",
  on: { stop: { target: ".stopped" } },
  states: {
    stopped: { entry: "disconnect", on: { start: "connecting" } },
    disconnected: {
      on: { start: "connecting" },
      after: { backoff: "connecting" }
    },
    connecting: {
      entry: "connect",
      on: {
        connected: {
          target: "authenticating",
          actions: assign({ banner: ({ event }) => event.banner })
        },
        connectFailed: { target: "disconnected", actions: "noteFailure" },
        lost: { target: "disconnected", actions: "noteFailure" }
      }
    },
    authenticating: {
      entry: "authenticate",
      on: {
        authenticated: "booting",
        loginRefused: { target: "refused", actions: "noteFailure" },
        lost: { target: "disconnected", actions: "noteFailure" }
      }
    },
    booting: {
      on: {
        fullyBooted: "synchronising",
        lost: { target: "disconnected", actions: "noteFailure" }
      },
      after: { bootGrace: "synchronising" }
    },
    synchronising: {
      entry: "synchronise",
      on: {
        synchronised: { target: "up", actions: assign({ attempts: 0, lastError: null }) },
        lost: { target: "disconnected", actions: "noteFailure" }
      }
    },
    up: {
      on: {
        fullyBooted: "synchronising",
        lost: { target: "disconnected", actions: "noteFailure" }
      }
    },
    refused: {
      entry: "disconnect",
      on: { start: "connecting" },
      after: { backoff: "connecting" }
    }
  }
})
