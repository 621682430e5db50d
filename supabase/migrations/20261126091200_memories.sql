-- Memories: what has happened in a story, in short. A memory belongs to a message and sums up the story up to and with
-- it, so it is right in every branch below that message, and in no other.
create table public.memories (
  message_id relay.message_id primary key references public.messages (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  content text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint memories_are_not_blank check (content ~ '\S')
);
select relay.complete_ids('public.memories');

create index memories_by_user on public.memories (user_id);

comment on table public.memories is 'What happened up to and with a message, in short: sent in place of the text.';
comment on column public.memories.message_id is 'The message that it ends with; the text after it is sent as it is.';
comment on column public.memories.content is 'Written by the bot or by the user, who may change and delete it.';

create trigger memories_touch before update on public.memories
for each row execute function relay.touch();

alter table public.memories enable row level security;
revoke all on table public.memories from public, anon, authenticated;
grant all on table public.memories to service_role;
grant select, insert (message_id, user_id, content), update (content), delete on table public.memories to authenticated;

-- An unknown message and a stranger's are refused alike, also where a policy of the project's own shows it.
create policy memories_are_their_users on public.memories for all to authenticated
using (user_id = (select auth.uid()))
with check (
  user_id = (select auth.uid())
  and exists (
    select 1 from public.messages m where m.id = memories.message_id and m.user_id = (select auth.uid())
  )
);
