begin; select plan(9);
select tests.set_others_aside();
select tests.sign_in_as_service();
savepoint start;

-- By code, to what was there.
select public.relay_count_refusals(array['unauthenticated', 'rate_limited'], array[3, 1]);
select is(
  tests.all_counted(),
  '{"refusals_total{\"code\": \"unauthenticated\"}": 3, "refusals_total{\"code\": \"rate_limited\"}": 1}', 'by code'
);
select tests.sign_in_as_service();
select public.relay_count_refusals(array['rate_limited'], array[2]);
select is(tests.counted('refusals_total', '{"code": "rate_limited"}'), 3::float8, 'to what was there');

rollback to start; -- Only positive counts.
select public.relay_count_refusals(array['forbidden'], array[2]);
select public.relay_count_refusals(array['forbidden', 'forbidden', 'rate_limited', 'internal'], array[-1, null, 0, 1]);
select public.relay_count_refusals('{}', '{}');
select is(count(*), 2::bigint, 'each is a row until a fold') from relay.uncounted;
select is(
  tests.all_counted(),
  '{"refusals_total{\"code\": \"forbidden\"}": 2, "refusals_total{\"code\": \"internal\"}": 1}', 'a counter only grows'
);

rollback to start; -- Only the codes of the relay.
select lives_ok(
  $$ select public.relay_count_refusals(array['bad_luck', 'forbidden', null, ''], array[1, 2, 3, 4]) $$,
  'a worker that is newer than the database is no failure'
);
select is(tests.all_counted(), '{"refusals_total{\"code\": \"forbidden\"}": 2}', 'what it may count is counted');
select is(
  (select count(*) from relay.counters where name = 'refusals_total'), (select count(*) from relay.error_codes()),
  'there is no new counter'
);

rollback to start; -- Errors in the log, by event, and only those that a worker has.
select public.relay_count_refusals('{}', '{}', array['message_lost', 'bad_luck', 'text_refused'], array[2, 1, 0]);
select is(tests.all_counted(), '{"error_lines_total{\"event\": \"message_lost\"}": 2}', 'by event');
select is(
  (select count(*) from relay.counters where name = 'error_lines_total'), 8::bigint, 'there is no new counter'
);

select * from finish(); rollback;
