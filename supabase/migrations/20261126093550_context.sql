-- A step of relay_begin: the context for the provider. If the path does not fit, its characters are only counted, up to
-- the most that can ever fit, and no text is put together.
create function relay.context_of(
  leaf_id relay.message_id, max_characters integer, prompt text default null, max_messages integer default 10000,
  counted_characters integer default 4000000, steps integer default null, answering relay.bot_id default null,
  continued text default null
) returns jsonb
language plpgsql stable set search_path = '' as $$
declare
  v_said constant text := coalesce(prompt, continued);
  v_length constant bigint := length(coalesce(v_said, ''));
begin
  -- Above the prompt of a new story there is no path.
  if leaf_id is null then
    return jsonb_build_object('characters', v_length, 'fits', true, 'messages', case
      when v_said is null then '[]'
      else jsonb_build_array(jsonb_build_object(
        'role', case when prompt is null then 'assistant' else 'user' end, 'content', v_said
      ))
    end, 'bytes', coalesce(octet_length(v_said) + 12, 0));
  end if;
  return (
    with recursive path as (
      select
        m.parent_id, m.content, m.is_user_author, other.name, 1 as step,
        v_length + length(m.content) + coalesce(length(other.name), 0) as characters
      from public.messages m
      cross join lateral (select case when m.bot_id <> answering then relay.name_before(m.bot_id, answering) end as name) other
      where m.id = leaf_id and steps is distinct from 0
      union all
      select
        m.parent_id, m.content, m.is_user_author, other.name, path.step + 1,
        path.characters + length(m.content) + coalesce(length(other.name), 0)
      from path
      join public.messages m on m.id = path.parent_id
      cross join lateral (select case when m.bot_id <> answering then relay.name_before(m.bot_id, answering) end as name) other
      where path.characters <= greatest(max_characters, counted_characters)
        and path.step < least(steps, max_messages + 1)
    ), total as (
      select
        coalesce(max(path.characters), v_length) as characters,
        coalesce(max(path.characters) <= max_characters and max(path.step) <= max_messages, true) as fits
      from path
    ), sent as (
      select
        path.step, coalesce(path.name, '') || path.content as content,
        case when path.is_user_author or path.name is not null then 'user' else 'assistant' end as role
      from path
      where path.content <> ''
      union all
      select 0, v_said, case when prompt is null then 'assistant' else 'user' end
      where v_said is not null
    )
    select jsonb_build_object('characters', t.characters, 'fits', t.fits, 'messages', case when t.fits then (
      select coalesce(jsonb_agg(jsonb_build_object('role', s.role, 'content', s.content) order by s.step desc), '[]')
      from sent s
    ) end, 'bytes', case when t.fits then (
      select coalesce(sum(octet_length(s.content) + 12), 0) from sent s
    ) end)
    from total t
  );
end;
$$;
comment on function relay.context_of is
  'The messages from the leaf up, as many as steps says, and the prompt or the answer that is continued, as a provider '
  'takes them: what other bots wrote is the user''s, after their names. Null where they do not keep the limits. How many '
  'characters they have, counted until there are too many for any request, and how many bytes.';
