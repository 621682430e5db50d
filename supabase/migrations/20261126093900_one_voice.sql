-- One voice at a time: a prompt that follows the active leaf waits for the answer that will be that leaf. Also: where
-- the text of a generation that was cancelled at an offset ends.

-- The same condition as the one under which relay.store_message makes an answer the active leaf.
create function relay.voice_of(conversation public.conversations) returns relay.generations
language plpgsql stable set search_path = '' as $$
declare
  v_generation relay.generations;
begin
  if conversation.id is null then
    return null;
  end if;
  -- Looks among the user's running generations, which are few; a conversation may have had thousands. One that is not
  -- about to end comes first.
  select g.* into v_generation
  from relay.generations g
  where g.user_id = conversation.user_id and g.status = 'running' and g.kind = 'answer'
    and g.conversation_id = conversation.id
    and g.leaf_id is not distinct from conversation.active_message_id
  order by g.cancel_requested_at nulls first, g.lease_expires_at desc
  limit 1;
  return v_generation;
end;
$$;
comment on function relay.voice_of is
  'The running generation whose answer will be the active leaf of the conversation; null: there is none.';

-- A client that has stored its prompt cannot take it back, and clients of the FastAPI relay do not know this refusal.
-- So such a prompt only waits for an answer that is about to end, and not even for that if its client has given it a
-- parent.
create function relay.busy_of(conversation public.conversations, own_id relay.message_id, rate jsonb) returns jsonb
language plpgsql stable set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_voice constant relay.generations := relay.voice_of(conversation);
  -- A worker learns of a cancel with its next beat. If the generation has not ended after three seconds, the worker may
  -- be dead.
  v_ends_soon constant boolean := v_voice.lease_expires_at < v_now
    or coalesce(v_voice.cancel_requested_at > v_now - interval '3 seconds', false);
begin
  if v_voice.stream_id is null then
    return null;
  end if;
  if own_id is not null and (
    not v_ends_soon or own_id = conversation.active_message_id
    or exists (select 1 from public.messages m where m.id = own_id and m.parent_id is not null)
  ) then
    return null;
  end if;
  return relay.refusal('conversation_busy', rate, jsonb_build_object(
    'stream_id', v_voice.stream_id, 'ends_soon', v_ends_soon,
    'retry_after_s', greatest(ceil(extract(epoch from v_voice.lease_expires_at - v_now)), 1)
  ));
end;
$$;
comment on function relay.busy_of is
  'The refusal of a prompt for the active leaf while that is being written; null: it may begin. With ends_soon the '
  'worker asks again. After retry_after_s the generation has ended if its worker is dead.';

create function public.relay_running(user_id uuid, conversation_id text) returns text
language plpgsql set search_path = '' as $$
declare
  v_conversation public.conversations;
  v_voice relay.generations;
begin
  select c.* into v_conversation
  from public.conversations c
  where c.user_id = relay_running.user_id and c.id = relay.to_conversation_id(relay_running.conversation_id);
  v_voice := relay.voice_of(v_conversation);
  if v_voice.lease_expires_at < clock_timestamp() then
    perform relay.close_expired(v_voice.stream_id);
    return null;
  end if;
  return v_voice.stream_id;
end;
$$;
comment on function public.relay_running is
  'The stream_id of the generation whose answer will be the active leaf of the user''s conversation. Null: none runs, '
  'or there is no such conversation.';
revoke all on function public.relay_running from public, anon, authenticated;
grant execute on function public.relay_running to service_role;

-- A cancel names the offset up to which its reader has shown the text, but not the reader. An offset beyond what the
-- others were sent can only be the remaining reader's. A smaller one may be any reader's, and then the text ends where
-- the last of them is.
create function relay.end_of(
  generation relay.generations, sent_units integer default null, sent_to_others integer default 0
) returns integer
language plpgsql immutable set search_path = '' as $$
declare
  v_others constant integer := greatest(generation.read_units, sent_to_others);
begin
  return case
    when v_others = 0 or generation.cancel_at > v_others then generation.cancel_at
    when sent_units is not null and generation.cancel_at is not null then greatest(sent_units, v_others)
  end;
end;
$$;
comment on function relay.end_of is
  'Where the text of a cancelled generation ends, in UTF-16 units; null: with all that came. sent_units: what readers '
  'on its worker were sent, null where that is unknown; sent_to_others: the same, without the reader that was sent most.';

create function relay.text_up_to(content text, units integer) returns text
language plpgsql immutable set search_path = '' as $$
begin
  -- No character has more units than bytes.
  return case
    when octet_length(content) > units then left(content, (relay.characters_in(content, units)).characters)
    else content
  end;
end;
$$;
comment on function relay.text_up_to is 'The characters that fit into so many UTF-16 units; all of them where units is null.';

create function relay.readable_units(generation relay.generations, is_noted boolean) returns integer
language plpgsql stable set search_path = '' as $$
begin
  return case
    when generation.cancel_at is not null
      then least(generation.text_units, greatest(generation.cancel_at, generation.read_units))
    when is_noted or generation.lease_expires_at < clock_timestamp() then generation.text_units
    else least(generation.text_units, generation.read_units)
  end;
end;
$$;
comment on function relay.readable_units is
  'How much of a running generation may be shown: after a cancel at an offset nothing that it cuts off, and before, '
  'without a note, what another reader has had.';
