import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Migrations } from "../../../runtime/database/migrator.ts"

/**
 * Which line is on which device. Whatever changes a line, its endpoint, users or extension marks its device in the
 * same transaction, so a config that is out of date is known to be so until it was brought up to date, whoever made
 * the change and whatever crashed after it.
 */
export const lineDeviceMigrations: Migrations = {
  "0098_provd_line_devices": statements(
    // `line` is the line as events tell it. The row of a line that is gone stays until its device has left it.
    `CREATE TABLE provd_line_devices (
       line_id integer PRIMARY KEY,
       device_id text NOT NULL,
       tenant_uuid text NOT NULL,
       state text NOT NULL CHECK (state IN ('joining', 'joined', 'leaving')),
       line jsonb NOT NULL
     )`,
    "CREATE INDEX provd_line_devices_device ON provd_line_devices (device_id)",
    "CREATE SEQUENCE provd_due_marks",
    // A mark that rises while a device is brought up to date says that it is out of date again.
    `CREATE TABLE provd_devices_due (
       device_id text PRIMARY KEY,
       mark bigint NOT NULL
     )`,
    `CREATE FUNCTION provd_mark_devices(devices text[]) RETURNS void LANGUAGE sql AS $$
       INSERT INTO provd_devices_due (device_id, mark)
       SELECT device_id, nextval('provd_due_marks')
       FROM (SELECT DISTINCT unnest(devices) AS device_id ORDER BY 1) AS marked
       ON CONFLICT (device_id) DO UPDATE SET mark = excluded.mark
     $$`,
    `CREATE FUNCTION provd_mark_lines(lines integer[]) RETURNS void LANGUAGE sql AS $$
       SELECT provd_mark_devices(
         (SELECT array_agg(device_id) FROM provd_line_devices WHERE line_id = ANY(lines)))
     $$`,
    `CREATE FUNCTION provd_line_changed() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF TG_OP = 'DELETE' THEN
           UPDATE provd_line_devices SET state = 'leaving' WHERE line_id = OLD.id;
         END IF;
         PERFORM provd_mark_lines(ARRAY[OLD.id]);
         RETURN NULL;
       END $$`,
    `CREATE FUNCTION provd_line_link_changed() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF TG_OP <> 'INSERT' THEN PERFORM provd_mark_lines(ARRAY[OLD.line_id]); END IF;
         IF TG_OP <> 'DELETE' THEN PERFORM provd_mark_lines(ARRAY[NEW.line_id]); END IF;
         RETURN NULL;
       END $$`,
    `CREATE FUNCTION provd_user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         PERFORM provd_mark_lines(ARRAY(SELECT line_id FROM pbx_user_lines WHERE user_id = NEW.id));
         RETURN NULL;
       END $$`,
    `CREATE FUNCTION provd_extension_changed() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         PERFORM provd_mark_lines(ARRAY(SELECT line_id FROM pbx_line_extensions WHERE extension_id = NEW.id));
         RETURN NULL;
       END $$`,
    `CREATE FUNCTION provd_endpoint_sip_changed() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         PERFORM provd_mark_lines(ARRAY(SELECT id FROM pbx_lines WHERE endpoint_sip_uuid = NEW.uuid));
         RETURN NULL;
       END $$`,
    `CREATE FUNCTION provd_endpoint_custom_changed() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         PERFORM provd_mark_lines(ARRAY(SELECT id FROM pbx_lines WHERE endpoint_custom_id = NEW.id));
         RETURN NULL;
       END $$`,
    `CREATE TRIGGER provd_line AFTER UPDATE OR DELETE ON pbx_lines
       FOR EACH ROW EXECUTE FUNCTION provd_line_changed()`,
    `CREATE TRIGGER provd_user_line AFTER INSERT OR UPDATE OR DELETE ON pbx_user_lines
       FOR EACH ROW EXECUTE FUNCTION provd_line_link_changed()`,
    `CREATE TRIGGER provd_line_extension AFTER INSERT OR UPDATE OR DELETE ON pbx_line_extensions
       FOR EACH ROW EXECUTE FUNCTION provd_line_link_changed()`,
    `CREATE TRIGGER provd_user AFTER UPDATE ON pbx_users
       FOR EACH ROW EXECUTE FUNCTION provd_user_changed()`,
    `CREATE TRIGGER provd_extension AFTER UPDATE ON pbx_extensions
       FOR EACH ROW EXECUTE FUNCTION provd_extension_changed()`,
    `CREATE TRIGGER provd_endpoint_sip AFTER UPDATE ON pbx_endpoints_sip
       FOR EACH ROW EXECUTE FUNCTION provd_endpoint_sip_changed()`,
    `CREATE TRIGGER provd_endpoint_custom AFTER UPDATE ON pbx_endpoints_custom
       FOR EACH ROW EXECUTE FUNCTION provd_endpoint_custom_changed()`
  )
}

function statements(...texts: ReadonlyArray<string>) {
  return Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    for (const text of texts) yield* sql.unsafe(text)
  })
}
