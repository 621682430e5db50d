begin; select plan(14);
select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 6, '123456');
create function pg_temp.stored() returns text language sql as $$
  select m.content from public.messages m where m.stream_id = 'first'
$$;
savepoint start;

-- A reader on another worker has had four units.
select tests.call_read('owner', 'first', max_units => 4);
select is(read_units, 4, 'it is noted') from relay.generations;
select tests.call_read('owner', 'first', 4, max_units => 1);
select is(read_units, 5, 'and what it gets next') from relay.generations;
select tests.call_read('owner', 'first', max_units => 2);
select is(read_units, 5, 'one that has less takes nothing back') from relay.generations;
savepoint read;
select tests.call_cancel('owner', 'first', at => 6);
select tests.call_finish('first', '789', sent_units => 9);
select is(pg_temp.stored(), '123456', 'one that has more can only be the one on its own worker');
rollback to read;
select tests.call_cancel('owner', 'first', at => 2);
select tests.call_finish('first', '789', sent_units => 8);
select is(pg_temp.stored(), '12345678', 'one that has less may be the other: what both were sent is kept');
rollback to read; -- The one on its own worker has left.
select tests.call_cancel('owner', 'first', at => 2);
select tests.call_finish('first', '789', sent_units => 3);
select is(pg_temp.stored(), '12345', 'not what no reader was sent');

rollback to read; -- After a cancel they are sent no more than will be stored.
select tests.call_cancel('owner', 'first', at => 2);
select is(tests.call_read('owner', 'first', 3) - 'generation', '{"start": 3, "end": 5, "text": "45", "more": false}',
  'no more than one of them was sent before');
select is(tests.call_read('owner', 'first', 5) ->> 'text', null, 'and then nothing');

rollback to start; -- Two readers on its own worker.
select tests.call_cancel('owner', 'first', at => 2);
select tests.call_finish('first', '789', sent_units => 8, sent_to_others => 7);
select is(pg_temp.stored(), '12345678', 'what both were sent is kept');
rollback to start;
select tests.call_cancel('owner', 'first', at => 8);
select tests.call_finish('first', '789', sent_units => 9, sent_to_others => 7);
select is(pg_temp.stored(), '12345678', 'beyond what one was sent the other is meant');

rollback to start; -- Its worker was killed.
select tests.call_cancel('owner', 'first', at => 2);
select tests.back_date('first', interval '16 seconds');
select tests.call_sweep();
select is(pg_temp.stored(), '12', 'the sweep cuts, too');
rollback to start;
select tests.call_beat(array['first'], sent_to_others => array[4]);
select is(read_units, 4, 'a beat says what the others were sent') from relay.generations;
savepoint noted;
select tests.call_cancel('owner', 'first', at => 5);
select tests.back_date('first', interval '16 seconds');
select tests.call_sweep();
select is(pg_temp.stored(), '12345', 'beyond that the sweep cuts');
rollback to noted;
select tests.call_cancel('owner', 'first', at => 3);
select tests.back_date('first', interval '16 seconds');
select tests.call_sweep();
select is(pg_temp.stored(), '123456', 'nobody knows what a dead worker has sent: all is kept');

select * from finish(); rollback;
