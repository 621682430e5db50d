/** What could show the keys of adopted bots stops the first migration, and is named. */
import { ADAS, adoption, BOTS, OLD, refusal } from "./adoption.ts";

/** What shows the keys to others, all made over the old bots, and how the message names each. */
const KEY_READERS: [sql: string, named: string][] = [
  [
    "create view public.bot_list as select * from public.bots; grant select on public.bot_list to anon;",
    "view public.bot_list (anon)",
  ],
  [
    `create view public.whole_rows as select id, to_jsonb(b) as bot from public.bots b;
     grant select (bot) on public.whole_rows to public;`,
    "view public.whole_rows (public)",
  ],
  [
    `create view public.all_bots as select * from public.bots;
     create view public.of_a_view as select * from public.all_bots; grant select on public.of_a_view to authenticated;`,
    "view public.of_a_view (authenticated)",
  ],
  [
    `create materialized view public.kept as select access_key from public.bots;
     grant select on public.kept to authenticated;`,
    "materialized view public.kept (authenticated)",
  ],
  [
    "create function public.bots() returns setof public.bots language sql security definer as 'select * from bots';",
    "security definer function public.bots()",
  ],
  [
    "create function public.key() returns text language sql begin atomic select access_key from public.bots; end;",
    "function public.key()",
  ],
  [
    `create table public.log (bot jsonb);
     create function public.log_bot() returns trigger language plpgsql as
       'begin insert into public.log values (to_jsonb(new)); return new; end';
     create trigger logs after update on public.bots for each row execute function public.log_bot();`,
    "function public.log_bot()",
  ],
  ["grant select on public.bots to authenticator;", "table public.bots (authenticator)"],
  ["grant select (access_key) on public.bots to pg_monitor;", "table public.bots (pg_monitor)"],
  [
    "create table public.more () inherits (public.bots); grant select on public.more to anon;",
    "table public.more (anon)",
  ],
  [
    "create table public.most () inherits (public.more); grant select on public.most to authenticated;",
    "table public.most (authenticated)",
  ],
  [
    `create table public.keys (access_key text); create table public.named_keys (name text) inherits (public.keys);
     alter table public.bots inherit public.named_keys; grant select on public.keys to anon;`,
    "table public.keys (anon)",
  ],
  ["create publication live for table public.bots (id, access_key);", "publication live"],
  [
    "create table public.copied as select * from public.bots; create publication live_copy for table public.copied;",
    "publication live_copy",
  ],
  [
    "create table public.bots_old as select * from public.bots; grant select on public.bots_old to authenticated;",
    "table public.bots_old (authenticated)",
  ],
  [
    `create table public.bots_own as select * from public.bots; grant select on public.bots_own to authenticated;
     alter table public.bots_own enable row level security;
     create policy own on public.bots_own using (user_id = auth.uid());`,
    "table public.bots_own (authenticated)",
  ],
  [
    `create function public.count_all() returns bigint language sql security definer as
       'select count(*) from public.all_bots';`,
    "security definer function public.count_all()",
  ],
  [
    // It runs what its caller names.
    `create function public.exec_sql(query text) returns json language plpgsql security definer as
       'declare answer json; begin execute query into answer; return answer; end';`,
    "security definer function public.exec_sql(text)",
  ],
  [
    `create function public.count_of(name text) returns bigint language plpgsql security definer as
       'declare n bigint; begin execute format(''select count(*) from %I'', name) into n; return n; end';`,
    "security definer function public.count_of(text)",
  ],
  [
    "create function public.relay_key() returns text language sql as 'select access_key from public.bots';",
    "function public.relay_key()",
  ],
  [
    // It adds a bot, and answers with one.
    `create function public.add_bot(id uuid) returns public.bots language sql security definer as
       $body$ insert into public.bots (id, user_id, access_key, access_path) values ($1, $1, '', '') returning * $body$;`,
    "security definer function public.add_bot(uuid)",
  ],
  [
    `create function public.log_bots() returns trigger language plpgsql as
       'begin insert into public.log select to_jsonb(n) from changed n; return null; end';
     create trigger log_all after insert on public.bots referencing new table as changed
       for each statement execute function public.log_bots();`,
    "function public.log_bots()",
  ],
  [
    `create table public.logged_keys (key text);
     create rule logs as on insert to public.bots do also insert into public.logged_keys values (new.access_key);`,
    "rule logs on public.bots",
  ],
  [
    // A column that is made of the key.
    `alter table public.bots add column hint text generated always as (left(access_key, 4)) stored;
     create view public.hints as select id, hint from public.bots; grant select on public.hints to authenticated;`,
    "view public.hints (authenticated)",
  ],
  ["grant select (hint) on public.bots to pg_read_all_stats;", "table public.bots (pg_read_all_stats)"],
];
const DROP_PUBLICATIONS = "drop publication if exists live; drop publication if exists live_copy;";

refusal(
  "all that shows keys",
  [DROP_PUBLICATIONS, BOTS, ...KEY_READERS.map(([sql]) => sql)].join("\n"),
  "Cannot adopt public.bots: its keys can be read by ",
  KEY_READERS.map(([, named]) => named),
);

adoption(
  "goes on where the readers of keys are accepted",
  `${DROP_PUBLICATIONS} ${OLD} create view public.bot_list as select * from public.bots;
   grant select on public.bot_list to anon;
   comment on table public.bots is 'The readers of its keys are accepted';`,
  ADAS,
  [["select reader, role from relay.key_readers()", [{ reader: "view public.bot_list", role: "anon" }]]],
);

adoption(
  "takes what shows no key",
  OLD + `
  create view public.names as select id, name from public.bots;
  create view public.own with (security_invoker = true) as select * from public.bots;
  create view public.closed as select * from public.bots;
  create table public.old_bots as select * from public.bots;
  alter table public.old_bots enable row level security;
  create policy of_the_server on public.old_bots to service_role using (true);
  create table public.ids (id uuid); alter table public.bots inherit public.ids;
  grant select on public.names, public.own, public.old_bots, public.ids to anon, authenticated;
  create function public.bots_of_mine() returns bigint language sql as 'select count(*) from public.bots';
  create function public.touch() returns trigger language plpgsql as
    'begin if new is distinct from old then new.name := new.name; end if; return new; end';
  create trigger touches before update on public.bots for each row execute function public.touch();
  create function public.watch() returns trigger language plpgsql as $body$ begin
    -- The new row is as the old one.
    if new.* is not distinct from old.* then raise notice 'cannot execute %', 'new'; end if; return coalesce(new, old);
  end $body$;
  create trigger watches after update on public.bots for each row execute function public.watch();
  create function public.add_first_bot() returns trigger language plpgsql security definer as $body$ begin
    insert into public.bots (user_id, access_key, access_path) values (new.id, '', ''); return new;
  end $body$;
  create function public.upload(access_key text) returns text language sql as 'select access_key';
  create function public.exec_sql(query text) returns void language plpgsql security definer as
    'begin execute query; end';
  revoke execute on function public.exec_sql from public;
  create function public.refresh() returns void language plpgsql security definer as $body$ begin
    execute 'refresh materialized view public.top'; -- Execute it daily.
    execute format('select %L', now());
  end $body$;
  create function public.audit() returns trigger language plpgsql security definer as $body$ begin
    execute format('insert into %I.log values ($1)', tg_table_schema) using new; return new;
  end $body$;
  set session authorization supabase_auth_admin;
  create or replace function auth.run(query text) returns void language plpgsql security definer as
    'begin execute query; end';
  set session authorization relay_migrator;`,
  ADAS,
);
