begin; select plan(12);
select tests.given_tale('owner');
savepoint start;

-- Answers exists to the users own stream id.
select tests.given_generation('running', 'owner');
select tests.given_generation('ended', 'owner', 'completed');
select tests.given_message('stored', 'tale', 'second answer', false, stream_id => 'stored');
create temp table before as select tests.everything() as everything;
select is(tests.call_begin('owner', 'running') ->> 'outcome', 'exists', 'it is running');
select is(tests.call_begin('owner', 'ended') ->> 'outcome', 'exists', 'it has ended');
select is(tests.call_begin('owner', 'stored') ->> 'outcome', 'exists', 'only its message is there');
select is(tests.call_begin('owner', 'running', rate_limit => 1, max_concurrent => 1) ->> 'outcome', 'exists',
  'a repeated request meets no limit');
select is(tests.call_begin('owner', 'running', bot => 'unknown', conversation => 'unknown') ->> 'outcome', 'exists',
  'what the repeated request asks for is not looked at');
select is(tests.call_begin('owner', 'running') -> 'rate' ->> 'remaining', '3', 'a repeated request is not counted');
select is(tests.everything(), everything, 'nothing has changed') from before;

rollback to start; -- Answers exists to what a dead worker ran.
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'exists', 'it is not run again');
select is(status, 'interrupted', 'it has ended') from relay.generations;
select is(tests.leaf_of('tale'), 'Once', 'with the text that there was');

rollback to start; -- A stream id is free again once nothing is left of it.
select tests.given_generation('first', 'owner', 'failed');
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'exists', 'a row is enough to know it');
-- Thirty days later, and there was no text.
select tests.given_pruned('first');
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'admitted', 'without row and message it is unknown');

select * from finish(); rollback;
