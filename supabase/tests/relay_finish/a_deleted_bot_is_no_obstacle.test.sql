begin;
select plan(3);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
delete from public.bots;

select is(tests.call_finish('first', 'They lived.') ->> 'status', 'completed', 'the generation ends');
select is(bot_id, null, 'the message has no bot') from public.messages where stream_id = 'first';
select is(model, 'model of bot', 'the generation knows the model still') from relay.generations;

select * from finish();
rollback;
