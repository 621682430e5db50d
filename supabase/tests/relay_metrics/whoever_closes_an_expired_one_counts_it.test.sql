begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_expired('begun', 'owner');
select tests.call_begin('owner', 'new', conversation => 'tale');
select is(tests.counted('generations_ended_total', '{"outcome": "interrupted", "code": "interrupted"}'), 1::float8,
  'the next start of its user');
select tests.given_expired('read', 'owner');
select tests.call_read('owner', 'read');
select is(tests.counted('generations_ended_total', '{"outcome": "interrupted", "code": "interrupted"}'), 2::float8,
  'a reader');
select tests.given_expired('cancelled', 'owner');
select tests.call_cancel('owner', 'cancelled');
select is(tests.counted('generations_ended_total', '{"outcome": "interrupted", "code": "interrupted"}'), 3::float8,
  'a cancel, which comes too late');
select is(tests.counted('swept_generations_total'), 0::float8, 'none of them is a sweep');

select * from finish();
rollback;
