begin;
select plan(5);

select tests.given_tale('stranger');
select tests.given_generation('running', 'stranger');
select tests.given_generation('ended', 'stranger', 'failed');
select tests.given_message('stored', 'tale', 'second answer', false, stream_id => 'stored');
select tests.make_user('owner');
select tests.given_bot('own bot', 'owner');

create temp table answers as
select name, tests.call_begin('owner', name) as answer from unnest(array['running', 'ended', 'stored']) as name;

select is(answer ->> 'outcome', 'refused', 'it is refused where it is ' || name) from answers order by name;
select is(array_agg(distinct answer ->> 'code'), array['stream_id_taken'], 'it is told why') from answers;
select is(count(distinct answer), 1::bigint, 'how the stranger''s stands cannot be told from the answer') from answers;

select * from finish();
rollback;
