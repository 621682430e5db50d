/** A database that holds the FastAPI relay's `bots` and `messages` gets the migrations and loses no row. */
import {
  ADA,
  adoption,
  BOB,
  BOTS,
  type IdType,
  MESSAGES,
  OTHER_TALE,
  refusal,
  ROWS,
  TALE,
  withIds,
} from "./adoption.ts";

/** Signed up with the app alone. */
const ELSE = "e0000000-0000-4000-8000-000000000000";

/** The old tables with rows. */
const OLD = BOTS + MESSAGES + ROWS;

/** The texts of the two conversations of ROWS. */
const ADAS = { [TALE]: ["text 1", "text 3", "text 5", "text 7"] };
const BOTH = { ...ADAS, [OTHER_TALE]: ["text 2", "text 4", "text 6", "text 8"] };

adoption("keeps bots, messages and their order", OLD, BOTH, [[
  "select user_id, name, access_key, access_path from public.bots",
  [{ user_id: ADA, name: "Storyteller", access_key: "old key", access_path: "https://provider.example/v1" }],
], ["select id, user_id from public.conversations order by id", [{ id: TALE, user_id: ADA }, {
  id: OTHER_TALE,
  user_id: BOB,
}]], [
  "select stream_id from public.messages where stream_id is not null order by 1",
  ["stream-3", "stream-4", "stream-7", "stream-8"].map((stream_id) => ({ stream_id })),
]]);

adoption("takes empty tables", BOTS.split("insert")[0] + MESSAGES, {});

adoption("takes messages without bots", MESSAGES + ROWS, ADAS);

adoption("takes bots without messages", BOTS, {});

for (const [type, otherwise] of [["integer", "-1"], ["numeric", "0.5"], ["text", "'plenty'"]]) {
  adoption(
    `keeps windows of the type ${type} that can be one`,
    BOTS + `alter table public.bots
      add column context_tokens ${type} not null default ${otherwise},
      add column reply_tokens ${type} not null default ${otherwise};
    insert into public.bots (user_id, access_key, access_path, context_tokens, reply_tokens)
    values ('${ADA}', 'key', 'https://provider.example/v1', '8000', '1000'),
      ('${ADA}', 'key', 'https://provider.example/v1', '8000', '8000');`,
    {},
    [[
      `select context_tokens, reply_tokens from public.bots order by 1, 2`,
      [
        { context_tokens: 8000, reply_tokens: 1000 },
        { context_tokens: 8000, reply_tokens: null },
        { context_tokens: null, reply_tokens: null },
      ],
    ]],
  );
}

adoption(
  "keeps the order of rows without a time, some of them streaming",
  OLD + `
  alter table public.messages drop column created_at;
  create table public.in_order as select * from public.messages;
  truncate public.messages;
  update public.in_order set is_streaming = content in ('text 3', 'text 4');
  insert into public.messages select * from public.in_order order by content;
  drop table public.in_order;`,
  BOTH,
  [["select 1 from public.messages where is_streaming", []]],
);

adoption(
  "keeps the order of rows of one instant",
  OLD +
    "update public.messages set created_at = '2025-01-01', stream_id = 'one' where not is_user_author;",
  { [OTHER_TALE]: ["text 4", "text 8", "text 2", "text 6"] },
);

adoption(
  "renames repeated stream_ids, the newest complete row keeps its own",
  OLD + `
  update public.messages set stream_id = 'retried', is_streaming = content = 'text 3' where stream_id is not null;
  update public.messages set is_complete = false where content = 'text 8';`,
  ADAS,
  [[
    `select content, replace(stream_id, id::text, 'id') as stream_id
         from public.messages where stream_id is not null order by content`,
    [
      { content: "text 3", stream_id: "retried:id" },
      { content: "text 4", stream_id: "retried:id" },
      { content: "text 7", stream_id: "retried" },
      { content: "text 8", stream_id: "retried:id" },
    ],
  ]],
);

adoption(
  "keeps conversations that are there",
  OLD + `
  create table public.conversations (id uuid primary key, user_id uuid not null, title text not null, mood text);
  insert into public.conversations
  values ('${TALE}', '${ADA}', 'The tale', 'dark'), (gen_random_uuid(), '${ADA}', 'Unwritten', null);
  alter table public.messages add foreign key (conversation_id) references public.conversations (id) not valid;`,
  BOTH,
  [["select title, mood, active_message_id is null as is_empty from public.conversations order by title", [{
    title: "",
    mood: null,
    is_empty: false,
  }, {
    title: "The tale",
    mood: "dark",
    is_empty: false,
  }, { title: "Unwritten", mood: null, is_empty: true }]]],
);

// SQLAlchemy fills in ids, times and flags itself and leaves the table without defaults.
adoption(
  "takes columns without defaults",
  OLD + `
  create table public.conversations (
    id uuid primary key, user_id uuid not null, title text not null, created_at timestamp not null,
    updated_at timestamp not null
  );
  alter table public.bots alter id drop default, add column model text, add column temperature real,
    add column updated_at timestamp;
  alter table public.messages alter id drop default, alter content drop default, alter is_streaming drop default,
    alter is_complete drop default, alter created_at drop default, alter created_at type timestamp;`,
  ADAS,
);

adoption(
  "takes rows with gaps",
  OLD + `
  alter table public.bots add column model text, add column params jsonb, add column created_at timestamptz,
    add column updated_at timestamptz, alter access_key drop not null, alter access_path drop not null;
  update public.bots set name = null, access_key = null, access_path = null;
  alter table public.messages alter content drop not null, alter is_user_author drop not null,
    alter is_streaming drop not null, alter is_complete drop not null, alter created_at drop not null;
  update public.messages
  set content = null, is_user_author = null, is_streaming = null, is_complete = null, created_at = null
  where content = 'text 7';`,
  { [TALE]: ["text 1", "text 3", "text 5", ""] },
  [[
    `select is_user_author, is_complete, created_at is null as is_timeless
         from public.messages where content = ''`,
    [{ is_user_author: false, is_complete: false, is_timeless: false }],
  ], ["select name, model, access_path, params from public.bots", [{
    name: "",
    model: "",
    access_path: "https://api.openai.com/v1",
    params: {},
  }]]],
);

for (const type of ["uuid", "varchar(36)"]) {
  adoption(
    `takes stream_ids of type ${type}`,
    OLD + `
  update public.messages set stream_id = '${ADA}' where stream_id is not null;
  alter table public.messages alter stream_id type ${type} using stream_id::${type};`,
    ADAS,
  );
}

adoption(
  "takes stream_ids that were unique and never missing",
  OLD + `
  update public.messages set stream_id = id where stream_id is null;
  alter table public.messages alter stream_id set not null,
    add constraint messages_stream_id_unique unique (stream_id);`,
  ADAS,
);

adoption(
  "keeps the rows of deleted users",
  BOTS.replace(" references auth.users (id)", "") +
    MESSAGES.replace(" references auth.users (id)", "") + ROWS + `
  update public.messages set user_id = gen_random_uuid() where conversation_id = '${OTHER_TALE}';
  insert into public.bots (user_id, access_key, access_path) values (gen_random_uuid(), '', '');`,
  ADAS,
);

adoption(
  "takes back what clients could do before",
  OLD +
    "grant all on public.bots, public.messages to anon, authenticated;",
  ADAS,
  [[
    `select role, privilege from unnest(array['anon', 'authenticated']) as role,
           unnest(array['select', 'insert', 'update', 'truncate']) as privilege
         where has_table_privilege(role, 'public.bots', privilege)
           or has_table_privilege(role, 'public.messages', privilege) and privilege <> 'select'
           or has_column_privilege(role, 'public.bots', 'access_key', 'select')`,
    [],
  ]],
);

adoption(
  "takes tables that a view reads",
  OLD +
    "create view public.latest as select * from public.messages where not is_streaming;",
  ADAS,
);

/** What shows the keys to others, each made over the old bots, and how the message names it. */
const KEY_READERS: [what: string, sql: string, named: string][] = [
  [
    "a view",
    "create view public.bot_list as select * from public.bots; grant select on public.bot_list to anon;",
    "view public.bot_list (anon)",
  ],
  [
    "a view of whole rows",
    `create view public.bot_list as select id, to_jsonb(b) as bot from public.bots b;
     grant select (bot) on public.bot_list to public;`,
    "view public.bot_list (public)",
  ],
  [
    "a view over a view",
    `create view public.all_bots as select * from public.bots;
     create view public.bot_list as select * from public.all_bots; grant select on public.bot_list to authenticated;`,
    "view public.bot_list (authenticated)",
  ],
  [
    "a materialized view",
    `create materialized view public.bot_list as select access_key from public.bots;
     grant select on public.bot_list to authenticated;`,
    "materialized view public.bot_list (authenticated)",
  ],
  [
    "a function with its owner's rights",
    "create function public.bot_list() returns setof public.bots language sql security definer as 'select * from bots';",
    "security definer function public.bot_list()",
  ],
  [
    "a function that names the key",
    "create function public.key() returns text language sql begin atomic select access_key from public.bots; end;",
    "function public.key()",
  ],
  [
    "a trigger that copies rows",
    `create table public.log (bot jsonb);
     create function public.log_bot() returns trigger language plpgsql as
       'begin insert into public.log values (to_jsonb(new)); return new; end';
     create trigger logs after update on public.bots for each row execute function public.log_bot();`,
    "function public.log_bot()",
  ],
  ["a grant on the table", "grant select on public.bots to authenticator;", "table public.bots (authenticator)"],
  [
    "a grant on the column",
    "grant select (access_key) on public.bots to authenticator;",
    "table public.bots (authenticator)",
  ],
  [
    "a table that inherits",
    "create table public.more () inherits (public.bots); grant select on public.more to anon;",
    "table public.more (anon)",
  ],
  [
    "a publication",
    "create publication live for table public.bots (id, access_key);",
    "publication live",
  ],
  [
    "a publication of a copy",
    "create table public.bots_old as select * from public.bots; create publication live for table public.bots_old;",
    "publication live",
  ],
  [
    "a function that reads a view",
    `create view public.all_of_them as select * from public.bots;
     create function public.count_all() returns bigint language sql security definer as
       'select count(*) from public.all_of_them';`,
    "security definer function public.count_all()",
  ],
  [
    "a function that runs what its caller names",
    `create function public.exec_sql(query text) returns json language plpgsql security definer as
       'declare answer json; begin execute query into answer; return answer; end';`,
    "security definer function public.exec_sql(text)",
  ],
  [
    "a function that reads the table its caller names",
    `create function public.count_of(name text) returns bigint language plpgsql security definer as
       'declare n bigint; begin execute format(''select count(*) from %I'', name) into n; return n; end';`,
    "security definer function public.count_of(text)",
  ],
  [
    "a function with a name like the relay's",
    "create function public.relay_key() returns text language sql as 'select access_key from public.bots';",
    "function public.relay_key()",
  ],
  [
    "a function that adds a bot and answers with one",
    `create function public.add_bot(id uuid) returns public.bots language sql security definer as
       $body$ insert into public.bots (id, user_id, access_key, access_path) values ($1, $1, '', '') returning * $body$;`,
    "security definer function public.add_bot(uuid)",
  ],
  [
    "a trigger that reads the rows of its statement",
    `create function public.log_bots() returns trigger language plpgsql as
       'begin insert into public.log select to_jsonb(n) from changed n; return null; end';
     create trigger logs after insert on public.bots referencing new table as changed
       for each statement execute function public.log_bots();`,
    "function public.log_bots()",
  ],
  [
    "a rule that writes to another table",
    `create table public.log (key text);
     create rule logs as on insert to public.bots do also insert into public.log values (new.access_key);`,
    "rule logs on public.bots",
  ],
  [
    "a column that is made of the key, in a view",
    `alter table public.bots add column hint text generated always as (left(access_key, 4)) stored;
     create view public.hints as select id, hint from public.bots; grant select on public.hints to authenticated;`,
    "view public.hints (authenticated)",
  ],
  [
    "a column that is made of the key, granted",
    `alter table public.bots add column hint text generated always as (left(access_key, 4)) stored;
     grant select (hint) on public.bots to authenticator;`,
    "table public.bots (authenticator)",
  ],
  [
    "a table that inherits from one that inherits",
    `create table public.more () inherits (public.bots); create table public.most () inherits (public.more);
     grant select on public.most to anon;`,
    "table public.most (anon)",
  ],
  [
    "a table that it inherits from",
    `create table public.keys (access_key text); create table public.named_keys (name text) inherits (public.keys);
     alter table public.bots inherit public.named_keys; grant select on public.keys to anon;`,
    "table public.keys (anon)",
  ],
  [
    "a copy",
    "create table public.bots_old as select * from public.bots; grant select on public.bots_old to authenticated;",
    "table public.bots_old (authenticated)",
  ],
  [
    "a copy with policies",
    `create table public.bots_old as select * from public.bots; grant select on public.bots_old to authenticated;
     alter table public.bots_old enable row level security;
     create policy own on public.bots_old using (user_id = auth.uid());`,
    "table public.bots_old (authenticated)",
  ],
];
const DROP_PUBLICATION = "drop publication if exists live;";

for (const [what, sql, named] of KEY_READERS) {
  refusal(
    `${what} that shows keys`,
    `${DROP_PUBLICATION} ${BOTS}${sql}`,
    `Cannot adopt public.bots: its keys can be read by ${named}`,
  );
}

adoption(
  "goes on where the readers of keys are accepted",
  `${DROP_PUBLICATION} ${OLD} create view public.bot_list as select * from public.bots;
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

adoption(
  "trims keys and leaves the time of the bot as it was",
  OLD + `
  alter table public.bots add column updated_at timestamptz default '2025-01-01';
  update public.bots set access_key = E' Bearer old key\n';
  insert into public.bots (user_id, access_key, access_path) values ('${BOB}', E'old\nkey', '');`,
  BOTH,
  [[
    "select access_key, updated_at = '2025-01-01' as is_old from public.bots where name is not null order by access_key desc",
    [
      { access_key: "old key", is_old: true },
      { access_key: "old\nkey", is_old: true },
    ],
  ]],
);

adoption(
  "keeps texts that are longer than new ones may be",
  OLD + `
  alter table public.bots add column system_prompt text;
  update public.bots set system_prompt = repeat('x', 100001), name = repeat('n', 201);
  update public.messages set content = content || repeat(' ', 1048577) where content = 'text 7';`,
  {},
  [["select length(system_prompt) as instructions, length(name) as name from public.bots", [
    { instructions: 100001, name: 201 },
  ]], ["select count(*)::integer as long from public.messages where length(content) > 1048576", [{ long: 1 }]]],
);

adoption(
  "makes a tree of parents in rings and of parents that are gone",
  OLD + `
  alter table public.messages add column parent_id uuid;
  update public.messages m set parent_id = (
    select p.id from public.messages p where p.content = case m.content
      when 'text 1' then 'text 5' when 'text 3' then 'text 1' when 'text 5' then 'text 3' when 'text 7' then 'text 5'
      when 'text 2' then 'text 1' when 'text 4' then 'text 6' when 'text 6' then 'text 4' end
  );
  update public.messages set parent_id = gen_random_uuid() where content = 'text 8';`,
  { [TALE]: ["text 1", "text 3", "text 5", "text 7"] },
  [[
    "select m.content, p.content as parent from public.messages m left join public.messages p on p.id = m.parent_id " +
    "order by 1",
    [
      { content: "text 1", parent: null },
      { content: "text 2", parent: null },
      { content: "text 3", parent: "text 1" },
      { content: "text 4", parent: null },
      { content: "text 5", parent: "text 3" },
      { content: "text 6", parent: "text 4" },
      { content: "text 7", parent: "text 5" },
      { content: "text 8", parent: "text 6" },
    ],
  ]],
);

adoption(
  "takes columns of kindred types",
  OLD + `
  alter table public.messages add column finish_reason varchar(100), alter created_at type timestamp;
  alter table public.bots add column temperature numeric(3, 2) default 1, add column model varchar(40) default 'm',
    add column updated_at date;`,
  ADAS,
);

adoption(
  "takes foreign keys that are checked late, and triggers that refuse every change or are always on",
  OLD + `
  alter table public.messages add column parent_id uuid,
    add foreign key (parent_id) references public.messages (id) deferrable initially deferred;
  create function public.refuse() returns trigger language plpgsql as 'begin raise ''refused''; end';
  create trigger always before update on public.messages for each row execute function public.refuse();
  create trigger origin before update on public.messages for each row execute function public.refuse();
  create trigger off before update on public.messages for each row execute function public.refuse();
  alter table public.messages enable always trigger always, disable trigger off;`,
  ADAS,
  [["select tgname, tgenabled from pg_trigger where tgfoid = 'public.refuse'::regproc order by 1", [
    { tgname: "always", tgenabled: "A" },
    { tgname: "off", tgenabled: "D" },
    { tgname: "origin", tgenabled: "O" },
  ]]],
);

adoption(
  "keeps the settings that are there",
  BOTS + MESSAGES + `
  create table public.user_settings (user_id uuid primary key, theme text);
  insert into public.user_settings values ('${ADA}', 'dark');`,
  {},
  [["select * from public.user_settings", [{
    user_id: ADA,
    theme: "dark",
    default_bot_id: null,
  }]]],
);

/** The types of the ids of bots, conversations and messages. */
const IDS: [IdType, IdType, IdType][] = [
  ["bigint", "bigint", "bigint"],
  ["integer", "integer", "integer"],
  ["text", "text", "text"],
  ["varchar(36)", "varchar(36)", "varchar(36)"],
  ["uuid", "bigint", "text"],
  ["integer", "uuid", "bigint"],
  ["text", "integer", "uuid"],
];

for (const ids of IDS) {
  const { tables, texts } = withIds(...ids);
  adoption(`keeps ids of the types ${ids.join(", ")}`, tables, texts, [
    ["select distinct is_streaming from public.messages", [{ is_streaming: false }]],
    ["select count(*)::integer as kept from public.messages where stream_id is not null", [{ kept: 4 }]],
  ]);
}

const NUMBERED = withIds("bigint", "bigint", "bigint");

adoption(
  "makes ids of the same types for tables that are missing",
  `create table public.messages (
     id bigint generated always as identity primary key, user_id text, conversation_id integer not null,
     content text not null, is_user_author boolean not null, is_streaming boolean, is_complete boolean, stream_id text
   );
   insert into public.messages (user_id, conversation_id, content, is_user_author)
   values ('${ADA}', 40, 'text 1', true), ('${ADA}', 40, 'text 2', false), (null, 41, 'of no user', true), ('', 41, '', true);`,
  { 40: ["text 1", "text 2"] },
  [
    ["select id, user_id from public.conversations", [{ id: 40, user_id: ADA }]],
    ["select count(*)::integer as kept from public.messages where user_id is null", [{ kept: 2 }]],
  ],
);

// What the FastAPI relay's own project has published of its database.
adoption(
  "takes conversations that the app alone can make, times in t, and users of another table",
  `create table public.users (id uuid primary key);
   insert into public.users values ('${ADA}'), ('${BOB}'), ('${ELSE}');
   create table public.bots (
     id serial primary key, model text not null, access_key text, access_path text, context_size integer default 10000,
     temperature double precision default 0.7, name text, is_default boolean not null default false,
     user_id uuid references public.users (id), created_at timestamptz not null, updated_at timestamptz not null
   );
   insert into public.bots (model, is_default, user_id, created_at, updated_at) values
     ('older', true, '${ADA}', '2025-01-01', '2025-01-01'), ('default', true, '${ADA}', '2025-01-01', '2025-01-02'),
     ('newest', false, '${ADA}', '2025-01-01', '2025-01-03'), ('of no user', true, null, '2025-01-01', '2025-01-04'),
     ('of another', true, '${ELSE}', '2025-01-01', '2025-01-05');
   create table public.conversations (
     id serial primary key, character_id integer not null, persona_id integer not null,
     title text not null default 'Conversation', created_at timestamptz default now(),
     user_id uuid references public.users (id), message_count integer not null default 0, bot_id integer
   );
   insert into public.conversations (character_id, persona_id, user_id, bot_id)
   values (1, 1, '${ADA}', 99), (1, 1, '${BOB}', null), (1, 1, null, null), (1, 1, '${ELSE}', 5);
   create table public.messages (
     id serial primary key, conversation_id integer not null references public.conversations (id), content text not null,
     t timestamptz default now(), is_user_author boolean not null, is_active boolean default true,
     is_streaming boolean default false, is_complete boolean default true, stream_id text,
     user_id uuid references public.users (id)
   );
   insert into public.messages (conversation_id, content, t, is_user_author, user_id) values
     (1, 'text 2', '2025-01-02', false, null), (1, 'text 1', '2025-01-01', true, '${ADA}'),
     (2, 'text 3', '2025-01-01', true, '${BOB}'), (4, 'text 4', '2025-01-01', true, '${ELSE}'),
     (4, 'text 5', '2025-01-01', false, '${ELSE}');
   update public.messages set is_active = true where content = 'text 4';
   select setval('public.conversations_id_seq', 500);
   create function public.count_messages() returns trigger language plpgsql security definer as $$
   begin
     update public.conversations set message_count = message_count + 1 where id = new.conversation_id and id = 4;
     return new;
   end $$;
   create trigger counts after insert or update on public.messages for each row execute function count_messages();`,
  { 1: ["text 1", "text 2"], 2: ["text 3"] },
  [
    [
      "select content, created_at = t as is_kept from public.messages where id = 1",
      [{ content: "text 2", is_kept: true }],
    ],
    ["select user_id, default_bot_id from public.user_settings", [{ user_id: ADA, default_bot_id: 2 }]],
    ["select updated_at = timestamptz '2025-01-02' as is_last from public.conversations where id = 1", [{
      is_last: true,
    }]],
    ["select count(*)::integer as kept from public.bots", [{ kept: 5 }]],
    [
      "select m.content from public.messages m join public.conversations c on c.active_message_id = m.id where c.id = 4",
      [{ content: "text 5" }],
    ],
    // The app's triggers see nothing of it and are back, and its sequence does not go back.
    ["select message_count from public.conversations where id = 4", [{ message_count: 0 }]],
    ["select tgenabled from pg_trigger where tgname = 'counts'", [{ tgenabled: "O" }]],
    ["select last_value::integer as last from public.conversations_id_seq", [{ last: 500 }]],
  ],
  { startsConversations: false },
);

/** What cannot be adopted: the old tables, and what is said of them. */
const REFUSALS: [what: string, tables: string, message: string][] = [
  [
    "an ordinary table of chat messages",
    "create table public.messages (id bigserial primary key, conversation_id bigint, role text, content text);",
    "messages: it has no column user_id, so it is no table of the FastAPI relay",
  ],
  [
    "messages with roles",
    MESSAGES.replace("is_user_author boolean not null", "role text not null"),
    "messages: it has no column is_user_author, so it is no table of the FastAPI relay",
  ],
  [
    "bots that are none of a provider",
    "create table public.bots (id uuid primary key, user_id uuid, token text);",
    "bots: it has no column access_key, so it is no table of the FastAPI relay",
  ],
  [
    "conversations without messages",
    "create table public.conversations (id uuid primary key, user_id uuid);",
    "conversations: there is no table of messages with it, so it is no table of the FastAPI relay",
  ],
  [
    "a view",
    MESSAGES.replace("public.messages", "public.texts") + "create view public.messages as select * from public.texts;",
    "messages: it is no ordinary table",
  ],
  [
    "a partitioned table",
    MESSAGES.replace(/;$/, " partition by hash (id);"),
    "messages: it is no ordinary table",
  ],
  ["an unlogged table", MESSAGES.replace("create table", "create unlogged table"), "messages: it is no ordinary table"],
  [
    "several settings of one user",
    "create table public.user_settings (id serial primary key, user_id uuid not null);",
    "user_settings: its column user_id is not unique",
  ],
  [
    "settings whose bots have other ids",
    BOTS + "create table public.user_settings (user_id uuid primary key, default_bot_id text);",
    "user_settings: its column default_bot_id is text, the relay needs uuid, as in public.bots.id",
  ],
  [
    "tables of another role",
    `set session authorization postgres; ${MESSAGES}
     grant select on public.messages to relay_migrator; set session authorization relay_migrator;`,
    "messages: it belongs to the role postgres",
  ],
  [
    "a table of shares",
    "create table public.bot_shares (id uuid);",
    "bot_shares: a table of the FastAPI relay never had this name",
  ],
  [
    "memories of the project's own",
    "create table public.memories (id uuid primary key, user_id uuid, content text);",
    "memories: a table of the FastAPI relay never had this name",
  ],
  [
    "bots that remember a text",
    BOTS.split("insert")[0] + "alter table public.bots add column memory text;",
    "bots: its column memory is text, the relay needs boolean",
  ],
  [
    "ids that may repeat",
    MESSAGES.replace("id uuid primary key", "id uuid"),
    `messages: its column id is neither a primary key nor unique and "not null"`,
  ],
  [
    "ids of a type that is none of an id",
    BOTS.split("insert")[0].replace("id uuid primary key default gen_random_uuid()", "id numeric primary key"),
    "bots: its column id is numeric, the relay needs uuid, bigint, integer, text or varchar",
  ],
  [
    "ids that are too short for new ones",
    NUMBERED.tables.replace("id bigint generated by default as identity", "id varchar(10)").split("insert")[0],
    "bots: its column id is character varying, the relay needs a default, or 36 characters for ids of its own",
  ],
  [
    "messages whose conversations have other ids",
    MESSAGES.replace("conversation_id uuid", "conversation_id text") +
    "create table public.conversations (id uuid primary key, user_id uuid);",
    "messages: its column conversation_id is text, the relay needs uuid, as in public.conversations.id",
  ],
  [
    "users that are none of Auth",
    BOTS.replace("user_id uuid not null references auth.users (id)", "user_id text").replace(`'${ADA}'`, "'ada'"),
    `bots: its column user_id is text and cannot become uuid: invalid input syntax for type uuid: "ada"`,
  ],
  [
    "bots without an owner",
    BOTS + "alter table public.bots drop column user_id;",
    "bots: it has no column user_id, so it is no table of the FastAPI relay",
  ],
  [
    "messages that are in no conversation",
    MESSAGES + ROWS +
    "alter table public.messages drop column conversation_id cascade;",
    "messages: it has no column conversation_id, so it is no table of the FastAPI relay",
  ],
  [
    "messages that must have what the relay does not know",
    MESSAGES + "alter table public.messages add column mood text not null;",
    "messages: its column mood has no default, and the relay does not write it",
  ],
  [
    "ids that may be missing",
    MESSAGES.replace("id uuid primary key", "id uuid unique") + ROWS + "update public.messages set id = null;",
    `messages: its column id is neither a primary key nor unique and "not null"`,
  ],
  [
    "ids that are checked late",
    MESSAGES.replace("primary key", "unique deferrable not null"),
    `messages: its column id is neither a primary key nor unique and "not null"`,
  ],
  [
    "ids of a domain",
    "create domain public.story as bigint;" + MESSAGES.replace("conversation_id uuid", "conversation_id public.story"),
    "messages: its column conversation_id is of a domain, the relay needs bigint",
  ],
  [
    "users' messages with a bot",
    `${OLD} alter table public.messages add column bot_id uuid; update public.messages set bot_id = '${ADA}';`,
    "messages: users' messages have bot_id",
  ],
  [
    "complete messages that ended early",
    OLD + "alter table public.messages add column finish_reason text default 'error';" +
    "update public.messages set finish_reason = null where is_user_author;",
    "messages: complete messages have a finish_reason of incomplete ones",
  ],
  [
    "settings that must have what clients do not know",
    "create table public.user_settings (user_id uuid primary key, theme text not null);",
    "user_settings: its column theme has no default, and clients do not write it",
  ],
];

/** Columns of other types than the relay's: the table, the column as the old table has it, and what is said of it. */
const OTHER_TYPES: [table: string, column: string, found: string][] = [
  ["messages", "created_at text", "is text, the relay needs timestamptz"],
  ["messages", "created_at bigint", "is bigint, the relay needs timestamptz"],
  ["messages", "content varchar(20)", "is character varying(20), the relay needs text"],
  ["messages", "content jsonb", "is jsonb, the relay needs text"],
  ["messages", "is_user_author integer", "is integer, the relay needs boolean"],
  ["messages", "is_complete text", "is text, the relay needs boolean"],
  ["messages", "usage json", "is json, the relay needs jsonb"],
  ["messages", "finish_reason varchar(9)", "is character varying(9), the relay needs text"],
  [
    "messages",
    "finish_reason text generated always as (content) stored",
    "is generated, and the relay writes it",
  ],
  ["bots", "params text", "is text, the relay needs jsonb"],
  ["bots", "headers json", "is json, the relay needs jsonb"],
  ["bots", "model integer", "is integer, the relay needs text"],
  ["bots", "temperature text", "is text, the relay needs double precision"],
  ["bots", "thinks_first integer", "is integer, the relay needs boolean"],
  ["bots", "updated_at text", "is text, the relay needs timestamptz"],
];

for (const [table, column, found] of OTHER_TYPES) {
  const name = column.split(" ")[0];
  refusal(
    `${table} with ${column}`,
    `${OLD} alter table public.${table} drop column if exists ${name}, add column ${column};`,
    `Cannot adopt public.${table}: its column ${name} ${found}`,
  );
}

for (const [what, tables, message] of REFUSALS) refusal(what, tables, `Cannot adopt public.${message}`);
