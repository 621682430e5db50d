-- What relay_begin answers to a preview: what it would send, by size, and why. Nothing has been written.
create function relay.preview_of(
  user_id uuid, bot public.bots, conversation public.conversations, parent relay.message_id, named_bot text, said text,
  cut relay.cut, rate jsonb
) returns jsonb
language plpgsql stable set search_path = '' as $$
declare
  v_reason constant text := case
    when named_bot is not null then 'explicit'
    when bot.id = conversation.bot_id then 'conversation'
    when exists (
      select 1 from public.user_settings s where s.user_id = preview_of.user_id and s.default_bot_id = bot.id
    ) then 'default'
    else 'latest'
  end;
  v_messages jsonb;
begin
  with recursive path as (
    select m.id, m.parent_id, m.content, m.is_user_author, 1 as step
    from public.messages m
    where m.id = parent and cut.steps is distinct from 0
    union all
    select m.id, m.parent_id, m.content, m.is_user_author, path.step + 1
    from path
    join public.messages m on m.id = path.parent_id
    where path.step < cut.steps or cut.steps is null
  )
  select jsonb_agg(relay.exact_ids(jsonb_build_object(
    'role', case when s.is_user_author then 'user' else 'assistant' end, 'characters', length(s.content),
    'bytes', octet_length(s.content) + 12, 'message_id', s.id
  )) order by s.step desc) into v_messages
  from (
    select p.id, p.content, p.is_user_author, p.step from path p where p.content <> ''
    union all
    select null, said, true, 0 where said is not null
  ) s;
  return relay.exact_ids(jsonb_build_object(
    'bot_id', bot.id, 'conversation_id', conversation.id, 'parent_id', parent
  )) || jsonb_build_object(
    'outcome', 'previewed', 'bot_reason', v_reason, 'model', bot.model, 'system_prompt', bot.system_prompt,
    'takes_system', bot.takes_system, 'messages', coalesce(v_messages, '[]'), 'memory', null, 'left_out', cut.left_out,
    'fixed_bytes', cut.fixed_bytes, 'bytes_per_token', cut.bytes_per_token, 'context_tokens', cut.context_tokens,
    'reply_tokens', cut.reply_tokens, 'fits', not cut.is_exceeded, 'rate', rate
  );
end;
$$;
comment on function relay.preview_of is 'The bot, why it answers, and the messages by size that a provider would be sent.';
