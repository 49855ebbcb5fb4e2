import type { BusEvent } from "./envelope.ts"
import { escapeWord, type EventOrigin, eventTimestamp } from "./envelope.ts"

/**
 * An AMI event as a bus event (contracts/callcenter.md 9.5): Service class, the AMI name unchanged, all headers as
 * data. `data` is only worked out when somebody asks for it: most AMI events are looked at by nobody.
 */
export const amiEvent = (name: string, origin: EventOrigin, data: () => object): BusEvent => {
  const escaped = escapeWord(name)
  let kept: object | undefined
  return {
    name,
    routingKey: `ami.${escaped}`,
    headers: {
      name,
      origin_uuid: origin.originUuid,
      timestamp: eventTimestamp(origin.at),
      required_access: `event.${name}`,
      required_acl: `events.ami.${escaped}`
    },
    get data() {
      kept ??= data()
      return kept
    }
  }
}
