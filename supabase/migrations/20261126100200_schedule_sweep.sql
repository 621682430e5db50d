-- Scheduling is optional and never stops a push: without it, requests end the expired generations that they find.
create function relay.schedule_sweep() returns boolean
language plpgsql set search_path = '' as $$
declare
  v_every text;
begin
  if not exists (select 1 from pg_catalog.pg_extension e where e.extname = 'pg_cron') then
    return false;
  end if;
  -- pg_cron before 1.5 knows no seconds.
  foreach v_every in array array['10 seconds', '* * * * *'] loop
    begin
      -- In two parts: `db lint` would look for the schema of an extension that may not be there.
      execute format('select %I.schedule($1, $2, $3)', 'cron')
      using 'storytellr-relay-sweep', v_every, 'select public.relay_sweep()';
      return true;
    exception when others then
      raise warning 'Cannot schedule the sweep with "%": %', v_every, sqlerrm;
    end;
  end loop;
  raise warning 'The sweep is not scheduled'
  using hint = 'Run "select relay.schedule_sweep()" as a role that may use the schema cron, or see docs/operations.md.';
  return false;
end;
$$;
comment on function relay.schedule_sweep is
  'Has pg_cron sweep every ten seconds, or every minute where it knows no seconds; false where it cannot.';
select relay.schedule_sweep();
