begin;
select plan(3);

select tests.given_tale('owner');
select tests.call_begin('owner', stream_id, reroll_of => 'second answer') from unnest(array['a', 'b']) as stream_id;
select tests.call_finish('b', 'quick answer');
select tests.call_finish('a', 'slow answer');

select is(tests.leaf_of('tale'), 'quick answer', 'the second does not pull the reader away');
select is(count(*), 2::bigint, 'both are stored') from public.messages where stream_id is not null;
select is(array_agg(distinct parent_id), array[tests.id('second question')], 'side by side') from public.messages
where stream_id is not null;

select * from finish();
rollback;
