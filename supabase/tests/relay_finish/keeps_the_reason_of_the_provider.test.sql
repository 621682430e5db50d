begin;
select plan(2);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first', 'Once', finish_reason => 'length');

select is(finish_reason, 'length', 'it stands in the message') from public.messages where stream_id = 'first';
select is(is_complete, true, 'the provider itself has finished') from public.messages where stream_id = 'first';

select * from finish();
rollback;
