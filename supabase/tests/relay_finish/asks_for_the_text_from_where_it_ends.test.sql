begin; select plan(10);
select tests.given_tale('owner');
savepoint start;

-- Asks for the text from where it ends.
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 5, 'Once ');
create temp table before as select tests.everything() as everything;
select is(
  tests.call_finish('first', 'upon a time.', start_at => start_at), '{"expected_start": 5}', 'not from ' || start_at
  ) from unnest(array[0, 4, 6]) as start_at;
select is(public.relay_finish('first', g.fence, 'completed', 'stop', null, 'upon a time.', null, null, null, null, null
  ), '{"expected_start": 5}', 'nor from nowhere') from relay.generations g;
select is(public.relay_finish('first', g.fence, 'completed', 'stop', null, 'upon a time.', null, null, null, null),
  '{"expected_start": 5}', 'who does not say from where means the beginning') from relay.generations g;
select is(tests.everything(), everything, 'nothing has changed') from before;
select is(tests.call_finish('first', 'upon a time.', start_at => 5) ->> 'status', 'completed', 'from there it is');
select is(content, 'Once upon a time.', 'whole') from public.messages where stream_id = 'first';

rollback to start; -- Begins at the beginning by default.
select tests.call_begin('owner', 'first', conversation => 'tale', fence => 'own');
select is(
  public.relay_finish('first', tests.id('own'), 'completed', 'stop', null, 'They lived.', null, null, null, null)
  ->> 'status', 'completed', 'a worker that never beat counts no units');
select is(content, 'They lived.', 'the message is what it brought') from public.messages where stream_id = 'first';

select * from finish(); rollback;
