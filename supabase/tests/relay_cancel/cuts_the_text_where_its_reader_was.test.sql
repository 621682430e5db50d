begin; select plan(11);
select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 8, 'Foxes 🦊');
create function pg_temp.stored() returns text language sql as $$
  select m.content || ' ' || m.finish_reason from public.messages m where m.stream_id = 'first'
$$;
savepoint start;

select tests.call_cancel('owner', 'first', at => 9);
select is(tests.call_finish('first', ' ran home', sent_units => 17) ->> 'status', 'cancelled', 'it ends');
select is(pg_temp.stored(), 'Foxes 🦊  cancelled', 'in what the finish brings');
select is(tests.leaf_of('tale'), 'Foxes 🦊 ', 'the active leaf is what is left');

rollback to start; -- In what the beats have stored, and no half of a surrogate pair.
select tests.call_cancel('owner', 'first', at => 7);
select tests.call_finish('first', ' ran home', sent_units => 17);
select is(pg_temp.stored(), 'Foxes  cancelled', 'the pair is left out');

rollback to start; -- Without an offset, and with one that is behind the end.
select tests.call_cancel('owner', 'first');
select tests.call_finish('first', ' ran home', sent_units => 17);
select is(pg_temp.stored(), 'Foxes 🦊 ran home cancelled', 'all that came');
rollback to start;
select tests.call_cancel('owner', 'first', at => 2147483647);
select tests.call_finish('first', ' ran home', sent_units => 17);
select is(pg_temp.stored(), 'Foxes 🦊 ran home cancelled', 'and not more');

rollback to start; -- Its reader has shown nothing.
select tests.call_cancel('owner', 'first', at => 0);
select is(tests.call_finish('first', ' ran home', sent_units => 17) -> 'message_id', 'null', 'there is no message');

rollback to start; -- The first cancel counts.
select tests.call_cancel('owner', 'first', at => 5);
select tests.call_cancel('owner', 'first', at => 1);
select tests.call_cancel('owner', 'first');
select tests.call_finish('first', '');
select is(pg_temp.stored(), 'Foxes cancelled', 'later ones change nothing');
rollback to start;
select tests.call_cancel('owner', 'first');
select tests.call_cancel('owner', 'first', at => 1);
select tests.call_finish('first', '');
select is(pg_temp.stored(), 'Foxes 🦊 cancelled', 'though the first one names no offset');

rollback to start; -- It has ended: what is stored is what all have seen.
select tests.back_date('first', interval '16 seconds');
select tests.call_sweep();
select tests.call_cancel('owner', 'first', at => 1);
select is(pg_temp.stored(), 'Foxes 🦊 interrupted', 'nothing is changed');
select tests.call_finish('first', 'Foxes 🦊 ran home', start_at => 0, sent_units => 17);
select is(pg_temp.stored(), 'Foxes 🦊 ran home cancelled', 'nor is what its worker brings after all');

select * from finish(); rollback;
