import { ActorView } from "./actor.js"
import { ActorsView } from "./actors.js"
import { SignedOut } from "./api.js"
import { DiagramView } from "./diagram.js"
import { activePaths, element } from "./dom.js"
import { KindsView } from "./kinds.js"
import { Live } from "./live.js"
import { forgetToken, signIn, token } from "./session.js"

/** How often what no message tells (health, ages) is looked up again. In milliseconds. */
const lookAgain = 5_000

const room = document.querySelector("#room")
const link = document.querySelector("#link")
const signOut = document.querySelector("#sign-out")

/** What the address of the page names: `#/kind/id`, each part optional. */
const place = () => {
  const [kind, ...id] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent)
  return { kind: kind || undefined, id: id.join("/") || undefined }
}
const go = (kind, id) => {
  location.hash = `#/${[kind, id].filter((part) => part !== undefined).map(encodeURIComponent).join("/")}`
}

/** Runs what talks to the server: an ended token leads to the sign-in, any other failure is said at the top. */
const guard = async (run) => {
  try {
    await run()
  } catch (error) {
    if (error instanceof SignedOut) enter(error.message)
    else say("trouble", error.message)
  }
}

const say = (kind, text) => {
  link.className = kind
  link.textContent = text
}

const states = new Map()
const diagram = new DiagramView()
const kinds = new KindsView((kind) => go(kind))
const actors = new ActorsView((kind, id) => go(kind, id), guard)
const actor = new ActorView({
  guard,
  onClose: () => go(place().kind),
  onShown: (shown) => diagram.light(shown.active)
})

const live = new Live({
  onLink: (state) => say(state, state === "live" ? "live" : "connecting …"),
  onRefused: (reason) => enter(reason),
  onMessage: ({ type, sessionId, event, snapshot }) => {
    if (type === "@xstate.event") return
    const before = states.get(sessionId)
    states.set(sessionId, snapshot.value)
    actors.refreshSoon()
    if (type !== "@xstate.snapshot") return
    actors.reached(sessionId, snapshot.value)
    if (sessionId !== actor.address) return
    diagram.light(activePaths(snapshot.value))
    diagram.flash(event.type, before, snapshot.value)
    actor.refreshSoon()
  }
})

const arrive = async () => {
  const { kind, id } = place()
  await kinds.refresh()
  kinds.choose(kind)
  actors.show(kind, kinds.find(kind)?.states ?? [])
  actors.choose(kind, id)
  live.watch(kind)
  diagram.light([])
  await Promise.all([diagram.show(kind), actors.refresh(), actor.show(kind, id)])
  diagram.count(kinds.find(kind)?.states ?? [])
  diagram.reveal()
}

const refresh = async () => {
  if (document.hidden || token() === null) return
  await Promise.all([kinds.refresh(), actors.refresh(), actor.refresh()])
  diagram.count(kinds.find(place().kind)?.states ?? [])
}

const enter = async (reason) => {
  live.stop()
  if (reason !== undefined) forgetToken()
  signOut.hidden = true
  say("", "")
  if (token() === null) await signIn(room, reason)
  signOut.hidden = false
  room.replaceChildren(
    kinds.root,
    element("main", {}, diagram.root, element("div", { class: "below" }, actors.root, actor.root))
  )
  await guard(arrive)
}

signOut.addEventListener("click", () => enter(""))
addEventListener("hashchange", () => token() !== null && guard(arrive))
setInterval(() => guard(refresh), lookAgain)
enter()
