import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { renderTemplate } from "./render.ts"
import { TemplateError } from "./values.ts"

const event = {
  uuid: "u",
  name: "A b/e",
  n: 3,
  half: 1.5,
  yes: true,
  none: null,
  list: [1, "a", null],
  people: [
    { name: "Zoé", age: 3 },
    { name: "Ann", age: 9 }
  ],
  items: "the key"
}
/** Templates, each with what Jinja itself made of it for this event; null: an error. */
const recorded: ReadonlyArray<readonly [template: string, result: string | null]> = JSON.parse(
  readFileSync(join(import.meta.dirname, "jinja-3.1.json"), "utf8")
)
const render = (template: string) =>
  renderTemplate(template, { event_name: "auth_tenant_updated", event, wazo_uuid: "w", accent_uuid: "w" })

describe("a template", () => {
  it.each([
    ["{{ event_name }}:{{ event.name }}", "auth_tenant_updated:A b/e"],
    ["{{ {'uuid': 'u', 'name': 'A b/e', 'n': 3}|urlencode }}", "uuid=u&name=A+b%2Fe&n=3"],
    ["{{ event.name|urlencode }}", "A%20b/e"],
    ["{{ event.zip|default('none') }}", "none"],
    ["{{ {'uuid': 'u', 'name': 'A b/e', 'n': 3}|tojson }}", '{"n": 3, "name": "A b/e", "uuid": "u"}'],
    ["{{ wazo_uuid }}{{ accent_uuid }}", "ww"],
    [
      "{{ event.yes }} {{ not event.yes }} {{ event.none }} {{ event.half }} {{ 2.0 }}",
      "True False None 1.5 2.0"
    ],
    [
      "{{ event.list }} {{ {'k': 'v'} }} {{ (1,) }} {{ [\"it's\"] }}",
      "[1, 'a', None] {'k': 'v'} (1,) [\"it's\"]"
    ],
    ["{{ event['items'] }} {{ event.items()|length }}", "the key 9"],
    [
      "{{ event.zip }}|{% if event.zip %}x{% else %}y{% endif %}|{% for i in event.zip %}x{% endfor %}",
      "|y|"
    ],
    ["{{ 'abcdef'[1:3] }}{{ 'abc'[-1] }}{{ 'abc'[::-1] }}{{ event.list[:2] }}", "bcccba[1, 'a']"],
    [
      "{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 1 / 2 }} {{ 4 / 2 }} {{ 1 ~ 'a' }}",
      "3 -4 2 1024 0.5 2.0 1a"
    ],
    ["{{ 1 < 2 < 3 }} {{ 'a' in 'cat' }} {{ 5 not in [1] }} {{ 1 == 1.0 }}", "True True True True"],
    ["{{ 'a' if event.n > 2 else 'b' }}{{ 'x' if false }}", "a"],
    [
      "{% for p in event.people %}{{ loop.index }}/{{ loop.length }}:{{ p.name }}{{ ',' if not loop.last }}{% endfor %}",
      "1/2:Zoé,2/2:Ann"
    ],
    ["{% for k, v in {'a': 1, 'b': 2}.items() if v > 1 %}{{ k }}{{ v }}{% else %}no{% endfor %}", "b2"],
    ["{% for x in [] %}{% else %}empty{% endfor %}", "empty"],
    ["{% set x = 1 %}{% for i in range(3) %}{% set x = i %}{% endfor %}{{ x }}", "1"],
    [
      "{% set ns = namespace(x=0) %}{% for i in range(4) %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
      "6"
    ],
    ["{% set a, b = 1, 2 %}{{ b }}{{ a }}{% set t %}<{{ a }}>{% endset %}{{ t }}", "21<1>"],
    ["{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}", "3"],
    ["{% raw %}{{ x }}{% endraw %}{# gone #}!", "{{ x }}!"],
    ["{% filter upper %}abc{{ 'd' }}{% endfilter %}", "ABCD"],
    ["{% macro m(a, b='B') %}[{{ a }}{{ b }}]{% endmacro %}{{ m(1) }}{{ m(b=2, a=3) }}", "[1B][32]"],
    ["{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}in{% endcall %}", "<in>"],
    ["a  {%- if true -%}  b  {%- endif %}\n  {{- 'c' }}\n", "abc"],
    ["{{ 'x' }}\n\n", "x\n"],
    ["{{ event.people|map(attribute='name')|sort|join('-') }}", "Ann-Zoé"],
    ["{{ event.people|selectattr('age', 'gt', 5)|map(attribute='name')|list }}", "['Ann']"],
    ["{{ [3, 1, 2]|sort(reverse=true) }}{{ [1, 2, 3]|sum }}{{ [1, 5]|max }}{{ [4, 2]|min }}", "[3, 2, 1]652"],
    ["{{ '%s-%03d-%.2f'|format('a', 7, 1.5) }}{{ '{} {x}'.format(1, x=2) }}", "a-007-1.501 2"],
    [
      "{{ ' a '|trim }}{{ 'a,b'.split(',') }}{{ 'ab'.replace('b', 'c') }}{{ '7'.zfill(3) }}",
      "a['a', 'b']ac007"
    ],
    ["{{ '<a href=\"x\">&\\'</a>'|e }}", "&lt;a href=&#34;x&#34;&gt;&amp;&#39;&lt;/a&gt;"],
    ["{{ 'é<&>'|tojson }}", '"\\u00e9\\u003c\\u0026\\u003e"'],
    ["{{ '3.7'|int }} {{ 'x'|int(9) }} {{ '1.5'|float }} {{ 2.5|round }} {{ 3|abs }}", "3 9 1.5 2.0 3"],
    [
      "{{ 'hello world foo'|truncate(11, leeway=0) }}|{{ 'a b'|title }}|{{ 'ABC'|lower|capitalize }}",
      "hello...|A B|Abc"
    ],
    [
      "{{ [1, 2, 3]|batch(2)|list }}{{ [1, 1, 2]|unique|list }}{{ {'b': 1, 'a': 2}|dictsort }}",
      "[[1, 2], [3]][1, 2][('a', 2), ('b', 1)]"
    ],
    [
      "{{ event.n is divisibleby 3 }} {{ event.zip is undefined }} {{ event.n is not none }} {{ 3 is odd }}",
      "True True True True"
    ],
    ["{% if event.list is iterable and event.name is string %}ok{% endif %}", "ok"],
    ["{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}", "aba"]
  ])("%s gives %s", (template, result) => {
    assert.strictEqual(render(template), result)
  })

  it.each(recorded)("%j is rendered as Jinja 3.1.6 does in its sandbox", (template, result) => {
    if (result === null) assert.throws(() => render(template), TemplateError)
    else assert.strictEqual(render(template), result)
  })

  it.each([
    ["an item of an undefined value", "{{ event.zip.code }}"],
    ["a loader", "{% include 'x' %}"],
    ["an import", "{% import 'x' as y %}"],
    ["an unknown filter", "{{ 1|nothing }}"],
    ["an unclosed block", "{% if true %}"],
    ["a step behind a private name", "{{ event.__class__.__mro__ }}"],
    ["a range that is too long", "{% for i in range(100001) %}{% endfor %}"],
    ["loops without end", "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"],
    ["too much output", "{{ 'x' * 2000000 }}"],
    [
      "doubling",
      "{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
    ],
    ["a huge power", "{{ 9 ** (9 ** 9) }}"],
    ["endless recursion", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"],
    ["deep nesting", "(".repeat(5000).replace(/^/, "{{ ")]
  ])("refuses %s", (_name, template) => {
    assert.throws(() => render(template), TemplateError)
  })

  it.each([
    "{{ event.constructor }}",
    "{{ event.__proto__ }}",
    "{{ ''.constructor }}",
    "{{ event.toString }}",
    "{{ [].map }}",
    "{{ range.call }}",
    "{{ event['hasOwnProperty'] }}",
    "{{ globalThis }}{{ process }}{{ require }}",
    "{{ event|attr('constructor') }}"
  ])("reaches nothing of JavaScript: %s is undefined", (template) => {
    assert.strictEqual(render(template), "")
  })

  it("cannot call what it cannot reach", () => {
    assert.throws(() => render("{{ ''.constructor.constructor('return 1')() }}"))
  })
})
