import { assign, emit, setup } from "xstate"

/**
 * Machines for the kit's own tests. The door behaves, the lamp lives by its deadlines, the troll is hostile.
 */

type DoorEvent =
  | { type: "open"; by: string }
  | { type: "opened" }
  | { type: "jammed" }
  | { type: "close" }
  | { type: "number"; value: string }

/** A door that is opened by an outside motor, closes by itself, and holds a house number exclusively. */
export const doorMachine = setup({
  types: {
    context: {} as { opener: string | null; openings: number; number: string | null },
    events: {} as DoorEvent,
    emitted: {} as { type: "doorOpened"; by: string; openings: number } | { type: "doorClosed" }
  },
  actions: {
    turnMotor: (_, _params: { by: string }) => {},
    reject: (_, _params: { reason: string }) => {},
    remember: assign({
      opener: ({ event, context }) => (event.type === "open" ? event.by : context.opener)
    })
  },
  delays: { selfClosing: 60_000 }
}).createMachine({
  id: "door",
  context: { opener: null, openings: 0, number: null },
  initial: "closed",
  on: { number: { actions: assign({ number: ({ event }) => event.value }) } },
  states: {
    closed: { on: { open: { target: "opening", actions: "remember" } } },
    opening: {
      tags: "pending",
      entry: { type: "turnMotor", params: ({ context }) => ({ by: context.opener ?? "" }) },
      on: {
        opened: {
          target: "open",
          actions: [
            assign({ openings: ({ context }) => context.openings + 1 }),
            emit(({ context }) => ({
              type: "doorOpened" as const,
              by: context.opener ?? "",
              openings: context.openings
            }))
          ]
        },
        jammed: { target: "closed", actions: { type: "reject", params: { reason: "the motor is jammed" } } }
      }
    },
    open: {
      after: { selfClosing: { target: "closed", actions: emit({ type: "doorClosed" }) } },
      on: { close: { target: "closed", actions: emit({ type: "doorClosed" }) } }
    }
  }
})

export interface LampContext {
  readonly glow: number
  readonly isStuck: boolean
}

type LampEvent = { type: "light"; glow: number } | { type: "darken" } | { type: "jam" }

/** A lamp that goes dark by itself after the milliseconds it was lit for, unless its switch is jammed. */
export const lampMachine = setup({
  types: {
    context: {} as LampContext,
    events: {} as LampEvent,
    emitted: {} as { type: "lit" } | { type: "dark" }
  },
  actions: {
    noteGlow: assign({ glow: ({ event, context }) => (event.type === "light" ? event.glow : context.glow) })
  },
  guards: { isMovable: ({ context }) => !context.isStuck },
  delays: { glow: ({ context }) => context.glow }
}).createMachine({
  id: "lamp",
  context: { glow: 0, isStuck: false },
  initial: "dark",
  on: { jam: { actions: assign({ isStuck: true }) } },
  states: {
    dark: { on: { light: { target: "lit", actions: ["noteGlow", emit({ type: "lit" })] } } },
    lit: {
      on: {
        light: { target: "lit", reenter: true, actions: "noteGlow" },
        darken: { target: "dark", actions: emit({ type: "dark" }) }
      },
      after: { glow: { guard: "isMovable", target: "dark", actions: emit({ type: "dark" }) } }
    }
  }
})

type TrollEvent =
  | { type: "throwInGuard" }
  | { type: "throwInAssign" }
  | { type: "dieInAction" }
  | { type: "neverEnd" }
  | { type: "stayPending" }
  | { type: "noImplementation" }
  | { type: "count" }
  | { type: "dieAfterCommit" }
  | { type: "recovered" }

/** Throws where it can, never answers, stays pending for ever. Only `count` is honest. */
export const trollMachine = setup({
  types: { context: {} as { counted: number }, events: {} as TrollEvent },
  guards: {
    throwing: () => {
      throw new Error("the guard threw")
    }
  },
  actions: {
    die: () => {},
    hang: () => {},
    missing: () => {},
    dieWhileFresh: () => {}
  }
}).createMachine({
  id: "troll",
  context: { counted: 0 },
  initial: "idle",
  states: {
    idle: {
      on: {
        throwInGuard: { guard: "throwing", target: "idle" },
        throwInAssign: {
          actions: assign(() => {
            throw new Error("the assignment threw")
          })
        },
        dieInAction: { actions: "die" },
        neverEnd: { actions: "hang" },
        stayPending: "stuck",
        noImplementation: { actions: "missing" },
        count: { actions: assign({ counted: ({ context }) => context.counted + 1 }) },
        dieAfterCommit: "acting"
      }
    },
    stuck: { tags: "pending" },
    acting: { tags: "pending", entry: "dieWhileFresh", on: { recovered: "idle" } }
  }
})
