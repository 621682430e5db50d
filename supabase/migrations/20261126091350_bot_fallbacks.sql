-- Fallbacks: which bots are asked in place of one whose provider is down, and in which order. Written by the bot's owner,
-- who must be allowed to use them: here when one is set, and in relay.chain_of when one is used, because a share can end.
create table public.bot_fallbacks (
  bot_id relay.bot_id not null references public.bots (id) on delete cascade,
  position smallint not null,
  fallback_bot_id relay.bot_id not null references public.bots (id) on delete cascade,
  primary key (bot_id, position),
  constraint bot_fallbacks_are_named_once unique (bot_id, fallback_bot_id),
  constraint bot_fallbacks_are_few check (position between 1 and 3),
  constraint bot_fallbacks_are_other_bots check (fallback_bot_id <> bot_id)
);
select relay.complete_ids('public.bot_fallbacks');

create index bot_fallbacks_by_fallback on public.bot_fallbacks (fallback_bot_id);

comment on table public.bot_fallbacks is 'Who is asked in place of a bot whose provider is down.';
comment on column public.bot_fallbacks.position is 'The order, from 1 to 3; gaps do no harm.';
comment on column public.bot_fallbacks.fallback_bot_id is
  'Gives address, key, model and parameters; instructions, memory and context are those of the bot that was asked.';

alter table public.bot_fallbacks enable row level security;
revoke all on table public.bot_fallbacks from public, anon, authenticated;
grant all on table public.bot_fallbacks to service_role;
-- bot_id can be updated because an upsert sets each column that was sent.
grant
  select, insert (bot_id, position, fallback_bot_id), update (bot_id, position, fallback_bot_id), delete
on table public.bot_fallbacks to authenticated;

-- The fallback is looked up under the caller's own policies: an unknown bot and a stranger's are refused alike.
create policy fallbacks_are_their_bots_owners on public.bot_fallbacks for all to authenticated
using (bot_id = any (array(select b.id from public.bots b where b.user_id = (select auth.uid()))))
with check (
  bot_id = any (array(select b.id from public.bots b where b.user_id = (select auth.uid())))
  and exists (select 1 from public.bots b where b.id = bot_fallbacks.fallback_bot_id)
);
