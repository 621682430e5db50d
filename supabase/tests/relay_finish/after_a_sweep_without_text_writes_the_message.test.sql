begin; select plan(4);
select tests.given_tale('owner');
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
