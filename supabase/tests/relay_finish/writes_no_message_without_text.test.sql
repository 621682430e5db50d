begin; select plan(10);
select tests.given_tale('owner');
savepoint start;
select tests.call_begin('owner', 'first', reroll_of => 'second answer');
create temp table before as select tests.the_story() as story;
select is(tests.call_finish('first', '') ->> 'message_id', null, 'there is no message');
select is(tests.the_story(), story, 'no row of the conversation has changed') from before;
select is(status, 'completed', 'the generation has ended all the same') from relay.generations;
select tests.call_begin('owner', 'second', reroll_of => 'second answer');
select is(
  tests.call_finish('second', null, 'failed', 'error', 'provider_auth') ->> 'message_id', null, 'nor for no text at all'
  );
select is(tests.the_story(), story, 'a failed one leaves the conversation as it was') from before;
select is(count(*), 6::bigint, 'all old versions are there') from public.messages;

rollback to start; -- After a sweep without text the worker writes it.
select tests.call_begin('owner', 'first', 'And then?', conversation => 'tale');
select tests.back_date('first', interval '16 seconds');
select tests.call_sweep();
select is(tests.leaf_of('tale'), 'And then?', 'nothing hangs below the prompt');
select isnt(
  tests.call_finish('first', 'They lived.', start_at => 0) ->> 'message_id', null, 'the worker brings all there is');
select is(tests.leaf_of('tale'), 'They lived.', 'the active leaf moves to it');
select is(g.message_id::text, m.id::text, 'the generation knows it')
  from relay.generations g join public.messages m on m.stream_id = g.stream_id;

select * from finish(); rollback;
