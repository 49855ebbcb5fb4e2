import { assert, describe, it } from "vitest"
import { readPackageDefinitions } from "./package-definitions.ts"

const sha1 = "8ad19807445ac1af8f44002388c054a8bc8755b6"

describe("definitions of packages", () => {
  it("are read as Python's ConfigParser reads them", () => {
    const definitions = readPackageDefinitions(`
# firmware
[pkg_fw]
description: Firmware: all of it
description_fr = Micrologiciel
version: 1.0
files: fw
    lang
install: simple x86

[install_simple]
a-b: unzip $FILE1
b-c: cp $FILE2 *.rom firmware/$ARG1/

[file_fw]
url: http://example.org/a/fw.zip?x=1&y=2
size: 10
sha1sum: ${sha1.toUpperCase()}

[file_lang]
filename: lang.txt
url:
size: 4
sha1sum: ${sha1}
`)
    assert.deepStrictEqual([...definitions.keys()], ["fw"])
    assert.deepStrictEqual(definitions.get("fw"), {
      id: "fw",
      version: "1.0",
      document: { description: "Firmware: all of it", description_fr: "Micrologiciel", version: "1.0" },
      files: [
        { filename: "fw.zip", url: "http://example.org/a/fw.zip?x=1&y=2", size: 10, sha1sum: sha1 },
        { filename: "lang.txt", url: "", size: 4, sha1sum: sha1 }
      ],
      steps: [
        { from: "a", to: "b", words: ["unzip", "fw.zip"] },
        { from: "b", to: "c", words: ["cp", "lang.txt", "*.rom", "firmware/x86/"] }
      ]
    })
  })

  it("that are wrong are refused with the name of the section", () => {
    const pkg = "[pkg_a]\nversion: 1\ndescription: A\nfiles: f\ninstall: i\n"
    const file = `[file_f]\nurl: http://h/f\nsha1sum: ${sha1}\n`
    for (const [text, words] of [
      [pkg, /file_f/],
      [`${pkg}${file}`, /install_i/],
      [`${pkg}${file}[install_i]\na-b: cp $FILE2 x\n`, /FILE2/],
      [`${pkg}${file}[install_i]\na-b: cp x y\nc-b: cp x y\n`, /one node/],
      [`${pkg}${file}[install_i]\nb-a: cp x y\n`, /one node/],
      [`${pkg}${file}[install_i]\nab: cp x y\n`, /step ab/],
      [`${pkg}[file_f]\nfilename: ../../f\nsha1sum: ${sha1}\n[install_i]\na-b: cp x y\n`, /filename/],
      [`${pkg}[file_f]\nurl: http://h/f\nsha1sum: 12\n[install_i]\na-b: cp x y\n`, /sha1sum/],
      ["[pkg_a]\ndescription: A\n", /version/],
      ["nonsense", /neither/]
    ] as const)
      assert.throws(() => readPackageDefinitions(text), words)
  })
})
