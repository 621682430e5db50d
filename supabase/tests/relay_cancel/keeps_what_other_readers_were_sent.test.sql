begin; select plan(14);
select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 6, '123456');
-- What is stored after a cancel at this offset: by its worker, which says what its readers were sent, or by a sweep.
create function pg_temp.stored_after(at integer, sent integer, others integer default 0) returns text language plpgsql as $$
begin
  perform tests.call_cancel('owner', 'first', at => stored_after.at);
  if sent is null then
    perform tests.back_date('first', interval '16 seconds'), tests.call_sweep();
  else
    perform tests.call_finish('first', '789', sent_units => sent, sent_to_others => others);
  end if;
  raise sqlstate 'UNDO1' using message = (select m.content from public.messages m where m.stream_id = 'first');
exception when sqlstate 'UNDO1' then
  return sqlerrm;
end
$$;
select is(pg_temp.stored_after(2, 8, 7), '12345678', 'what two readers on its own worker were sent is kept');
select is(pg_temp.stored_after(8, 9, 7), '12345678', 'beyond what one was sent the other is meant');
select is(pg_temp.stored_after(2, null), '12', 'after the death of its worker the sweep cuts, too');
savepoint start;

-- A reader on another worker has had four units.
select tests.call_read('owner', 'first', max_units => 4);
select is(read_units, 4, 'it is noted') from relay.generations;
select tests.call_read('owner', 'first', 4, max_units => 1);
select is(read_units, 5, 'and what it gets next') from relay.generations;
select tests.call_read('owner', 'first', max_units => 2);
select is(read_units, 5, 'one that has less takes nothing back') from relay.generations;
select is(pg_temp.stored_after(6, 9), '123456', 'one that has more can only be the one on its own worker');
select is(pg_temp.stored_after(2, 8), '12345678', 'one that has less may be the other: what both were sent is kept');
select is(pg_temp.stored_after(2, 3), '12345', 'not what no reader was sent, if the one on its own worker has left');
select tests.call_cancel('owner', 'first', at => 2);
select is(tests.call_read('owner', 'first', 3) - 'generation', '{"start": 3, "end": 5, "text": "45", "more": false}',
  'after a cancel they are sent no more than will be stored');
select is(tests.call_read('owner', 'first', 5) ->> 'text', null, 'and then nothing');

rollback to start; -- A beat says what the others were sent.
select tests.call_beat(array['first'], sent_to_others => array[4]);
select is(read_units, 4, 'it is noted') from relay.generations;
select is(pg_temp.stored_after(5, null), '12345', 'beyond that the sweep cuts');
select is(pg_temp.stored_after(3, null), '123456', 'before it all is kept: what a dead worker has sent is unknown');

select * from finish(); rollback;
