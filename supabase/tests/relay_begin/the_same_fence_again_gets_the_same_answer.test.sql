begin; select plan(6);
select tests.given_tale('owner');
create temp table begun as
  select tests.call_begin('owner', 'first', 'Go on!', conversation => 'tale', fence => 'own') as answer;
create temp table before as select tests.everything() as everything;
select is(
  tests.call_begin('owner', 'first', 'Go on!', conversation => 'tale', fence => 'own') - 'rate', answer - 'rate',
  'a worker whose answer got lost is admitted as it was') from begun;
select is(
  tests.call_begin('owner', 'first', 'Go on!', conversation => 'tale', fence => 'own', rate_limit => 1) ->> 'outcome',
  'admitted', 'and meets no limit');
select is(
  tests.call_begin('owner', 'first', 'Go on!', conversation => 'tale', fence => 'other') ->> 'outcome', 'exists',
  'another fence is another request');
select is(tests.everything(), everything, 'nothing has changed') from before;
select tests.call_finish('first');
select is(tests.call_begin('owner', 'first', 'Go on!', conversation => 'tale', fence => 'own') ->> 'outcome', 'exists',
  'what has ended is not begun again');
select tests.given_expired('second', 'owner');
select is(
  tests.call_begin('owner', 'second', 'Go on!', conversation => 'tale', fence => 'fence of second') ->> 'outcome',
  'exists', 'nor what was given up');

select * from finish(); rollback;
