-- A database that holds the FastAPI relay's tables is adopted. What cannot be adopted is refused here, in plain words
-- and before anything has changed: later statements would fail with a riddle, or the relay itself much later.
do $$
declare
  v_column record;
  v_has_rows boolean;
begin
  for v_column in
    select c.table_name, c.column_name, c.data_type
    from information_schema.columns c
    where c.table_schema = 'public'
      and c.table_name in ('bots', 'conversations', 'messages')
      and c.column_name in ('id', 'user_id', 'conversation_id', 'parent_id', 'bot_id', 'active_message_id')
      and c.data_type <> 'uuid'
  loop
    raise exception using
      message = format(
        'Cannot adopt public.%I: its column %I is %s, the relay needs uuid',
        v_column.table_name, v_column.column_name, v_column.data_type
      ),
      hint = 'Rename the table, or convert the column, and push the migrations again.';
  end loop;

  for v_column in
    select needed.table_name, needed.column_name
    from (
      values ('bots', 'user_id'), ('conversations', 'user_id'), ('messages', 'user_id'), ('messages', 'conversation_id')
    ) as needed (table_name, column_name)
    where exists (
        select 1 from information_schema.tables t
        where t.table_schema = 'public' and t.table_name = needed.table_name
      )
      and not exists (
        select 1 from information_schema.columns c
        where c.table_schema = 'public' and c.table_name = needed.table_name and c.column_name = needed.column_name
      )
  loop
    execute format('select exists (select 1 from public.%I)', v_column.table_name) into v_has_rows;
    if v_has_rows then
      raise exception using
        message = format(
          'Cannot adopt public.%I: it has rows and no column %I', v_column.table_name, v_column.column_name
        ),
        hint = 'Rename the table, or add the column and fill it, and push the migrations again.';
    end if;
  end loop;

  for v_column in
    select c.table_name, c.column_name
    from information_schema.columns c
    where c.table_schema = 'public'
      and c.table_name in ('conversations', 'messages')
      and c.is_nullable = 'NO' and c.column_default is null and c.is_identity = 'NO' and c.is_generated = 'NEVER'
      and c.column_name not in (
        'id', 'user_id', 'conversation_id', 'content', 'is_user_author', 'is_streaming', 'is_complete', 'stream_id',
        'title', 'created_at', 'updated_at'
      )
  loop
    raise exception using
      message = format(
        'Cannot adopt public.%I: its column %I has no default, and the relay does not write it',
        v_column.table_name, v_column.column_name
      ),
      hint = 'Give the column a default, or drop its "not null", and push the migrations again.';
  end loop;
end;
$$;
