begin;
select plan(4);

select tests.given_tale('owner');
select tests.make_user('stranger');
select tests.given_bot('strange bot', 'stranger');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first', 'They lived.');
select tests.given_forgotten('first');
create temp table before as select tests.everything() as everything;

select is(tests.call_begin('owner', 'first') ->> 'outcome', 'exists', 'it is not run again');
select is(tests.call_begin('stranger', 'first') ->> 'outcome', 'refused', 'nor by another user');
select is(tests.call_begin('stranger', 'first') ->> 'code', 'stream_id_taken', 'who is told that it is taken');
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
