begin;
select plan(7);

select tests.given_tale('owner');
select tests.given_generation('running', 'owner');
select tests.given_generation('ended', 'owner', 'completed');
select tests.given_message('stored', 'tale', 'second answer', false, stream_id => 'stored');
create temp table before as select tests.everything() as everything;

select is(tests.call_begin('owner', 'running') ->> 'outcome', 'exists', 'it is running');
select is(tests.call_begin('owner', 'ended') ->> 'outcome', 'exists', 'it has ended');
select is(tests.call_begin('owner', 'stored') ->> 'outcome', 'exists', 'only its message is there');
select is(
  tests.call_begin('owner', 'running', rate_limit => 1, max_concurrent => 1) ->> 'outcome', 'exists',
  'a repeated request meets no limit'
);
select is(
  tests.call_begin('owner', 'running', bot => 'unknown', conversation => 'unknown') ->> 'outcome', 'exists',
  'what the repeated request asks for is not looked at'
);
select is(
  tests.call_begin('owner', 'running') -> 'rate' ->> 'remaining', '3', 'a repeated request is not counted'
);
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
