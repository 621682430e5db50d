-- What conversations, messages and bots say of each other: foreign keys, checks, and the indexes that these need.

-- With a foreign key of the project's own, a story or a bot might never be deleted, or more than it. So those of another
-- action give way to the relay's.
do $$
declare
  v_key record;
begin
  for v_key in
    select w.of_table, w.name, k.conname, w.action = 'n' and w.target = 'bots' as is_bot, k.confdeltype = w.action as is_right
    from (
      values
        ('user_settings', 'default_bot_id', 'bots', 'n'), ('conversations', 'bot_id', 'bots', 'n'),
        ('messages', 'bot_id', 'bots', 'n'), ('conversations', 'active_message_id', 'messages', 'n'),
        ('messages', 'conversation_id', 'conversations', 'c'), ('messages', 'parent_id', 'messages', 'c')
    ) as w (of_table, name, target, action)
    join pg_catalog.pg_attribute a on a.attrelid = format('public.%I', w.of_table)::regclass and a.attname = w.name
    left join pg_catalog.pg_constraint k
      on k.conrelid = a.attrelid and k.contype = 'f' and a.attnum = any (k.conkey)
        and k.confrelid = format('public.%I', w.target)::regclass
  loop
    if not v_key.is_right then
      execute format('alter table public.%I drop constraint %I', v_key.of_table, v_key.conname);
    end if;
    -- A column of the project's own may point nowhere.
    if v_key.is_bot and v_key.is_right is not true then
      execute format('alter table public.%1$I add constraint %1$s_have_a_bot foreign key (%2$I) '
        'references public.bots (id) on delete set null not valid', v_key.of_table, v_key.name);
    end if;
  end loop;
end;
$$;

-- Columns of the project's own may point at messages that are gone.
select relay.write_quietly('public.messages', $sql$
  update public.messages m set parent_id = null
  where m.parent_id is not null and not exists (
    select 1 from public.messages p
    where p.id = m.parent_id and p.id <> m.id and p.conversation_id = m.conversation_id
  )
$sql$);
select relay.write_quietly('public.conversations', $sql$
  update public.conversations c set active_message_id = null
  where c.active_message_id is not null and not exists (
    select 1 from public.messages m where m.id = c.active_message_id and m.conversation_id = c.id
  )
$sql$);

-- The foreign keys below point at the pair, so that no parent and no active leaf is in another conversation.
alter table public.messages
  add constraint messages_id_in_conversation unique (id, conversation_id);

alter table public.messages
  add constraint messages_belong_to_a_user
    foreign key (user_id) references auth.users (id) on delete cascade not valid,
  add constraint messages_belong_to_a_conversation
    foreign key (conversation_id) references public.conversations (id) on delete cascade not valid,
  add constraint messages_hang_below_their_parent
    foreign key (parent_id, conversation_id) references public.messages (id, conversation_id) on delete cascade,
  add constraint messages_are_not_their_own_parent check (parent_id <> id),
  add constraint messages_of_users_have_no_ending
    check (not is_user_author or (finish_reason is null and usage is null and bot_id is null)),
  add constraint messages_stopped_early_are_incomplete
    check (
      not is_complete
      or finish_reason is null
      or finish_reason not in ('cancelled', 'disconnected', 'timeout', 'interrupted', 'error')
    );

-- With both columns of the foreign key: without statistics, one by parent_id alone looks no better than the next index, and
-- each row of a deleted chain would read the whole conversation.
create index messages_by_parent on public.messages (parent_id, conversation_id);
create index messages_by_conversation on public.messages (conversation_id, created_at, id);
create index messages_by_user on public.messages (user_id);
create index messages_by_bot on public.messages (bot_id);

alter table public.conversations
  add constraint conversations_point_at_their_own_message
    foreign key (active_message_id, id) references public.messages (id, conversation_id)
    on delete set null (active_message_id);

create index conversations_by_active_message on public.conversations (active_message_id);
