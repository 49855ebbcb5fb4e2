import { fetchActors } from "./api.js"
import { agoText, element, paced, spanText, stateText } from "./dom.js"

const pageSize = 50

const columns = ["Actor", "State", "Health", "In memory for", "Last active", "Restarts", "Waiting", "Last error"]

/** The table of actors with its filters and pages. */
export class ActorsView {
  #search = element("input", { type: "search", placeholder: "Part of an id", "aria-label": "Search" })
  #health = choice("Any health", ["running", "restarting", "failed", "resting"])
  #state = choice("Any state", [])
  #body = element("tbody", {})
  #range = element("output", {})
  #kind
  #chosen
  #offset = 0
  #total = 0
  #rows = new Map()
  #asked = 0

  /** `guard` runs what talks to the server and deals with its failure. */
  constructor(onChoose, guard) {
    this.onChoose = onChoose
    this.refreshSoon = paced(1_000, () => guard(() => this.refresh()))
    const again = paced(200, () => guard(() => this.refresh()))
    const narrowed = () => {
      this.#offset = 0
      again()
    }
    const turn = (by) => () => {
      this.#offset = Math.max(0, Math.min(this.#offset + by, this.#total - 1))
      again()
    }
    this.#search.addEventListener("input", narrowed)
    this.#health.addEventListener("change", narrowed)
    this.#state.addEventListener("change", narrowed)
    this.root = element(
      "section",
      { class: "actors" },
      element(
        "div",
        { class: "filters" },
        this.#search,
        this.#state,
        this.#health,
        element("span", { class: "space" }),
        element("button", { title: "Earlier", onclick: turn(-pageSize) }, "‹"),
        this.#range,
        element("button", { title: "Later", onclick: turn(pageSize) }, "›")
      ),
      element(
        "div",
        { class: "table" },
        element(
          "table",
          {},
          element("thead", {}, element("tr", {}, ...columns.map((name) => element("th", {}, name)))),
          this.#body
        )
      )
    )
  }

  show(kind, states) {
    if (this.#kind === kind && this.#state.options.length > 1) return
    this.#kind = kind
    this.#offset = 0
    this.#state.replaceChildren(
      element("option", { value: "" }, "Any state"),
      ...states.map(({ path }) => element("option", { value: path }, path))
    )
    this.#state.hidden = states.length === 0
  }

  choose(kind, id) {
    this.#chosen = `${kind}/${id}`
    for (const [address, row] of this.#rows) row.classList.toggle("chosen", address === this.#chosen)
  }

  async refresh() {
    const asked = ++this.#asked
    const query = {
      limit: String(pageSize),
      offset: String(this.#offset),
      ...(this.#kind ? { kind: this.#kind } : {}),
      ...(this.#search.value ? { search: this.#search.value } : {}),
      ...(this.#health.value ? { health: this.#health.value } : {}),
      ...(this.#state.value ? { state: this.#state.value } : {})
    }
    const { total, items } = await fetchActors(query)
    if (asked !== this.#asked) return
    this.#total = total
    const last = this.#offset + items.length
    this.#range.value = total === 0 ? "none" : `${items.length === 0 ? 0 : this.#offset + 1}–${last} of ${total}`
    this.#rows = new Map(items.map((actor) => [`${actor.kind}/${actor.id}`, this.#row(actor)]))
    this.#body.replaceChildren(...this.#rows.values())
  }

  /** Shows a state that was just reached. */
  reached(address, value) {
    const row = this.#rows.get(address)
    if (row === undefined) return
    row.cells[1].textContent = stateText(value)
    row.classList.remove("stirred")
    row.getBoundingClientRect()
    row.classList.add("stirred")
  }

  #row(actor) {
    const address = `${actor.kind}/${actor.id}`
    const cell = (content, className = "") => element("td", { class: className }, content)
    return element(
      "tr",
      {
        class: `${actor.resident ? "" : "resting"} ${address === this.#chosen ? "chosen" : ""}`,
        tabIndex: 0,
        onclick: () => this.onChoose(actor.kind, actor.id),
        onkeydown: ({ key }) => key === "Enter" && this.onChoose(actor.kind, actor.id)
      },
      element(
        "td",
        { class: "address" },
        this.#kind ? undefined : element("small", {}, `${actor.kind} `),
        actor.id
      ),
      cell(stateText(actor.state)),
      element("td", {}, element("span", { class: `health ${actor.health}` }, actor.health)),
      cell(spanText(actor.age), "number"),
      cell(agoText(actor.last_active), "number"),
      cell(String(actor.restarts), "number"),
      cell(String(actor.mailbox), "number"),
      element("td", { class: "error", title: actor.last_error ?? "" }, actor.last_error ?? "")
    )
  }
}

const choice = (label, values) =>
  element(
    "select",
    { "aria-label": label },
    element("option", { value: "" }, label),
    ...values.map((value) => element("option", { value }, value))
  )
