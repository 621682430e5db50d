begin;
select plan(4);

select tests.given_tale('owner');
create temp table begun as select tests.call_begin('owner', 'first', conversation => 'tale') as answer;
delete from public.messages m using begun where m.id::text = answer ->> 'user_message_id';
create temp table before as select tests.the_story() as story;
create temp table finished as select tests.call_finish('first', 'They lived.') as outcome;

select is(outcome ->> 'status', 'completed', 'the generation has ended') from finished;
select is(outcome ->> 'message_id', null, 'there is no message') from finished;
select is(tests.the_story(), story, 'no row of the story has changed') from before;
select is(message_id, null, 'the generation has no message') from relay.generations;

select * from finish();
rollback;
