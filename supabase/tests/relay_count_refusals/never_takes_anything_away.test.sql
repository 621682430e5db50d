begin;
select plan(2);

select tests.sign_in_as_service();
select public.relay_count_refusals(array['forbidden'], array[2]);
select public.relay_count_refusals(array['forbidden', 'forbidden', 'rate_limited', 'internal'], array[-1, null, 0, 1]);
select public.relay_count_refusals('{}', '{}');
select tests.sign_out();
select is(
  tests.all_counted(),
  '{"refusals_total{\"code\": \"forbidden\"}": 2, "refusals_total{\"code\": \"internal\"}": 1}', 'a counter only grows'
);
select is((select count(*) from relay.counters), 2::bigint, 'nothing is stored of what is no count');

select * from finish();
rollback;
