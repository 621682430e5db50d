begin; select plan(11);
select tests.given_tale('owner');
savepoint start;

-- A deleted conversation takes no message.
select tests.call_begin('owner', 'first', conversation => 'tale');
delete from public.conversations where id = tests.key('tale');
create temp table finished as select tests.call_finish('first', 'They lived.') as outcome;
select is(outcome ->> 'status', 'completed', 'the generation has ended') from finished;
select is(outcome ->> 'message_id', null, 'there is no message') from finished;
select is(count(*), 0::bigint, 'the story does not come back') from public.messages;
select is(count(*), 0::bigint, 'nor does the conversation') from public.conversations;

rollback to start; -- A deleted parent takes no message.
create temp table begun as select tests.call_begin('owner', 'first', conversation => 'tale') as answer;
delete from public.messages m using begun where m.id::text = answer ->> 'user_message_id';
create temp table before as select tests.the_story() as story;
create temp table finished as select tests.call_finish('first', 'They lived.') as outcome;
select is(outcome ->> 'status', 'completed', 'the generation has ended') from finished;
select is(outcome ->> 'message_id', null, 'there is no message') from finished;
select is(tests.the_story(), story, 'no row of the conversation has changed') from before;
select is(message_id, null, 'the generation has no message') from relay.generations;

rollback to start; -- A deleted bot is no obstacle.
select tests.call_begin('owner', 'first', conversation => 'tale');
delete from public.bots;
select is(tests.call_finish('first', 'They lived.') ->> 'status', 'completed', 'the generation ends');
select is(bot_id, null, 'the message has no bot') from public.messages where stream_id = 'first';
select is(model, 'model of bot', 'the generation knows the model still') from relay.generations;

select * from finish(); rollback;
