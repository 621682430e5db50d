begin;
select plan(3);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first', 'They lived.');
create temp table before as select tests.everything() as everything;

select is(tests.call_cancel('owner', 'first'), '{"status": "completed"}', 'the cancel is told that it came too late');
select is(tests.everything(), everything, 'nothing has changed') from before;
select is(is_complete, true, 'the message is complete') from public.messages where stream_id = 'first';

select * from finish();
rollback;
