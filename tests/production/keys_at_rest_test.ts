/**
 * A bot's key is in Vault and nowhere else: after each way to set, change and delete one, the files of a whole Postgres are
 * searched for it, its log of changes and its own log included.
 */
import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { Sql } from "postgres";
import { openServer, type Server } from "../../testkit/cluster.ts";
import { connect, createDatabase, enableVault, migrate, prepareSupabase } from "../../testkit/postgres.ts";
import { BOT_KEY } from "../../testkit/people.ts";
import { skip } from "../../testkit/skipped.ts";
import { SCENARIO_ENV, startStack } from "../../testkit/stack.ts";
import { bots } from "../contract/bots.ts";
import { secrets } from "../contract/secrets.ts";

/** What a project may log at most: every statement, and its values, which alone have the key, not. */
const SETTINGS = [
  ...["wal_level=logical", "wal_recycle=off", "checkpoint_timeout=1h"],
  ...["log_statement=all", "log_min_duration_statement=0", "log_error_verbosity=verbose", "log_parameter_max_length=0"],
];
/** Tables of the FastAPI relay, as far as they matter here. */
const OLD_BOTS = `create table public.bots (
  id uuid default gen_random_uuid() primary key, user_id uuid not null, access_key text not null, access_path text not null
)`;

const server = await openServer(undefined, SETTINGS).catch(() => null);
if (server?.own) register(server, server.own.folder);
else {
  await server?.close();
  skip("keys at rest: Postgres' server programs are not installed");
}

/** A key that says how it was set; `mark` is what is searched for. */
const newMark = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(24)), (byte) => "abcdefghkmnpqrst"[byte % 16]).join("");

function register({ url, close }: Server, folder: string) {
  Deno.test.afterAll(close);

  /**
   * Where keys are in the cluster's files, as "folder: what follows the mark". Postgres compresses texts to runs of at least
   * eight bytes, wherever one begins.
   */
  async function find(sql: Sql, mark: string): Promise<string[]> {
    await sql`checkpoint`;
    const found: string[] = [];
    for await (const path of filesBelow(folder)) {
      const text = await read(path);
      for (let part = 0; part <= 8; part++) {
        let at = -1;
        while ((at = text.indexOf(mark.slice(part, part + 8), at + 1)) >= 0) {
          const way = text.slice(at + 24 - part, at + 64 - part).match(/^[a-z -]*/)![0];
          found.push(`${path.slice(folder.length + 1).split("/").slice(0, 2).join("/")}: ${way}`);
        }
      }
    }
    return [...new Set(found)].sort();
  }

  /** A database of a project: with Vault or without, with the migrations or without. */
  async function open(options: { withVault: boolean; before?: string; migrated?: boolean }) {
    const database = await createDatabase({ server: url });
    const migrator = await prepareSupabase(database.url, options);
    const admin = connect(database.url);
    const owner = connect(migrator);
    if (options.before) await owner.unsafe(options.before).simple();
    if (options.migrated !== false) await migrate(migrator);
    const user = async () => {
      const id = crypto.randomUUID();
      await owner`insert into auth.users (id) values (${id})`;
      return id;
    };
    return {
      ...{ admin, owner, user, url: database.url, migrate: () => migrate(migrator) },
      [Symbol.asyncDispose]: async () => {
        await Promise.all([admin.end(), owner.end()]);
        await database.drop();
      },
    };
  }

  /** Runs one statement with values, as the Data API does, as a user or as service_role; gives its error. */
  function requestOf(sql: Sql) {
    return async (user: string, text: string, values: (string | null)[]): Promise<string | null> => {
      const role = user === "service" ? "service_role" : "authenticated";
      try {
        await sql.begin(async (transaction) => {
          await transaction.unsafe(`set local role ${role}`);
          await transaction`select set_config('request.jwt.claims', ${JSON.stringify({ sub: user, role })}, true)`;
          await transaction.unsafe(text, values);
        });
        return null;
      } catch (error) {
        // The driver's error has the values, too; what the server answers is this.
        const { message, code, detail, hint, where } = error as Record<string, unknown>;
        return JSON.stringify({ message, code, detail, hint, where });
      }
    };
  }

  const INSERT = `with source as (
    insert into public.bots (id, user_id, access_key, access_path, model, temperature)
    select b.id, b.user_id, b.access_key, b.access_path, b.model, b.temperature from json_to_recordset($1::text::json)
      as b (id uuid, user_id uuid, access_key text, access_path text, model text, temperature double precision)
    CONFLICT returning 1
  ) select count(*) from source`;

  Deno.test("after each way to set, change and delete a key it is in no file and no error", async () => {
    await using database = await open({ withVault: true });
    const { admin } = database;
    await admin`alter table public.bots replica identity full`;
    const request = requestOf(admin);
    const mark = newMark();
    const key = (way: string) => `sk-${mark}${way} ${"x".repeat(way.length)}`;
    const owner = await database.user();
    const leaves = await database.user();
    const row = (way: string, more: Record<string, unknown> = {}) =>
      JSON.stringify([{
        ...{ id: crypto.randomUUID(), user_id: owner, access_key: key(way), access_path: "https://a.example/v1" },
        ...{ model: "m", temperature: null, ...more },
      }]);
    const errors: string[] = [];
    async function done(user: string, text: string, ...values: (string | null)[]) {
      equal(await request(user, text, values), null);
    }
    async function refused(user: string, text: string, ...values: (string | null)[]) {
      const error = await request(user, text, values);
      ok(error, text);
      errors.push(error);
    }
    const insert = INSERT.replace("CONFLICT", "");
    const upsert = INSERT.replace("CONFLICT", "on conflict (id) do update set access_key = excluded.access_key");
    const ignore = INSERT.replace("CONFLICT", "on conflict (id) do nothing");
    const [a, b, c, d] = Array.from({ length: 4 }, () => crypto.randomUUID());

    await done(owner, insert, row("owner inserts", { id: a }));
    await done(owner, "update public.bots set access_key = $1 where id = $2", key("owner updates"), a);
    await done(owner, insert, row("owner inserts a long one", { id: b, access_key: key("long").padEnd(4096, mark) }));
    await done(owner, "update public.bots set access_key = null where id = $1", b);
    await done(owner, ignore, row("passed over", { id: a }));
    await done("service", insert, row("service inserts", { id: c }));
    await done("service", upsert, row("service upserts", { id: c }));
    await done("service", upsert, row("service upserts anew", { id: d }));
    await done(
      "service",
      "update public.bots set access_key = $1 where id = $2",
      ` Bearer ${key("service updates")} `,
      d,
    );
    await done(owner, "update public.bots set access_path = $1 where id = $2", "https://b.example", d);
    await done(owner, "update public.bots set access_key = $1 where id = $2", key("before new headers"), d);
    await done(owner, "update public.bots set headers = $1::text::jsonb where id = $2", '{"x-a": "b"}', d);
    await done(owner, "update public.bots set access_key = $1 where id = $2", key("before deletion"), d);
    await done(owner, "delete from public.bots where id = $1", d);
    await done(leaves, insert, row("of a user who leaves", { user_id: leaves }));
    await admin`delete from auth.users where id = ${leaves}`;

    const update = "update public.bots set access_key = $1, ";
    for (const user of [owner, "service"]) {
      await refused(user, `${update} temperature = 9 where id = $2`, key("check"), a);
      await refused(user, `${update} model = null where id = $2`, key("not null"), a);
      await refused(user, `${update} params = '[]' where id = $2`, key("check of json"), a);
      await refused(
        user,
        `${update} name = (1 / (length(name) - length(name)))::text where id = $2`,
        key("division"),
        a,
      );
      await refused(user, `${update} name = repeat('x', 300) where id = $2`, key("long name"), a);
      await refused(user, insert, row("same id", { id: a }));
      await refused(user, insert, row("no model", { model: null }));
      await refused(user, insert, row("too long", { access_key: key("too long").padEnd(5000, mark) }));
      await refused(user, insert, row("line break", { access_key: `${key("line")}\n${mark}` }));
    }
    await refused(owner, insert, row("row security", { user_id: crypto.randomUUID() }));
    await refused("service", insert, row("foreign key", { user_id: crypto.randomUUID() }));
    await refused(owner, upsert, row("no right to upsert", { id: a }));
    await refused(owner, "update public.bots set name = 'x' where access_key = $1", key("no right to read"));
    await refused(owner, "update public.bots set access_key = $1 returning access_key", key("no right to return"));
    await done(leaves, update + "name = 'x'", key("of a stranger"));

    equal(await find(admin, mark), []);
    equal(errors.filter((error) => error.includes(mark.slice(0, 8))), []);
    // What the relay needs is there, and no more.
    const keys =
      await admin`select relay.key_of(b) as key from public.bots b where b.id in (${a}, ${b}, ${c}) order by 1`;
    equal(keys.map(({ key }) => key), [key("owner updates"), key("service upserts"), null]);
    const [{ secrets }] = await admin`select count(*)::int as secrets from vault.secrets`;
    equal(secrets, 2);
    const [{ rows }] = await admin`select count(*)::int as rows from public.bots where access_key is not null`;
    equal(rows, 0);
  });

  Deno.test("keys of an adopted table are in no file after the migrations, a checkpoint and a new statistic", async () => {
    const mark = newMark();
    // Old versions, a deleted row, a key that is stored apart, and a sample of the column.
    const before = `${OLD_BOTS};
      insert into auth.users (id) select md5(n::text)::uuid from generate_series(1, 300) n;
      insert into public.bots (user_id, access_key, access_path)
        select md5(n::text)::uuid, 'sk-${mark}adopted ' || n, 'https://a.example' from generate_series(1, 300) n;
      insert into public.bots (user_id, access_key, access_path)
        select md5('1')::uuid, 'sk-' || string_agg('${mark}' || md5(n::text), ''), 'https://a.example' from generate_series(1, 60) n;
      update public.bots set access_key = access_key || 'old';
      delete from public.bots where user_id = md5('2')::uuid;
      create function public.refuse() returns trigger language plpgsql as 'begin raise ''refused''; end';
      create trigger refuses before update on public.bots for each row execute function public.refuse();
      analyze public.bots;`;
    await using database = await open({ withVault: true, before, migrated: false });
    const { admin } = database;
    const places = (found: string[]) => [...new Set(found.map((place) => place.split(/[/:]/)[0]))];
    ok((await find(admin, mark)).some((place) => place.startsWith("data/base: adopted")));
    await database.migrate();
    const [{ keys }] = await admin`select count(*)::int as keys from public.bots b
      where b.access_key is null and relay.key_of(b) like ${`sk-${mark}%old`}`;
    equal(keys, 300);
    const [{ sampled }] = await admin`select count(*)::int as sampled from pg_stats
      where tablename = 'bots' and attname = 'access_key' and num_nulls(most_common_vals::text, histogram_bounds::text) < 2`;
    equal(sampled, 0);
    // The sample's old row, which a superuser alone can write over; and the log of changes ends with a later checkpoint.
    await admin`vacuum full pg_catalog.pg_statistic`;
    await admin`checkpoint`;
    for (let segment = 0; segment < 2; segment++) {
      await admin`select pg_switch_wal()`;
      await admin`create table public.filler ()`;
      await admin`drop table public.filler`;
      await admin`checkpoint`;
    }
    equal(places((await find(admin, mark)).filter((place) => !place.includes("postgres.log"))), []);
  });

  Deno.test("Vault may be enabled late: new keys are put there at once, old ones by move_keys_to_vault()", async () => {
    await using database = await open({ withVault: false });
    const { admin, owner } = database;
    const request = requestOf(admin);
    const [mark, later] = [newMark(), newMark()];
    const user = await database.user();
    const insert = "insert into public.bots (user_id, access_key) values ($1, $2)";
    equal(await request(user, insert, [user, `sk-${mark}early`]), null);
    equal(await request(user, insert, [user, `sk-${mark}changed`]), null);
    ok((await find(admin, mark)).some((place) => place === "data/base: early"));
    await owner`select relay.move_keys_to_vault()`.then(
      () => ok(false),
      (error) => ok(error.message.startsWith("Cannot move the keys")),
    );

    await enableVault(database.url);
    equal(await request(user, insert, [user, `sk-${later}late`]), null);
    equal(
      await request(user, "update public.bots set name = 'x' where access_key like $1", ["%changed"]) === null,
      false,
    );
    equal(await request("service", "update public.bots set name = 'x' where access_key like $1", ["%changed"]), null);
    const count = async () =>
      (await admin`select count(*)::int as n from public.bots where access_key is not null`)[0].n;
    equal(await count(), 1);
    const [{ moved }] = await owner`select relay.move_keys_to_vault() as moved`;
    equal([moved, await count()], [1, 0]);
    const keys = await admin`select relay.key_of(b) as key from public.bots b order by created_at`;
    equal(keys.map(({ key }) => key), [`sk-${mark}early`, `sk-${mark}changed`, `sk-${later}late`]);
    equal(await find(admin, later), []);
    ok(!(await find(admin, mark)).some((place) => place.startsWith("data/base")));
    const [{ moved: again }] = await owner`select relay.move_keys_to_vault() as moved`;
    equal(again, 0);
  });

  Deno.test("a key that Vault lost or cannot read is none, and a new one is taken, with Vault and without", async () => {
    await using database = await open({ withVault: true });
    const { admin, owner } = database;
    const request = requestOf(admin);
    const user = await database.user();
    const mark = newMark();
    const ids = ["kept", "restored", "lost"].map(() => crypto.randomUUID());
    for (const id of ids) {
      equal(
        await request(user, "insert into public.bots (id, user_id, access_key) values ($1, $2, $3)", [
          id,
          user,
          `sk-${mark}${id}`,
        ]),
        null,
      );
    }
    const keyOf = async (id: string) => {
      const [{ bot }] = await admin.begin(async (transaction) => {
        await transaction`set local role service_role`;
        return await transaction`select public.relay_bot(${user}, ${id}) as bot`;
      });
      return bot.access_key;
    };
    // A secret's id is part of what it is encrypted with.
    await admin`update vault.secrets set id = gen_random_uuid()
      where id = (select access_key_id from public.bots where id = ${ids[2]})`;
    await admin`update vault.secrets set secret = encode(set_byte(decode(secret, 'base64'), 0, 255 - get_byte(decode(secret, 'base64'), 0)), 'base64')
      where id = (select access_key_id from public.bots where id = ${ids[1]})`;
    const keys = async () => [await keyOf(ids[0]), await keyOf(ids[1]), await keyOf(ids[2])];
    equal(await keys(), [`sk-${mark}${ids[0]}`, null, null]);
    const change = (id: string, way: string) =>
      request(user, "update public.bots set access_key = $1 where id = $2", [`sk-${mark}${way}`, id]);
    equal(await change(ids[1], "again"), null);
    equal(await keys(), [`sk-${mark}${ids[0]}`, `sk-${mark}again`, null]);

    await admin`drop schema vault cascade`;
    equal(await keys(), [null, null, null]);
    equal(await change(ids[0], "without Vault"), null);
    equal(await keys(), [`sk-${mark}without Vault`, null, null]);
    equal(await request(user, "delete from public.bots where id = $1", [ids[2]]), null);
    equal(await request(user, "update public.bots set name = 'x' where id = $1", [ids[1]]), null);

    await enableVault(database.url);
    equal((await owner`select relay.move_keys_to_vault() as moved`)[0].moved, 1);
    equal((await owner`select relay.move_keys_to_vault() as moved`)[0].moved, 0);
    equal([await keyOf(ids[0]), await keyOf(ids[1])], [`sk-${mark}without Vault`, null]);
    equal(await change(ids[1], "anew"), null);
    equal(await keyOf(ids[1]), `sk-${mark}anew`);
  });

  Deno.test("the relay answers with a bot whose key is in Vault, and the key is in no answer, log or file", async () => {
    await using database = await open({ withVault: false, migrated: false });
    // The embedded stack makes its own "auth".
    await database.admin.unsafe("drop schema auth cascade").simple();
    await enableVault(database.url);
    await using stack = await startStack({ flags: ["--database", database.url] });
    const target = stack.targetOf([await stack.worker(SCENARIO_ENV)]);
    for (const { title, run } of [...secrets, ...bots]) {
      await run(target, stack.provider).catch((cause) => {
        throw new Error(`With Vault: ${title}`, { cause });
      });
    }
    const [{ keys }] = await database.admin`select count(*)::int as keys from vault.secrets`;
    ok(keys > secrets.length);
    equal(await find(database.admin, BOT_KEY.slice(0, 24)), []);
  });

  Deno.test("a key in Vault that is made in one step is found, as the search shows", async () => {
    await using database = await open({ withVault: true, migrated: false });
    const mark = newMark();
    await database.admin`select vault.create_secret(${`sk-${mark}one step`})`;
    const found = await find(database.admin, mark);
    equal(found.map((place) => place.split(":")[0]), ["data/base", "data/pg_wal"]);
  });
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* filesBelow(path);
    else yield path;
  }
}

/** One character for each byte: a text is searched many times as fast as bytes. */
async function read(path: string): Promise<string> {
  try {
    return new TextDecoder("latin1").decode(await Deno.readFile(path));
  } catch (error) {
    // The server has deleted it.
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
