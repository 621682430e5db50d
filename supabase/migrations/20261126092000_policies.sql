-- Deny by default, grant by name. Column grants only hold once the table's own grant is gone, so the revokes come first.
alter table public.bots enable row level security;
alter table public.bot_shares enable row level security;
alter table public.user_settings enable row level security;
alter table public.conversations enable row level security;
alter table public.messages enable row level security;

revoke all on table public.bots, public.bot_shares, public.user_settings, public.conversations, public.messages
from public, anon, authenticated;

grant all on table public.bots, public.bot_shares, public.user_settings, public.conversations, public.messages
to service_role;

grant
  select (id, user_id, name, access_path, model, temperature, system_prompt, params, created_at, updated_at),
  insert (id, user_id, name, access_key, access_path, model, temperature, system_prompt, params),
  update (name, access_key, access_path, model, temperature, system_prompt, params),
  delete
on table public.bots to authenticated;

-- How the model is asked; headers are secret like the key.
grant
  select (api, takes_system, first_turn_is_user, thinks_first, takes_prefill),
  insert (api, headers, takes_system, first_turn_is_user, thinks_first, takes_prefill),
  update (api, headers, takes_system, first_turn_is_user, thinks_first, takes_prefill)
on table public.bots to authenticated;

grant select, insert (bot_id, user_id), delete on table public.bot_shares to authenticated;

-- user_id can be updated because an upsert sets each column that was sent; the policy allows no other value.
grant select, insert (user_id, default_bot_id), update (user_id, default_bot_id), delete on table public.user_settings
to authenticated;

grant
  select,
  insert (id, user_id, bot_id, title),
  update (bot_id, title, active_message_id),
  delete
on table public.conversations to authenticated;

-- stream_id is the relay's: a client that writes it could take the id of another user's generation.
grant
  select,
  insert (id, user_id, conversation_id, parent_id, content, is_user_author, is_streaming, is_complete),
  update (content),
  delete
on table public.messages to authenticated;

-- A definer, because the policies of bots and bot_shares would otherwise call each other without end. It answers for
-- the caller alone. Policies use a list, computed once for a statement: a condition for each row would read the bots of
-- all users.
create function public.own_bots() returns setof public.bots.id%type
language sql stable security definer set search_path = '' as $$
  select b.id from public.bots b where b.user_id = (select auth.uid());
$$;

comment on function public.own_bots is 'The ids of the bots that the caller owns; for the policies of bot_shares.';
revoke all on function public.own_bots from public, anon;
grant execute on function public.own_bots to authenticated, service_role;

create policy bots_are_read_by_owner_and_shared_with on public.bots for select to authenticated
using (
  user_id = (select auth.uid())
  or id = any (array(select s.bot_id from public.bot_shares s where s.user_id = (select auth.uid())))
);
create policy bots_are_made_by_their_owner on public.bots for insert to authenticated
with check (user_id = (select auth.uid()));
create policy bots_are_changed_by_their_owner on public.bots for update to authenticated
using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy bots_are_deleted_by_their_owner on public.bots for delete to authenticated
using (user_id = (select auth.uid()));

create policy shares_are_read_by_both_sides on public.bot_shares for select to authenticated
using (user_id = (select auth.uid()) or bot_id = any (array(select public.own_bots())));
create policy shares_are_made_by_the_owner on public.bot_shares for insert to authenticated
with check (bot_id = any (array(select public.own_bots())));
create policy shares_are_ended_by_either_side on public.bot_shares for delete to authenticated
using (user_id = (select auth.uid()) or bot_id = any (array(select public.own_bots())));

-- The bot is looked up under the caller's own policies: an unknown bot and a stranger's are refused alike.
create policy settings_are_their_users on public.user_settings for all to authenticated
using (user_id = (select auth.uid()))
with check (
  user_id = (select auth.uid())
  and (default_bot_id is null or exists (select 1 from public.bots b where b.id = default_bot_id))
);

create policy conversations_are_their_users on public.conversations for all to authenticated
using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));

-- A trigger, because a policy does not see whether the bot is new: a conversation can still be renamed and read once
-- the share of its bot has ended. It runs under the caller's own policies, too.
create function public.conversations_check_bot() returns trigger
language plpgsql set search_path = '' as $$
begin
  if not exists (select 1 from public.bots b where b.id = new.bot_id) then
    raise insufficient_privilege using message = 'Cannot set the bot of the conversation: there is no such bot';
  end if;
  return new;
end;
$$;

comment on function public.conversations_check_bot() is 'Lets a conversation have only a bot that its user may use.';
revoke all on function public.conversations_check_bot() from public, anon, authenticated;

create trigger conversations_check_bot_at_first before insert on public.conversations
for each row when (new.bot_id is not null) execute function public.conversations_check_bot();
create trigger conversations_check_bot_later before update of bot_id on public.conversations
for each row when (new.bot_id is not null and new.bot_id is distinct from old.bot_id)
execute function public.conversations_check_bot();

create policy messages_are_their_users on public.messages for all to authenticated
using (user_id = (select auth.uid()))
with check (
  user_id = (select auth.uid())
  and exists (
    select 1 from public.conversations c where c.id = messages.conversation_id and c.user_id = (select auth.uid())
  )
);
