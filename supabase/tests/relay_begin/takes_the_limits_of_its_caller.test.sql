begin;
select plan(3);

select tests.make_user('owner');
select tests.given_bot('bot', 'owner');

select is(tests.call_begin('owner', 'a', rate_limit => 0) ->> 'code', 'rate_limited', 'a rate limit of 0 admits none');
select is(
  tests.call_begin('owner', 'a', max_concurrent => 0) ->> 'code', 'too_many_streams', 'a concurrency of 0 admits none'
);
select is(
  tests.call_begin('owner', 'a', rate_limit => 9, max_concurrent => 1) -> 'rate' ->> 'remaining', '8',
  'what remains is counted from the limit'
);

select * from finish();
rollback;
