import { tmpdir } from "node:os"
import { join } from "node:path"
import { defineConfig } from "vitest/config"

// Runtimes that tests start in processes of their own find their sources compiled.
process.env["NODE_COMPILE_CACHE"] ??= join(tmpdir(), "strowger-test-code")

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**", "data/**"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    // Files of one worker share its modules and its idle embedded database (test/database.ts).
    isolate: false
  }
})
