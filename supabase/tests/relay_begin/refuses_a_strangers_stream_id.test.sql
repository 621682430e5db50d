begin; select plan(9);
savepoint start;

-- Refuses a strangers stream id.
select tests.given_tale('stranger');
select tests.given_generation('running', 'stranger');
select tests.given_generation('ended', 'stranger', 'failed');
select tests.given_message('stored', 'tale', 'second answer', false, stream_id => 'stored');
select tests.make_user('owner');
select tests.given_bot('own bot', 'owner');
create temp table answers as
  select name, tests.call_begin('owner', name) as answer from unnest(array['running', 'ended', 'stored']) as name;
select is(answer ->> 'outcome', 'refused', 'it is refused where it is ' || name) from answers order by name;
select is(array_agg(distinct answer ->> 'code'), array['stream_id_taken'], 'with this code') from answers;
select is(count(distinct answer), 1::bigint, 'the answer does not show how the stranger''s stands') from answers;

rollback to start; -- Knows a pruned stream_id by its message.
select tests.given_tale('owner');
select tests.make_user('stranger');
select tests.given_bot('strange bot', 'stranger');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first', 'They lived.');
select tests.given_pruned('first');
create temp table before as select tests.everything() as everything;
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'exists', 'it is not run again');
select is(tests.call_begin('stranger', 'first') ->> 'outcome', 'refused', 'nor by another user');
select is(tests.call_begin('stranger', 'first') ->> 'code', 'stream_id_taken', 'to whom it is taken');
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish(); rollback;
