-- A database that already holds the FastAPI relay's tables is adopted as it is. What cannot be adopted is said here, in
-- words, before anything has changed: the foreign keys that follow would fail with a riddle.
do $$
declare
  v_column record;
begin
  for v_column in
    select c.table_name, c.column_name, c.data_type
    from information_schema.columns c
    where c.table_schema = 'public'
      and c.data_type <> 'uuid'
      and (
        (c.table_name in ('bots', 'conversations', 'messages') and c.column_name in ('id', 'user_id'))
        or (c.table_name = 'messages' and c.column_name = 'conversation_id')
      )
  loop
    raise exception using
      message = format(
        'Cannot adopt public.%I: its column %I is %s, the relay needs uuid',
        v_column.table_name, v_column.column_name, v_column.data_type
      ),
      hint = 'Rename the table, or convert the column, and push the migrations again.';
  end loop;
end;
$$;
