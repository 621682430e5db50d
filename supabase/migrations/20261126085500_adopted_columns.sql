-- Checks the columns of an adopted database before anything has changed. If a column that the relay knows has another
-- type, is generated, or holds what the relay's checks refuse, later statements would fail without saying why.
do $$
declare
  v_column record;
  v_found text;
begin
  for v_column in
    select
      c.relname as of_table, a.attname as name, w.wanted, a.attgenerated <> '' as is_generated, t.typtype = 'd' as is_domain,
      pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
      pg_catalog.format_type(case t.typtype when 'd' then t.typbasetype else t.oid end, null) as base,
      a.atttypmod - 4 as length
    from (
      values
        ('bots', 'id', 'id'), ('bots', 'name', 'text'), ('bots', 'access_key', 'text'), ('bots', 'access_path', 'text'),
        ('bots', 'api', 'text'), ('bots', 'model', 'text'), ('bots', 'temperature', 'double precision'),
        ('bots', 'system_prompt', 'text'),
        ('bots', 'params', 'jsonb'), ('bots', 'headers', 'jsonb'), ('bots', 'takes_system', 'boolean'),
        ('bots', 'first_turn_is_user', 'boolean'), ('bots', 'thinks_first', 'boolean'), ('bots', 'takes_prefill', 'boolean'),
        ('bots', 'memory', 'boolean'), ('bots', 'titles', 'boolean'), ('bots', 'context_tokens', 'any'),
        ('bots', 'reply_tokens', 'any'),
        ('bots', 'created_at', 'timestamptz'), ('bots', 'updated_at', 'timestamptz'),
        ('conversations', 'id', 'id'), ('conversations', 'bot_id', 'id'), ('conversations', 'active_message_id', 'id'),
        ('conversations', 'title', 'text'), ('conversations', 'created_at', 'timestamptz'),
        ('conversations', 'updated_at', 'timestamptz'),
        ('messages', 'id', 'id'), ('messages', 'conversation_id', 'id'), ('messages', 'parent_id', 'id'),
        ('messages', 'bot_id', 'id'), ('messages', 'content', 'text'), ('messages', 'is_user_author', 'boolean'),
        ('messages', 'stream_id', 'any'), ('messages', 'is_streaming', 'boolean'), ('messages', 'is_complete', 'boolean'),
        ('messages', 'finish_reason', 'text'), ('messages', 'usage', 'jsonb'), ('messages', 'created_at', 'timestamptz'),
        ('user_settings', 'default_bot_id', 'id')
    ) as w (of_table, name, wanted)
    join pg_catalog.pg_class c
      on c.relnamespace = 'public'::regnamespace and c.relname = w.of_table and c.relkind = 'r'
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = w.name and not a.attisdropped
    join pg_catalog.pg_type t on t.oid = a.atttypid
  loop
    v_found := case
      when v_column.is_generated then 'is generated, and the relay writes it'
      when v_column.wanted = 'id' then
        case when v_column.is_domain then format('is of a domain, the relay needs %s', v_column.base) end
      when v_column.wanted <> 'any' and v_column.base <> all (case v_column.wanted
        when 'text' then '{text,character varying}'::text[]
        when 'double precision' then '{double precision,real,numeric,integer,smallint,bigint}'
        when 'timestamptz' then '{timestamp with time zone,timestamp without time zone,date}'
        else array[v_column.wanted] end)
        -- What the relay itself writes must fit.
        or v_column.name = 'content' and v_column.length between 0 and 1048575
        or v_column.name = 'finish_reason' and v_column.length between 0 and 99
        or v_column.name = 'api' and v_column.length between 0 and 17
      then format('is %s, the relay needs %s', v_column.type, v_column.wanted)
    end;
    if v_found is not null then
      raise exception using
        message = format('Cannot adopt public.%I: its column %I %s', v_column.of_table, v_column.name, v_found),
        hint = 'Rename the column, or change its type, and push the migrations again.';
    end if;
  end loop;

  -- The relay cannot know what the app's own values mean.
  for v_column in
    select a.attname as name, w.condition, w.wanted
    from (
      values
        ('api', 'api in (''chat_completions'', ''anthropic_messages'', ''openai_responses'', ''gemini'')',
          'chat_completions, anthropic_messages, openai_responses, gemini'),
        ('temperature', 'temperature between 0 and 2', 'a number from 0 to 2'),
        ('params', 'jsonb_typeof(params) = ''object''', 'an object'),
        ('headers', 'jsonb_typeof(headers) = ''object''', 'an object')
    ) as w (name, condition, wanted)
    join pg_catalog.pg_attribute a
      on a.attrelid = to_regclass('public.bots') and a.attname = w.name and not a.attisdropped
  loop
    execute format('select min(%I::text) from public.bots where not (%s)', v_column.name, v_column.condition) into v_found;
    if v_found is not null then
      raise exception using
        message = format('Cannot adopt public.bots: its column %I has the value %L', v_column.name, v_found),
        hint = format('Rename the column, or set it to %s or null, and push the migrations again.', v_column.wanted);
    end if;
  end loop;

  -- Clients that insert settings name user and bot alone.
  select c.table_name, c.column_name into v_column
  from information_schema.columns c
  where c.table_schema = 'public' and c.table_name = 'user_settings' and c.is_nullable = 'NO'
    and c.column_default is null and c.is_identity = 'NO' and c.is_generated = 'NEVER' and c.column_name <> 'user_id';
  if found then
    raise exception using
      message = format('Cannot adopt public.user_settings: its column %I has no default, and clients do not write it',
        v_column.column_name),
      hint = 'Give the column a default, or drop its "not null", and push the migrations again.';
  end if;

  if exists (
    select 1 from pg_catalog.pg_attribute a
    where a.attrelid = to_regclass('public.messages') and a.attname in ('bot_id', 'finish_reason', 'usage')
      and not a.attisdropped and exists (
        select 1 from pg_catalog.pg_attribute o
        where o.attrelid = a.attrelid and o.attname = 'is_user_author' and not o.attisdropped
      )
  ) then
    execute $sql$
      select format('%s have %s', min(f.who), min(f.what))
      from public.messages m
      cross join lateral (select r, coalesce(m.is_user_author, false) as is_users from to_jsonb(m) as r) r
      cross join lateral (
        select 'users'' messages' as who, k.name as what
        from (values ('bot_id'), ('finish_reason'), ('usage')) as k (name)
        where r.is_users and r.r ->> k.name is not null
        union all
        select 'complete messages', 'a finish_reason of incomplete ones'
        where (r.r ->> 'is_complete')::boolean
          and r.r ->> 'finish_reason' in ('cancelled', 'disconnected', 'timeout', 'interrupted', 'error')
        limit 1
      ) f
      group by f.who, f.what
      order by 1
      limit 1
    $sql$ into v_found;
    if v_found is not null then
      raise exception using
        message = format('Cannot adopt public.messages: %s', v_found),
        hint = 'Set these to null (is_complete to false), and push the migrations again.';
    end if;
  end if;
end;
$$;
