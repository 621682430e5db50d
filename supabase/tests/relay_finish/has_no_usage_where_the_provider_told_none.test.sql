begin;
select plan(2);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first');

select is(usage, null, 'the message has none') from public.messages where stream_id = 'first';
select is(total_tokens, null, 'nor has the generation') from relay.generations;

select * from finish();
rollback;
