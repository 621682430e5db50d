begin;
select plan(4);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
delete from public.conversations where id = tests.id('tale');
create temp table finished as select tests.call_finish('first', 'They lived.') as outcome;

select is(outcome ->> 'status', 'completed', 'the generation has ended') from finished;
select is(outcome ->> 'message_id', null, 'there is no message') from finished;
select is(count(*), 0::bigint, 'the story does not come back') from public.messages;
select is(count(*), 0::bigint, 'nor does the conversation') from public.conversations;

select * from finish();
rollback;
