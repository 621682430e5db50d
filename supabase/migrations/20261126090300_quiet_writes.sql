-- What adoption writes to rows of the project's. The project's own triggers would count, date or refuse rows that only get
-- what the relay needs; and if a trigger writes a row again, all its foreign keys are checked, also those to users who are
-- gone.
create function relay.write_quietly(adopted regclass, statement text) returns integer
language plpgsql set search_path = '' as $$
declare
  v_triggers constant pg_catalog.pg_trigger[] := array(
    select t
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_proc p on p.oid = t.tgfoid
    where t.tgrelid = adopted and not t.tgisinternal and t.tgenabled <> 'D'
      -- Those that keep keys are the relay's own.
      and not (p.pronamespace in ('public'::regnamespace, 'relay'::regnamespace)
        and p.proname in ('bots_note_given', 'bots_keep_secrets', 'store_key', 'forget_key'))
  );
  v_trigger pg_catalog.pg_trigger;
  v_rows integer;
begin
  -- A table with checks that wait for the end of the transaction cannot be changed.
  set constraints all immediate;
  foreach v_trigger in array v_triggers loop
    execute format('alter table %s disable trigger %I', adopted, v_trigger.tgname);
  end loop;
  execute statement;
  get diagnostics v_rows = row_count;
  set constraints all immediate;
  foreach v_trigger in array v_triggers loop
    execute format('alter table %s enable %s trigger %I', adopted,
      case v_trigger.tgenabled when 'A' then 'always' when 'R' then 'replica' else '' end, v_trigger.tgname);
  end loop;
  return v_rows;
end;
$$;
comment on function relay.write_quietly is
  'Runs a statement that changes this table while only the triggers that keep keys are on; says how many rows it changed.';
