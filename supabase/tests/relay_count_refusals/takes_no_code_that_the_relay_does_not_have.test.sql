begin;
select plan(3);

select tests.sign_in_as_service();
select lives_ok(
  $$ select public.relay_count_refusals(array['bad_luck', 'forbidden', null, ''], array[1, 2, 3, 4]) $$,
  'a worker that is newer than the database is no failure'
);
select tests.sign_out();
select is(tests.all_counted(), '{"refusals_total{\"code\": \"forbidden\"}": 2}', 'what it may count is counted');
select is(
  (select count(*) from relay.series s where s.name = 'refusals_total'), 24::bigint, 'there is no new series'
);

select * from finish();
rollback;
