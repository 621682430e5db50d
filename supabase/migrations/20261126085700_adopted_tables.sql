-- A database with the FastAPI relay's tables is adopted. Any other table of these names, and a function with a name of the
-- relay's, is refused here, before anything has changed: later statements would fail without saying why, or the relay
-- itself much later.
do $$
declare
  v_table record;
  v_found text;
begin
  for v_table in
    select c.*, w.wanted
    from pg_catalog.pg_class c
    join (
      values
        ('bots', '{id,user_id,access_key,access_path}'::text[]), ('conversations', '{id,user_id}'),
        ('messages', '{id,user_id,conversation_id,content,is_user_author,is_streaming,is_complete,stream_id}'),
        ('user_settings', '{user_id}'), ('bot_shares', null), ('bot_fallbacks', null), ('memories', null),
        ('usage_days', null)
    ) as w (name, wanted) on w.name = c.relname
    where c.relnamespace = 'public'::regnamespace and c.relkind <> 'i'
  loop
    v_found := case
      when v_table.wanted is null then 'a table of the FastAPI relay never had this name'
      when v_table.relkind <> 'r' or v_table.relispartition or v_table.relpersistence <> 'p' then 'it is no ordinary table'
      when not pg_has_role(v_table.relowner, 'usage') then 'it belongs to the role ' || v_table.relowner::regrole
    end;
    select coalesce(v_found, format('it has no column %I, so it is no table of the FastAPI relay', w.name)) into v_found
    from unnest(coalesce(v_table.wanted, '{-}')) with ordinality as w (name, index)
    where v_found is not null or not exists (
      select 1 from pg_catalog.pg_attribute a
      where a.attrelid = v_table.oid and a.attname = w.name and not a.attisdropped
    )
    order by w.index
    limit 1;
    if v_found is null and v_table.relname = 'conversations' and to_regclass('public.messages') is null then
      v_found := 'there is no table of messages with it, so it is no table of the FastAPI relay';
    elsif v_found is null and not exists (
      select 1 from pg_catalog.pg_index i
      join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
      where i.indrelid = v_table.oid and i.indisunique and i.indimmediate and i.indpred is null and i.indnkeyatts = 1
        and (a.attname = 'id' and a.attnotnull and v_table.relname <> 'user_settings'
          or a.attname = 'user_id' and v_table.relname = 'user_settings')
    ) then
      v_found := case v_table.relname when 'user_settings' then 'its column user_id is not unique'
        else 'its column id is neither a primary key nor unique and "not null"' end;
    end if;
    if v_found is not null then
      raise exception using
        message = format('Cannot adopt public.%I: %s', v_table.relname, v_found),
        hint = 'Rename the table, or change it, and push the migrations again.';
    end if;
  end loop;

  if to_regnamespace('relay') is not null then
    raise exception using
      message = 'Cannot make the schema relay: the database has one of this name, and the relay needs one of its own',
      hint = 'Rename the schema, and push the migrations again.';
  end if;

  -- With other arguments, too: where two have a name, no statement can name one by that alone.
  select min(p.proname) into v_found
  from pg_catalog.pg_proc p
  where p.pronamespace = 'public'::regnamespace and p.proname in (
    'bots_keep_secrets', 'bots_note_given', 'conversation_openings', 'conversations_check_bot', 'edit_message',
    'import_conversation', 'messages_check_parent', 'messages_keep_parent', 'my_spending', 'own_bots', 'relay_beat',
    'relay_begin', 'relay_begin_memory', 'relay_bot', 'relay_cancel', 'relay_count_refusals', 'relay_finish',
    'relay_metrics', 'relay_read', 'relay_running', 'relay_sweep', 'search_conversations'
  );
  if v_found is not null then
    raise exception using
      message = format('Cannot adopt public.%I: it is a function, and the relay makes one of this name', v_found),
      hint = 'Rename the function, and push the migrations again.';
  end if;
end;
$$;
