-- The two questions of relay_begin that read the story: which bot answers, and what it is told. In plpgsql, which keeps
-- its plans: a function in sql that cannot be inlined is planned again at each call, which took longer than running it.
create function relay.resolve_bot(user_id uuid, explicit_bot_id uuid, conversation_bot_id uuid) returns uuid
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select b.id
    from (
      select 1 as step, explicit_bot_id as bot_id
      union all
      select 2, conversation_bot_id where explicit_bot_id is null
      union all
      select 3, s.default_bot_id
      from public.user_settings s
      where s.user_id = resolve_bot.user_id and explicit_bot_id is null
      union all
      (
        select 4, o.id
        from public.bots o
        where o.user_id = resolve_bot.user_id and explicit_bot_id is null
        order by o.updated_at desc, o.id
        limit 1
      )
    ) candidate
    join public.bots b on b.id = candidate.bot_id
    where b.user_id = resolve_bot.user_id
      or exists (select 1 from public.bot_shares s where s.bot_id = b.id and s.user_id = resolve_bot.user_id)
    order by candidate.step
    limit 1
  );
end;
$$;

comment on function relay.resolve_bot(uuid, uuid, uuid) is
  'The first that exists and that the user may use: the explicit bot (then no other), the conversation''s, the default, the one updated last.';
revoke all on function relay.resolve_bot(uuid, uuid, uuid) from public, anon, authenticated;
grant execute on function relay.resolve_bot(uuid, uuid, uuid) to service_role;

-- Rows that a client inserts in one statement can form a ring, so the walk is bounded by its length and by its steps.
create function relay.story_path(leaf_id uuid, max_characters integer, max_messages integer default 10000) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_answer jsonb;
begin
  with recursive path as (
    select m.parent_id, m.content, m.is_user_author, 1 as step, length(m.content)::bigint as characters
    from public.messages m
    where m.id = leaf_id
    union all
    select m.parent_id, m.content, m.is_user_author, path.step + 1, path.characters + length(m.content)
    from path
    join public.messages m on m.id = path.parent_id
    where path.characters <= max_characters and path.step <= max_messages
  )
  select jsonb_build_object(
    'characters', coalesce(max(path.characters), 0),
    'fits', coalesce(max(path.characters) <= max_characters and max(path.step) <= max_messages, true),
    'messages', coalesce(
      jsonb_agg(
        jsonb_build_object(
          'role', case when path.is_user_author then 'user' else 'assistant' end,
          'content', path.content
        )
        order by path.step desc
      ) filter (where path.content <> ''),
      '[]'
    )
  ) into v_answer
  from path;
  return v_answer;
end;
$$;

comment on function relay.story_path(uuid, integer, integer) is
  'The messages from the root to the leaf, as a provider takes them, and whether they keep the limits.';
revoke all on function relay.story_path(uuid, integer, integer) from public, anon, authenticated;
grant execute on function relay.story_path(uuid, integer, integer) to service_role;
