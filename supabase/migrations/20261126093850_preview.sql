-- What relay_begin answers to a preview: the sizes of what it would send, and which bot answers and why. Nothing is
-- written.
create function relay.preview_of(
  user_id uuid, bot public.bots, usual_bot_id relay.bot_id, conversation_id relay.conversation_id,
  parent relay.message_id, named_bot text, said text, continued_id relay.message_id, continued text, cut relay.cut,
  rate jsonb, is_replaced boolean
) returns jsonb
language plpgsql stable set search_path = '' as $$
declare
  v_reason constant text := case
    when is_replaced then 'hook'
    when named_bot is not null then 'explicit'
    when bot.id = usual_bot_id then 'conversation'
    when exists (
      select 1 from public.user_settings s where s.user_id = preview_of.user_id and s.default_bot_id = bot.id
    ) then 'default'
    else 'latest'
  end;
  -- The worker does not send the white space at the end of a text that is continued. This is JavaScript's trimEnd(), and
  -- not \s, which also has U+0085 or U+001C to U+001F where the locale says so.
  v_blank_end constant text := '[\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+$';
  v_messages jsonb;
begin
  with recursive path as (
    select m.id, m.parent_id, m.bot_id, m.content, m.is_user_author, 1 as step
    from public.messages m
    where m.id = parent and cut.steps is distinct from 0 and cut.given_bytes is null
    union all
    select m.id, m.parent_id, m.bot_id, m.content, m.is_user_author, path.step + 1
    from path
    join public.messages m on m.id = path.parent_id
    where path.step < cut.steps or cut.steps is null
  ), sent as (
    select
      p.id, coalesce(other.name, '') || p.content as content, p.is_user_author or other.name is not null as is_turn, p.step
    from path p
    cross join lateral (select case when p.bot_id <> bot.id then relay.name_before(p.bot_id, bot.id) end as name) other
    where p.content <> ''
    union all
    select continued_id, coalesce(said, continued), said is not null, 0 where num_nonnulls(said, continued) > 0
  )
  select jsonb_agg(relay.exact_ids(jsonb_build_object(
    'role', case when s.is_turn then 'user' else 'assistant' end, 'bytes', octet_length(s.content) + 12,
    'characters', length(case when s.id = continued_id then regexp_replace(s.content, v_blank_end, '') else s.content end),
    'message_id', s.id
  )) order by s.step desc) into v_messages
  from sent s;
  return relay.exact_ids(jsonb_build_object(
    'bot_id', bot.id, 'conversation_id', conversation_id, 'parent_id', parent
  )) || jsonb_build_object(
    'outcome', 'previewed', 'bot_reason', v_reason, 'model', bot.model, 'system_prompt', bot.system_prompt,
    'takes_system', bot.takes_system, 'takes_prefill', bot.takes_prefill and bot.api <> 'openai_responses',
    'messages', coalesce(v_messages, '[]'),
    'memory', case when cut.memory_id is not null then relay.exact_ids(jsonb_build_object(
      'message_id', cut.memory_id, 'characters', cut.memory_characters, 'bytes', cut.memory_bytes
    )) end, 'left_out', cut.left_out, 'fixed_bytes', cut.fixed_bytes, 'bytes_per_token', cut.bytes_per_token,
    'context_tokens', cut.context_tokens, 'reply_tokens', cut.reply_tokens, 'fits', not cut.is_exceeded, 'rate', rate
  );
end;
$$;
comment on function relay.preview_of is 'The bot, why it answers, and the messages by size that a provider would be sent.';
