import { assert, describe, it } from "@effect/vitest"
import { Keepalive } from "./keepalive.ts"

const makePeer = () => {
  const peer = {
    unanswered: 0,
    pings: 0,
    dropped: 0,
    ping: () => {
      peer.pings++
    },
    drop: () => {
      peer.dropped++
    }
  }
  return peer
}

const pass = (keepalive: Keepalive, millis: number) => {
  for (let at = 0; at < millis; at += keepalive.tickMillis) keepalive.tick()
}

describe("keepalive (events.md 4.6)", () => {
  it("with the default interval of 60 s every peer is pinged each 20 s", () => {
    const keepalive = new Keepalive(60_000)
    const peers = Array.from({ length: 50 }, makePeer)
    for (const peer of peers) keepalive.add(peer)
    for (const elapsed of [1, 2, 3]) {
      pass(keepalive, 20_000)
      for (const peer of peers) {
        assert.strictEqual(peer.pings, elapsed)
        peer.unanswered = 0
      }
    }
  })

  it("a shorter interval pings as often as it says", () => {
    const keepalive = new Keepalive(5_000)
    const peer = makePeer()
    keepalive.add(peer)
    pass(keepalive, 15_000)
    assert.strictEqual(peer.pings, 3)
  })

  it.each([60_000, 20_000, 5_000])(
    "with interval %i ms a peer may take 20 s to answer, then it is dropped",
    (interval) => {
      const keepalive = new Keepalive(interval)
      const peer = makePeer()
      keepalive.add(peer)
      keepalive.tick()
      assert.strictEqual(peer.pings, 1)
      pass(keepalive, 19_000)
      assert.strictEqual(peer.dropped, 0)
      pass(keepalive, 1_000 + keepalive.tickMillis)
      assert.strictEqual(peer.dropped, 1)
    }
  )

  it("a peer that answers stays, a removed one is left alone", () => {
    const keepalive = new Keepalive(60_000)
    const lively = makePeer()
    const removed = makePeer()
    keepalive.add(lively)
    keepalive.add(removed)
    keepalive.remove(removed)
    for (let minute = 0; minute < 10; minute++) {
      pass(keepalive, 20_000)
      lively.unanswered = 0
    }
    assert.strictEqual(lively.dropped, 0)
    assert.deepInclude(removed, { pings: 0, dropped: 0 })
  })

  it("ten thousand peers are pinged in even slices", () => {
    const keepalive = new Keepalive(60_000)
    let pings = 0
    for (let index = 0; index < 10_000; index++) {
      keepalive.add({
        unanswered: 0,
        ping: () => {
          pings++
        },
        drop: () => {}
      })
    }
    keepalive.tick()
    assert.strictEqual(pings, 500)
  })
})
