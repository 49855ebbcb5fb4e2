import { assert, describe, it } from "@effect/vitest"
import { amqpTestUrl } from "./amqp.ts"
import { externalTestUrl } from "./database.ts"
import { slapdInstalled } from "./slapd.ts"
import { tftpClientInstalled } from "./tftp-client.ts"

/** Tests that need a peer run whenever it answers. Where every peer is required, none may be missing. */
const required = (process.env["STROWGER_TEST_REQUIRE_PEERS"] ?? "") !== ""

describe("a peer that is required answers", () => {
  it("PostgreSQL at STROWGER_TEST_DATABASE_URL", () =>
    assert.isTrue(!required || externalTestUrl !== undefined))
  it("RabbitMQ at STROWGER_TEST_AMQP_URL", () => assert.isTrue(!required || amqpTestUrl !== undefined))
  it("the TFTP client of Debian", () => assert.isTrue(!required || tftpClientInstalled))
  it("slapd, which the tests of LDAP start", () => assert.isTrue(!required || slapdInstalled))
})
