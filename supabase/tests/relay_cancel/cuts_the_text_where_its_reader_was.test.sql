begin; select plan(10);
select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 8, 'Foxes 🦊');
create function pg_temp.stored() returns text language sql as $$
  select m.content || ' ' || m.finish_reason from public.messages m where m.stream_id = 'first'
$$;
-- What is stored after cancels at these offsets, or without one, and an end that brings more text.
create function pg_temp.stored_after(variadic cancels integer[]) returns text language plpgsql as $$
declare
  v_at integer;
begin
  foreach v_at in array cancels loop
    perform tests.call_cancel('owner', 'first', at => v_at);
  end loop;
  perform tests.call_finish('first', ' ran home', sent_units => 17);
  raise sqlstate 'UNDO1' using message = coalesce(pg_temp.stored(), 'no message');
exception when sqlstate 'UNDO1' then
  return sqlerrm;
end
$$;
select is(pg_temp.stored_after(variadic cancels), wanted, description) from (values
  ('{9}'::integer[], 'Foxes 🦊  cancelled',         'in what the end brings'),
  ('{7}',            'Foxes  cancelled',            'in what the beats have stored, and no half of a surrogate pair'),
  ('{null}',         'Foxes 🦊 ran home cancelled', 'without an offset all that came is stored'),
  ('{2147483647}',   'Foxes 🦊 ran home cancelled', 'and not more'),
  ('{0}',            'no message',                  'a reader that has shown nothing'),
  ('{5,1,null}',     'Foxes cancelled',             'later cancels change nothing'),
  ('{null,1}',       'Foxes 🦊 ran home cancelled', 'nor if the first one names no offset')
) as m (cancels, wanted, description);
savepoint start;

select tests.call_cancel('owner', 'first', at => 9);
select tests.call_finish('first', ' ran home', sent_units => 17);
select is(tests.leaf_of('tale'), 'Foxes 🦊 ', 'the active leaf is what is left');

rollback to start; -- It has ended: what is stored is what all have seen.
select tests.back_date('first', interval '16 seconds');
select tests.call_sweep();
select tests.call_cancel('owner', 'first', at => 1);
select is(pg_temp.stored(), 'Foxes 🦊 interrupted', 'nothing is changed');
select tests.call_finish('first', 'Foxes 🦊 ran home', start_at => 0, sent_units => 17);
select is(pg_temp.stored(), 'Foxes 🦊 ran home cancelled', 'nor is what its worker brings after all');

select * from finish(); rollback;
