import { Effect } from "effect"
import { readFile } from "node:fs/promises"
import { join } from "node:path"

/** What a template may name. Absent variables are empty. */
export type TemplateVariables = Readonly<Record<string, string | undefined>>

/** The five templates, by the name of the file that replaces each (contracts/auth.md 8). */
export const templates = {
  "confirmation-subject.txt": "Confirm your email address",
  "confirmation-body.txt": `Hello {{ username }},

to confirm your email address {{ email_address }} open this link:

https://{{ hostname }}{% if port %}:{{ port }}{% endif %}{{ prefix }}/0.1/emails/{{ email_uuid }}/confirm?token={{ token }}

If this is not yours, there is nothing to do.
`,
  "confirmation-page.html": `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Email address confirmed</title>
<p>Your email address is confirmed. You can close this page.</p>
</html>
`,
  "reset-subject.txt": "Reset your password",
  "reset-body.txt": `Hello {{ username }},

somebody asked to reset the password of your account. To set a new one open this link:

https://{{ hostname }}{% if port %}:{{ port }}{% endif %}/reset-password?host={{ hostname }}{% if port %}:{{ port }}{% endif %}&token={{ token }}&user_uuid={{ user_uuid }}

If it was not you, there is nothing to do: your password stays as it is.
`
} as const

export type TemplateName = keyof typeof templates

/**
 * A template of the folder, else the built-in one, with its variables filled in: `{{ name }}` and
 * `{% if name %}…{% endif %}`, which does not nest. The file is read each time, so a change counts at once.
 */
export const renderTemplate = (
  folder: string,
  name: TemplateName,
  variables: TemplateVariables
): Effect.Effect<string> =>
  Effect.map(
    folder === ""
      ? Effect.succeed<string>(templates[name])
      : Effect.catch(
          Effect.tryPromise(() => readFile(join(folder, name), "utf8")),
          () => Effect.succeed<string>(templates[name])
        ),
    (text) => fill(text, name.endsWith(".html") ? escapeHtml : (value) => value, variables)
  )

const fill = (text: string, escape: (value: string) => string, variables: TemplateVariables): string =>
  text
    .replace(/\{%\s*if\s+(\w+)\s*%\}([\s\S]*?)\{%\s*endif\s*%\}/g, (_, name: string, inner: string) =>
      variables[name] ? inner : ""
    )
    .replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => escape(variables[name] ?? ""))

const escapeHtml = (value: string): string =>
  value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
