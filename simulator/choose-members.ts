import type { Member, Queue } from "./queues.ts"
import type { Random } from "./random.ts"

/**
 * Whom a call rings next: of the members that can take it the best by penalty and then by the queue's strategy,
 * or with `ringall` all of the best penalty.
 */
export const chooseMembers = (
  queue: Queue,
  available: ReadonlyArray<Member>,
  random: Random
): ReadonlyArray<Member> => {
  const ranked = available
    .map((member) => ({ member, metric: metric(queue, member, random) }))
    .toSorted((a, b) => a.metric - b.metric)
  const best = ranked[0]
  if (best === undefined) return []
  if (queue.settings.strategy === "ringall") {
    return ranked.filter((each) => each.metric === best.metric).map((each) => each.member)
  }
  queue.roundRobin = (queue.members.indexOf(best.member) + 1) % queue.members.length
  return [best.member]
}

/** Less is better. A point of penalty outweighs everything that the strategy can say. */
const metric = (queue: Queue, member: Member, random: Random): number =>
  queue.settings.strategy === "wrandom"
    ? random.next() * (1 + member.penalty)
    : member.penalty * PENALTY_WEIGHT + rank(queue, member, random)

const rank = (queue: Queue, member: Member, random: Random): number => {
  const position = queue.members.indexOf(member)
  switch (queue.settings.strategy) {
    case "leastrecent":
      return member.lastCall
    case "fewestcalls":
      return member.calls
    case "random":
      return random.next()
    case "linear":
      return position
    case "rrmemory":
    case "rrordered":
      return position < queue.roundRobin ? queue.members.length + position : position
    default:
      return 0
  }
}

/** Above any time in seconds. */
const PENALTY_WEIGHT = 1e12
