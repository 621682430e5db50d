/** A database that holds the FastAPI relay's `bots` and `messages` gets the migrations and loses no row. */
import { ADA, adoption, BOB, BOTS, MESSAGES, OTHER_TALE, refusal, ROWS, TALE } from "./adoption.ts";

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

/** What cannot be adopted: the old tables, and what is said of them. */
const REFUSALS: [what: string, tables: string, message: string][] = [
  [
    "messages with numbers for ids",
    BOTS +
    MESSAGES.replace("id uuid primary key default gen_random_uuid()", "id bigint primary key"),
    "messages: its column id is bigint, the relay needs uuid",
  ],
  [
    "bots with numbers for ids",
    BOTS.split("insert")[0].replace("id uuid primary key default gen_random_uuid()", "id bigint primary key"),
    "bots: its column id is bigint, the relay needs uuid",
  ],
  [
    "conversations with names for ids",
    "create table public.conversations (id text primary key, user_id uuid);",
    "conversations: its column id is text, the relay needs uuid",
  ],
  [
    "messages whose conversation has a name",
    MESSAGES.replace("conversation_id uuid", "conversation_id text"),
    "messages: its column conversation_id is text, the relay needs uuid",
  ],
  [
    "bots without an owner",
    BOTS + "alter table public.bots drop column user_id;",
    "bots: it has rows and no column user_id",
  ],
  [
    "messages that are in no conversation",
    MESSAGES + ROWS +
    "alter table public.messages drop column conversation_id cascade;",
    "messages: it has rows and no column conversation_id",
  ],
  [
    "messages that must have what the relay does not know",
    MESSAGES + "alter table public.messages add column mood text not null;",
    "messages: its column mood has no default, and the relay does not write it",
  ],
];

for (const [what, tables, message] of REFUSALS) refusal(what, tables, `Cannot adopt public.${message}`);
