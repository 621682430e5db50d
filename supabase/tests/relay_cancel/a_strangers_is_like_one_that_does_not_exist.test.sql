begin;
select plan(4);

select tests.make_user('owner');
select tests.make_user('stranger');
select tests.given_generation('running', 'owner');
select tests.given_generation('ended', 'owner', 'completed');
create temp table before as select tests.everything() as everything;

select is(tests.call_cancel('stranger', 'running'), null, 'a stranger''s that runs');
select is(tests.call_cancel('stranger', 'ended'), null, 'a stranger''s that has ended');
select is(tests.call_cancel('stranger', 'unknown'), null, 'one that never was');
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
