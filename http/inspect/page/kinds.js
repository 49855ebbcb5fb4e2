import { fetchKinds } from "./api.js"
import { element } from "./dom.js"

/** The list of kinds with how their actors are doing. */
export class KindsView {
  #list = element("ul", {})
  #onChoose
  #kinds = []
  #chosen

  constructor(onChoose) {
    this.#onChoose = onChoose
    this.root = element("nav", { class: "kinds", "aria-label": "Kinds of actors" }, this.#list)
  }

  async refresh() {
    this.#kinds = await fetchKinds()
    this.#render()
  }

  choose(kind) {
    this.#chosen = kind
    this.#render()
  }

  find(kind) {
    return this.#kinds.find(({ name }) => name === kind)
  }

  #render() {
    const all = { running: 0, restarting: 0, failed: 0, total: 0 }
    for (const { residents } of this.#kinds) for (const key in all) all[key] += residents[key]
    this.#list.replaceChildren(
      this.#entry(undefined, "All actors", "", all),
      ...this.#kinds.map((kind) =>
        this.#entry(
          kind.name,
          kind.name,
          kind.durable ? `version ${kind.version}` : "in memory alone",
          kind.residents
        )
      )
    )
  }

  #entry(kind, label, note, { total, restarting, failed }) {
    return element(
      "li",
      {},
      element(
        "button",
        { class: this.#chosen === kind ? "chosen" : "", onclick: () => this.#onChoose(kind) },
        element("strong", {}, label),
        element("span", { class: "number", title: "in memory" }, String(total)),
        element("small", {}, note),
        element(
          "small",
          { class: "trouble" },
          [failed && `${failed} failed`, restarting && `${restarting} restarting`].filter(Boolean).join(", ")
        )
      )
    )
  }
}
