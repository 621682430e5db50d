/** A database that holds the FastAPI relay's `bots` and `messages` gets the migrations and loses no row. */
import {
  ADA,
  ADAS,
  adoption,
  BOB,
  BOTS,
  type IdType,
  MESSAGES,
  OLD,
  OTHER_TALE,
  ROWS,
  TALE,
  withIds,
} from "./adoption.ts";

/** Signed up with the app alone. */
const ELSE = "e0000000-0000-4000-8000-000000000000";

/** The texts of the two conversations of ROWS. */
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

adoption("takes messages without bots", MESSAGES + ROWS, ADAS);

adoption("takes bots without messages", BOTS, {});

for (const [type, otherwise] of [["numeric", "0.5"], ["text", "'plenty'"]]) {
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
  "keeps the order of rows whose time cannot be read, some of them streaming",
  OLD + `
  alter table public.messages drop column created_at, add column t text default '1700000000';
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
  create unique index messages_stream_id_unique on public.messages (stream_id) where is_streaming;
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

adoption(
  "takes conversations of which a user has one alone",
  OLD + `
  create table public.conversations (id uuid primary key default gen_random_uuid(), user_id uuid not null unique);
  insert into public.conversations values ('${TALE}', '${ADA}'), ('${OTHER_TALE}', '${BOB}');`,
  BOTH,
  [],
  { startsConversations: false },
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
  alter table public.bots add column api varchar(20), add column is_default text default 'perhaps';
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
  ], ["select name, model, access_path, api, params from public.bots", [{
    name: "",
    api: "chat_completions",
    model: "",
    access_path: "https://api.openai.com/v1",
    params: {},
  }]]],
);

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
  "revokes what clients could do before, and adopts tables that a view reads",
  OLD + `grant all on public.bots, public.messages to anon, authenticated;
    create view public.latest as select * from public.messages where not is_streaming;`,
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
  alter table public.messages add column finish_reason varchar(100), alter created_at type timestamp,
    alter stream_id type varchar(36);
  alter table public.bots add column temperature numeric(3, 2) default 1, add column model varchar(40) default 'm',
    add column updated_at date;`,
  ADAS,
);

adoption(
  "takes foreign keys that are checked late, and triggers that refuse every change or are always on",
  OLD + `
  alter table public.messages add column parent_id uuid, add column previous_id uuid,
    add foreign key (previous_id) references public.messages (id) deferrable initially deferred;
  update public.messages set parent_id = case content when 'text 2' then gen_random_uuid() when 'text 4' then id end;
  update public.bots set name = null, access_key = ' old key';
  create function public.refuse() returns trigger language plpgsql as 'begin raise ''refused''; end';
  create trigger always before update on public.messages for each row execute function public.refuse();
  create trigger origin before update on public.messages for each row execute function public.refuse();
  create trigger off before update on public.messages for each row execute function public.refuse();
  create trigger origin before update on public.bots for each row execute function public.refuse();
  alter table public.messages enable always trigger always, disable trigger off;`,
  ADAS,
  [["select tgname, tgenabled from pg_trigger where tgfoid = 'public.refuse'::regproc order by 1", [
    { tgname: "always", tgenabled: "A" },
    { tgname: "off", tgenabled: "D" },
    { tgname: "origin", tgenabled: "O" },
    { tgname: "origin", tgenabled: "O" },
  ]]],
);

const deleted = (table: string, where: string): [string, unknown[]] => [
  `with gone as (delete from public.${table} where ${where} returning 1) select count(*)::integer as rows from gone`,
  [{ rows: 1 }],
];

adoption(
  "lets stories, branches and bots be deleted that the app's own foreign keys would keep, and no more than these",
  OLD + `
  create table public.conversations (
    id uuid primary key, user_id uuid not null, bot_id uuid references public.bots (id), active_message_id uuid
  );
  insert into public.conversations (id, user_id, bot_id)
  select '${TALE}'::uuid, user_id, id from public.bots union all select '${OTHER_TALE}', '${BOB}', null;
  alter table public.messages add foreign key (conversation_id) references public.conversations (id),
    add column parent_id uuid references public.messages (id) on delete set null,
    add column bot_id uuid references public.bots (id) on delete restrict;
  update public.messages set bot_id = (select id from public.bots) where not is_user_author;
  alter table public.conversations
    add foreign key (active_message_id) references public.messages (id) on delete cascade;`,
  {},
  [
    deleted("messages", "content = 'text 5'"),
    ["select active_message_id from public.conversations order by user_id limit 1", [{ active_message_id: null }]],
    ["select string_agg(content, ' ' order by content) as texts from public.messages where user_id = '" + ADA + "'", [
      { texts: "text 1 text 3" },
    ]],
    deleted("bots", "true"),
    deleted("conversations", `id = '${OTHER_TALE}'`),
    ["select count(*)::integer as rows from public.messages where bot_id is null", [{ rows: 2 }]],
  ],
);

adoption(
  "keeps the settings that are there, also next to empty tables",
  BOTS.split("insert")[0] + MESSAGES + `
  create table public.user_settings (user_id uuid primary key, theme text);
  insert into public.user_settings values ('${ADA}', 'dark');`,
  {},
  [["select * from public.user_settings", [{
    user_id: ADA,
    theme: "dark",
    default_bot_id: null,
  }]]],
);

/** The types of the ids of bots, conversations and messages: each type is at each place. */
const IDS: [IdType, IdType, IdType][] = [
  ["bigint", "bigint", "bigint"],
  ["varchar(36)", "text", "integer"],
  ["uuid", "varchar(36)", "text"],
  ["integer", "uuid", "varchar(36)"],
  ["text", "integer", "uuid"],
];

for (const ids of IDS) {
  const { tables, texts } = withIds(...ids);
  adoption(`keeps ids of the types ${ids.join(", ")}`, tables, texts, [
    ["select distinct is_streaming from public.messages", [{ is_streaming: false }]],
    ["select count(*)::integer as kept from public.messages where stream_id is not null", [{ kept: 4 }]],
  ]);
}

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
