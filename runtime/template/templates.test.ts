import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { makeTemplates, TemplateFailure } from "./templates.ts"

const root = mkdtempSync(join(tmpdir(), "strowger-templates-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let count = 0
/** Folders with the templates of `own` and `custom`, by name. */
const folders = (own: Record<string, string>, custom: Record<string, string> = {}) => {
  const base = join(root, String(count++))
  const made = { own: join(base, "templates"), custom: join(base, "var") }
  for (const [folder, files] of [
    [made.own, own],
    [made.custom, custom]
  ] as const) {
    mkdirSync(join(folder, "common"), { recursive: true })
    for (const [name, source] of Object.entries(files)) writeFileSync(join(folder, name), source)
  }
  return made
}

const failure = (run: () => unknown): TemplateFailure => {
  try {
    run()
  } catch (error) {
    if (error instanceof TemplateFailure) return error
  }
  return assert.fail("expected a TemplateFailure")
}

describe("templates of a plugin", () => {
  it("looks for the file, the model, the base, the administrator's folder first each time", () => {
    const own = { "a.cfg.tpl": "own file", "T46S.tpl": "own model", "base.tpl": "own base" }
    const { render } = makeTemplates(folders(own, { "T46S.tpl": "custom model", "base.tpl": "custom base" }))
    assert.strictEqual(render({ file: "a.cfg", model: "T46S" }, {}, "none"), "own file")
    assert.strictEqual(render({ file: "b.cfg", model: "T46S" }, {}, "none"), "custom model")
    assert.strictEqual(render({ file: "b.cfg", model: "T20" }, {}, "none"), "custom base")
  })

  it("prints nothing for null and undefined, however deep", () => {
    const { render } = makeTemplates(folders({ "base.tpl": "[{{ a }}{{ b }}{{ c.d.e }}]" }))
    assert.strictEqual(render({}, { a: null }, "none"), "[]")
    assert.strictEqual(render({}, { a: undefined }, "xml"), "[]")
  })

  it("escapes every value for XML, and none otherwise", () => {
    const { render } = makeTemplates(folders({ "base.tpl": "{{ name }}" }))
    const name = `<"O'Malley" & co>`
    assert.strictEqual(render({}, { name }, "xml"), "&lt;&quot;O&#39;Malley&quot; &amp; co&gt;")
    assert.strictEqual(render({}, { name }, "none"), name)
  })

  it("goes over numbered keys in the order of their numbers, and leaves no lines behind for block tags", () => {
    const source =
      "{% for no, line in lines %}\n  {% if line.n %}\n{{ no }}={{ line.n }}\n  {% endif %}\n{% endfor %}\n"
    const { render } = makeTemplates(folders({ "base.tpl": source }))
    assert.strictEqual(
      render({}, { lines: { 10: { n: "c" }, 2: { n: "b" }, 1: { n: "a" } } }, "none"),
      "1=a\n2=b\n10=c\n"
    )
  })

  it("extends and includes templates of both folders", () => {
    const { render } = makeTemplates(
      folders(
        { "base.tpl": "<{% block body %}{% endblock %}>", "common/keys.tpl": "own" },
        {
          "T46S.tpl": `{% extends "base.tpl" %}{% block body %}{% include "common/keys.tpl" %}{% endblock %}`,
          "common/keys.tpl": "custom"
        }
      )
    )
    assert.strictEqual(render({ model: "T46S" }, {}, "none"), "<custom>")
  })

  it("reads nothing outside of its folders", () => {
    const made = folders({ "base.tpl": "base", "out.tpl": `{% include "../../secret.tpl" %}` })
    writeFileSync(join(root, "secret.tpl"), "secret")
    const { render } = makeTemplates(made)
    assert.strictEqual(render({ file: "../../secret", model: "../../secret" }, {}, "none"), "base")
    assert.match(failure(() => render({ file: "out" }, {}, "none")).message, /not found/)
  })

  it("sees a changed custom folder when it is made again", () => {
    const made = folders({ "base.tpl": "own" })
    const before = makeTemplates(made)
    assert.strictEqual(before.render({}, {}, "none"), "own")
    writeFileSync(join(made.custom, "base.tpl"), "custom")
    assert.strictEqual(before.render({}, {}, "none"), "own")
    assert.strictEqual(makeTemplates(made).render({}, {}, "none"), "custom")
  })

  it("names the template that is missing, wrong, or fails", () => {
    const { render } = makeTemplates(folders({ "wrong.tpl": "{% if %}", "fails.tpl": "{{ missing('x') }}" }))
    assert.strictEqual(failure(() => render({ file: "gone" }, {}, "none")).template, "gone.tpl")
    assert.strictEqual(failure(() => render({ file: "wrong" }, {}, "none")).template, "wrong.tpl")
    const failed = failure(() => render({ file: "fails" }, { password: "s3cret" }, "none"))
    assert.strictEqual(failed.template, "fails.tpl")
    assert.notInclude(failed.message, "s3cret")
  })

  it("pads numbers and words booleans", () => {
    const { render } = makeTemplates(
      folders({ "base.tpl": "{{ 7 | pad(2) }} {{ on | yesno('1', '0') }} {{ off | yesno }}" })
    )
    assert.strictEqual(render({}, { on: true, off: null }, "none"), "07 1 no")
  })
})
