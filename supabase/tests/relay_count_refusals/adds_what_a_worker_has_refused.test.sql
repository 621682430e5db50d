begin;
select plan(2);

select tests.sign_in_as_service();
select public.relay_count_refusals(array['unauthenticated', 'rate_limited'], array[3, 1]);
select tests.sign_out();
select is(
  tests.all_counted(),
  '{"refusals_total{\"code\": \"unauthenticated\"}": 3, "refusals_total{\"code\": \"rate_limited\"}": 1}', 'by code'
);
select tests.sign_in_as_service();
select public.relay_count_refusals(array['rate_limited'], array[2]);
select tests.sign_out();
select is(tests.counted('refusals_total', '{"code": "rate_limited"}'), 3::float8, 'to what was there');

select * from finish();
rollback;
