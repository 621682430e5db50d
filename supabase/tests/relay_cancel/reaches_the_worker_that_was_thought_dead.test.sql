begin;
select plan(5);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
select tests.call_sweep();

select is(tests.call_cancel('owner', 'first'), '{"status": "interrupted"}', 'to its user it has ended already');
select is(
  tests.call_beat('first', 4, 9, ' upon'), '{"lost": [], "stored": {}, "cancelled": ["first"]}',
  'its worker, which lives, reads of the cancel'
);
select is(
  tests.call_finish('first', 'Once upon', start_at => 0) ->> 'status', 'cancelled',
  'and what it brings ends as cancelled'
);
select is(
  (select m.content || ' ' || m.finish_reason from public.messages m where m.stream_id = 'first'),
  'Once upon cancelled', 'with the text that there is'
);
select tests.call_cancel('owner', 'first');
select is(
  (select count(*)::integer from relay.generations g where g.stream_id = 'first' and g.status = 'cancelled'), 1,
  'a later cancel changes nothing'
);

select * from finish();
rollback;
