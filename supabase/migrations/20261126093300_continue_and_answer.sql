-- Steps of relay_begin for starts without a prompt: an answer that is continued, and an answer among several bots. A
-- generation that continues an answer begins with its text, as if beats had stored that, so that beats, readers, finish
-- and sweep need no code of their own.
alter table relay.generations
  add column continued_units integer not null default 0,
  add constraint generations_have_what_they_continue check (continued_units between 0 and text_units);

-- Called for every start: null is the usual case. find_parent has locked the message, and knows that it is the user's.
create function relay.answer_to_continue(
  user_id uuid, message_id relay.message_id,
  out content text, out units integer, out bot_id relay.bot_id, out refused jsonb
)
language plpgsql set search_path = '' as $$
declare
  -- The same number as in protocol/limits.ts.
  v_max_units constant integer := 1048576;
  v_message public.messages;
  v_asked relay.bot_id;
begin
  if message_id is null then
    return;
  end if;
  select m.* into v_message from public.messages m where m.id = message_id;
  -- A text that its user has edited may have line ends that no event can carry.
  content := replace(replace(v_message.content, e'\r\n', e'\n'), e'\r', e'\n');
  units := length(content) + relay.pairs_in(content);
  if v_message.is_user_author or units not between 1 and v_max_units - 1 then
    refused := jsonb_build_object('field', 'continue_of', 'units', case when not v_message.is_user_author then units end);
  end if;
  -- The answer's own bot goes on, if the user may still use it. What a fallback wrote is the answer of the bot that was
  -- asked.
  if v_message.bot_id is not null then
    select g.asked_bot_id into v_asked from relay.generations g where g.stream_id = v_message.stream_id;
    if v_asked is null then
      select c.bot_id into v_asked
      from public.conversations c
      join public.bot_fallbacks f on f.bot_id = c.bot_id and f.fallback_bot_id = v_message.bot_id
      where c.id = v_message.conversation_id;
    end if;
    bot_id := relay.resolve_bot(answer_to_continue.user_id, coalesce(v_asked, v_message.bot_id)::text, null);
  end if;
end;
$$;
comment on function relay.answer_to_continue is
  'The text that is continued, and who wrote it; or what the refusal says: a user''s message has no units there.';

-- For every message of another bot. Messages of a deleted bot have no bot, and count as the answering bot's own, as
-- those of its fallbacks do.
create function relay.name_before(bot_id relay.bot_id, answering relay.bot_id) returns text
language plpgsql stable set search_path = '' as $$
begin
  return (
    select coalesce(nullif(btrim(b.name), ''), b.model) || ': '
    from public.bots b
    where b.id = name_before.bot_id and not exists (
      select 1 from public.bot_fallbacks f where f.bot_id = answering and f.fallback_bot_id = b.id
    )
  );
end;
$$;
comment on function relay.name_before is
  'What stands before the words of another bot in a context; null: they are the answering bot''s own.';
