import { Effect } from "effect"
import { amqpChannel } from "./amqp.ts"

/** What an agent_paused or agent_unpaused said. */
export interface PauseEvent {
  readonly agentId: number
  readonly queue: string
  readonly paused: boolean
  readonly reason: string
}

/**
 * Collects the pause events of an exchange in a durable queue, as a plain client of the broker does. Answers a look
 * at them in order. An event that was published again after a crash is there once: its body is the same to the
 * microsecond.
 */
export const collectPauseEvents = Effect.fnUntraced(function* (url: string, exchange: string) {
  const channel = yield* amqpChannel(url)
  const bodies = new Set<string>()
  yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const { queue } = await channel.assertQueue("", { durable: true })
      for (const name of ["agent_paused", "agent_unpaused"]) {
        await channel.bindQueue(queue, exchange, "", { "x-match": "all", name })
      }
      await channel.consume(queue, (message) => {
        if (message === null) return
        bodies.add(message.content.toString())
        channel.ack(message)
      })
      return queue
    }),
    (queue) => Effect.promise(() => channel.deleteQueue(queue))
  )
  return (): ReadonlyArray<PauseEvent> => [...bodies].map(pauseEventOf)
})

const pauseEventOf = (body: string): PauseEvent => {
  // The bodies of these two names are the catalogue's.
  const { data } = JSON.parse(body) as {
    data: { agent_id: number; queue: string; paused: boolean; paused_reason: string }
  }
  return { agentId: data.agent_id, queue: data.queue, paused: data.paused, reason: data.paused_reason }
}
