-- A conversation is a tree of messages by parent_id, and points at its active leaf.
create table if not exists public.conversations (id relay.conversation_id primary key);

alter table public.conversations
  add column if not exists user_id uuid not null,
  add column if not exists bot_id relay.bot_id references public.bots (id) on delete set null,
  add column if not exists title text not null default '',
  add column if not exists active_message_id relay.message_id,
  add column if not exists created_at timestamptz not null default now(),
  add column if not exists updated_at timestamptz;
select relay.complete_ids('public.conversations');

alter table public.conversations
  add constraint conversations_belong_to_a_user
    foreign key (user_id) references auth.users (id) on delete cascade not valid;

create index conversations_by_owner on public.conversations (user_id, updated_at desc);
create index conversations_by_bot on public.conversations (bot_id);

create table if not exists public.messages (id relay.message_id primary key);

alter table public.messages
  add column if not exists user_id uuid not null,
  add column if not exists conversation_id relay.conversation_id not null,
  add column if not exists content text not null default '',
  add column if not exists is_user_author boolean not null default true,
  add column if not exists is_streaming boolean not null default false,
  add column if not exists is_complete boolean not null default true,
  add column if not exists stream_id text,
  add column if not exists parent_id relay.message_id,
  add column if not exists bot_id relay.bot_id references public.bots (id) on delete set null,
  add column if not exists finish_reason text,
  add column if not exists usage jsonb,
  add column if not exists created_at timestamptz;
select relay.complete_ids('public.messages');

-- Adopted tables may lack the defaults: the app may have made its own ids and times.
alter table public.conversations
  alter column title set default '',
  alter column created_at set default now(),
  alter column updated_at set default now();
alter table public.messages
  alter column content set default '',
  alter column is_user_author set default true,
  alter column is_streaming set default false,
  alter column is_complete set default true,
  alter column stream_id drop not null,
  alter column created_at set default now();

comment on table public.conversations is 'A tree of messages and the leaf that is being read.';
comment on column public.conversations.active_message_id is 'The active leaf: what a prompt without parent_id answers.';
comment on column public.conversations.bot_id is 'Answers where the request names no bot.';
comment on table public.messages is 'What users and bots wrote.';
comment on column public.messages.parent_id is 'The message that this one answers or follows; null at a root.';
comment on column public.messages.stream_id is 'The generation that wrote the message; written by the relay alone.';
comment on column public.messages.is_streaming is 'Always false: a message is stored when its generation ends.';
comment on column public.messages.is_complete is 'True where the provider itself finished, and for what a user wrote.';
comment on column public.messages.finish_reason is
  'The provider''s, or cancelled, disconnected, timeout, interrupted, error; null for users'' messages.';
comment on column public.messages.usage is 'Tokens as the provider reports them, and what they cost.';
