begin;
select plan(3);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 4, 'Once');
select tests.given_active_leaf('tale', 'other question');
select tests.back_date('first', interval '16 seconds');

select is(tests.call_sweep() ->> 'closed', '1', 'it is ended');
select is(tests.leaf_of('tale'), 'other question', 'the reader is where the reader went');
select is(count(*), 1::bigint, 'the message is there all the same') from public.messages where stream_id = 'first';

select * from finish();
rollback;
