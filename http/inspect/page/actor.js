import { fetchActor, operate } from "./api.js"
import { agoText, changeText, element, eventText, paced, spanText, stateText } from "./dom.js"

/** One actor: where it stands, what it waits for, and what it did lately. */
export class ActorView {
  #guard
  #onClose
  #onShown
  #kind
  #id

  constructor({ guard, onClose, onShown }) {
    this.#guard = guard
    this.#onClose = onClose
    this.#onShown = onShown
    this.refreshSoon = paced(150, () => guard(() => this.refresh()))
    this.root = element("aside", { class: "actor", hidden: true })
  }

  get address() {
    return this.#id === undefined ? undefined : `${this.#kind}/${this.#id}`
  }

  async show(kind, id) {
    this.#kind = kind
    this.#id = id
    this.root.hidden = id === undefined
    this.root.replaceChildren()
    await this.refresh()
  }

  async refresh() {
    const { address } = this
    if (address === undefined) return
    const actor = await fetchActor(this.#kind, this.#id)
    if (this.address !== address) return
    this.#render(actor)
    this.#onShown(actor)
  }

  #render(actor) {
    const { scrollTop } = this.root
    this.root.replaceChildren(
      element(
        "div",
        { class: "title" },
        element("h2", {}, element("small", {}, actor.kind), ` ${actor.id}`),
        element("button", { title: "Close", onclick: this.#onClose }, "×")
      ),
      element(
        "p",
        { class: "now" },
        element("span", { class: `health ${actor.health}` }, actor.health),
        element("strong", {}, stateText(actor.state))
      ),
      element(
        "div",
        { class: "operations" },
        this.#button("Restart", "restart", "Start it again from its last committed snapshot?"),
        this.#button("Passivate", "passivate", "Let it leave memory until the next command?")
      ),
      ...(actor.last_error ? [element("p", { class: "problem" }, actor.last_error)] : []),
      facts([
        ["In memory for", spanText(actor.age)],
        ["Last active", agoText(actor.last_active)],
        ["Restarts", actor.restarts],
        ["Letters waiting", actor.mailbox],
        ["Snapshot version", actor.version ?? "not stored"]
      ]),
      ...listing("Deadlines", actor.deadlines, ({ id, at }) => [
        eventText(id),
        `in ${spanText((Date.parse(at) - Date.now()) / 1000)}`
      ]),
      ...listing("Outstanding actions", actor.outstanding, ({ type, params }) => [type, JSON.stringify(params)]),
      ...transitions(actor.transitions),
      element("h3", {}, "Context"),
      element("pre", {}, JSON.stringify(actor.context, null, 2))
    )
    this.root.scrollTop = scrollTop
  }

  #button(label, operation, question) {
    const run = () =>
      confirm(question) &&
      this.#guard(async () => {
        await operate(this.#kind, this.#id, operation)
        await this.refresh()
      })
    return element("button", { onclick: run }, label)
  }
}

const facts = (entries) =>
  element("dl", {}, ...entries.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]))

const listing = (title, items, line) =>
  items.length === 0
    ? []
    : [element("h3", {}, title), facts(items.map(line))]

const transitions = (steps) =>
  steps.length === 0
    ? []
    : [
        element("h3", {}, "Recent transitions"),
        element(
          "ol",
          { class: "steps" },
          ...steps.toReversed().map(({ at, event, from, to }) =>
            element(
              "li",
              {},
              element("time", { dateTime: at }, new Date(at).toLocaleTimeString()),
              element("b", {}, eventText(event)),
              element("span", {}, changeText(from, to))
            )
          )
        )
      ]
