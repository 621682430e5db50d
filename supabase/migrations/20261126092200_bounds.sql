-- Bounds of the texts that a user, a bot's owner or a provider fills. Triggers, because a check would apply to every
-- change of a row: a row that was adopted with a longer text stays, and everything else of it can still be changed.
create function relay.refuse_long() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise check_violation using
    message = format('Cannot write %I.%I: it has more than %s characters', tg_table_name, tg_argv[0], tg_argv[1]),
    table = tg_table_name, column = tg_argv[0], constraint = format('%s_%s_fits', tg_table_name, tg_argv[0]);
end;
$$;
comment on function relay.refuse_long() is 'Refuses a row with a text over its bound; docs/limits.md lists them.';

do $$
declare
  v_bound record;
begin
  for v_bound in
    select
      b.of_table, b.name, b.characters,
      -- A text with few bytes has few characters, and its bytes are known without reading it.
      format('octet_length(new.%1$I%2$s) > %3$s and length(new.%1$I%2$s) > %3$s', b.name,
        case a.atttypid when 'jsonb'::regtype then '::text' else '' end, b.characters) as is_long
    from (
      values
        ('bots', 'id', 200), ('bots', 'name', 200), ('bots', 'access_key', 4096), ('bots', 'access_path', 2048),
        ('bots', 'model', 200), ('bots', 'system_prompt', 100000), ('bots', 'params', 65536),
        ('conversations', 'id', 200), ('conversations', 'title', 500),
        -- As many code points as the relay's own messages have UTF-16 units at most.
        ('messages', 'id', 200), ('messages', 'content', 1048576), ('messages', 'stream_id', 128),
        ('messages', 'finish_reason', 100), ('messages', 'usage', 1000), ('memories', 'content', 1048576)
    ) as b (of_table, name, characters)
    join pg_catalog.pg_attribute a on a.attrelid = format('public.%I', b.of_table)::regclass and a.attname = b.name
    -- Ids are texts only where an adopted table has such.
    where a.atttypid in ('text'::regtype, 'varchar'::regtype, 'jsonb'::regtype)
  loop
    execute format($sql$
      create trigger %1$s_%2$s_fits before insert on public.%1$s
      for each row when (%3$s) execute function relay.refuse_long(%2$L, %4$L);
      create trigger %1$s_%2$s_still_fits before update of %2$s on public.%1$s
      for each row when (new.%2$s is distinct from old.%2$s and %3$s) execute function relay.refuse_long(%2$L, %4$L);
    $sql$, v_bound.of_table, v_bound.name, v_bound.is_long, v_bound.characters);
  end loop;
end;
$$;
