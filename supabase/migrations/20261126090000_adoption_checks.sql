-- Checks the ids and the other columns of adopted tables, and refuses what cannot be adopted before anything has
-- changed.
do $$
declare
  v_way_out constant text := 'Rename the table, or change it, and push the migrations again.';
  v_column record;
begin
  -- Each table's ids keep their type; what points at a table has the same type, apart from the length.
  for v_column in
    with ids as (
      select
        c.*, target, c.table_name || '.' || c.column_name as name,
        case when c.data_type = 'uuid' then 'uuid' when c.data_type in ('text', 'character varying') then 'text'
          when c.data_type in ('bigint', 'integer') then 'number' end as kind
      from information_schema.columns c
      join (
        values
          ('bots', 'bots.id'), ('bots', 'conversations.bot_id'), ('bots', 'messages.bot_id'),
          ('bots', 'user_settings.default_bot_id'),
          ('conversations', 'conversations.id'), ('conversations', 'messages.conversation_id'),
          ('messages', 'messages.id'), ('messages', 'messages.parent_id'),
          ('messages', 'conversations.active_message_id')
      ) as pointer (target, name) on pointer.name = c.table_name || '.' || c.column_name
      where c.table_schema = 'public'
    )
    select i.table_name, i.column_name, i.data_type, case
      when i.kind is null then 'uuid, bigint, integer, text or varchar'
      when i.kind is distinct from first_value(i.kind) over same then
        first_value(i.data_type) over same || ', as in public.' || first_value(i.name) over same
      when i.name = i.target || '.id' and i.column_default is null and i.character_maximum_length < 36 then
        'a default, or 36 characters for ids of its own'
    end as wanted
    from ids i
    window same as (partition by i.target order by i.name <> i.target || '.id', i.name)
  loop
    if v_column.wanted is not null then
      raise exception using
        message = format('Cannot adopt public.%I: its column %I is %s, the relay needs %s', v_column.table_name,
          v_column.column_name, v_column.data_type, v_column.wanted),
        hint = v_way_out;
    end if;
  end loop;

  -- A user's id becomes a uuid, because Supabase Auth has no others, and a stream_id text. A number of tokens stays;
  -- any other value becomes null. An index or a view of the project's own may prevent this; then nothing has changed
  -- either.
  for v_column in
    select c.*, t.type, case t.type
      when 'integer' then replace(
        'case when @::text ~ ''^[0-9]{1,8}([.]0*)?$'' then @::text::numeric::integer end', '@', quote_ident(c.column_name)
      )
      else format('nullif(%I::text, '''')::%s', c.column_name, t.type)
    end as value
    from information_schema.columns c
    join (
      values ('user_id', 'uuid'), ('stream_id', 'text'), ('context_tokens', 'integer'), ('reply_tokens', 'integer')
    ) as t (name, type) on t.name = c.column_name
    where c.table_schema = 'public' and (
      (c.table_name in ('bots', 'conversations', 'messages', 'user_settings') and c.column_name = 'user_id'
        and c.data_type <> 'uuid')
      or (c.table_name = 'messages' and c.column_name = 'stream_id' and c.data_type <> 'text')
      or (c.table_name = 'bots' and t.type = 'integer' and c.data_type <> 'integer')
    )
  loop
    begin
      execute format('alter table public.%1$I %5$s alter column %2$I type %3$s using %4$s', v_column.table_name,
        v_column.column_name, v_column.type, v_column.value, case v_column.type when 'integer' then
          format('alter column %1$I drop default, alter column %1$I drop not null,', v_column.column_name) end);
    exception when others then
      raise exception using
        message = format('Cannot adopt public.%I: its column %I is %s and cannot become %s: %s', v_column.table_name,
          v_column.column_name, v_column.data_type, v_column.type, sqlerrm),
        hint = v_way_out;
    end;
  end loop;

  if exists (
    select 1 from pg_catalog.pg_attribute a
    where a.attrelid = to_regclass('public.bots') and a.attname = 'access_key_id' and not a.attisdropped
  ) then
    raise exception using
      message = 'Cannot adopt public.bots: its column access_key_id has the name of one that the relay makes',
      hint = 'Rename the column, and push the migrations again.';
  end if;

  select c.table_name, c.column_name into v_column
  from information_schema.columns c
  where c.table_schema = 'public' and c.table_name = 'messages'
    and c.is_nullable = 'NO' and c.column_default is null and c.is_identity = 'NO' and c.is_generated = 'NEVER'
    and c.column_name not in (
      'id', 'user_id', 'conversation_id', 'content', 'is_user_author', 'is_streaming', 'is_complete', 'stream_id',
      'created_at'
    );
  if found then
    raise exception using
      message = format('Cannot adopt public.%I: its column %I has no default, and the relay does not write it',
        v_column.table_name, v_column.column_name),
      hint = 'Give the column a default, or drop its "not null", and push the migrations again.';
  end if;
end;
$$;
