begin;
select plan(2);

select tests.given_tale('owner');
select tests.call_begin('owner', 'generation-' || n, conversation => 'tale', rate_limit => 2) from generate_series(1, 2) as n;
delete from public.conversations where id = tests.id('tale');

select is(
  tests.call_begin('owner', 'third', rate_limit => 2) ->> 'code', 'rate_limited',
  'deleting the conversation does not reopen the rate limit'
);
select is(
  tests.call_begin('owner', 'generation-1') ->> 'outcome', 'exists', 'nor does it free the name of its generation'
);

select * from finish();
rollback;
