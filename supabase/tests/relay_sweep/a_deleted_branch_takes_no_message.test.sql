begin; select plan(6);
select tests.given_tale('owner');
select tests.given_conversation('lost tale', 'owner');
create temp table begun as select tests.call_begin('owner', 'first', conversation => 'tale') as answer;
select tests.call_beat('first', 0, 4, 'Once');
select tests.back_date('first', interval '16 seconds');
select tests.given_expired('lost', 'owner', 'Once', 'lost tale');
delete from public.conversations where id = tests.key('lost tale');
delete from public.messages m using begun where m.id::text = answer ->> 'user_message_id';
create temp table before as select tests.the_story() as story;
select is(tests.call_sweep() ->> 'closed', '2', 'both are ended');
select is(tests.the_story(), story, 'no row of the conversation has changed') from before;
select is(array_agg(distinct status), array['interrupted'], 'as any other') from relay.generations;
select is(count(message_id), 0::bigint, 'without a message') from relay.generations;
select is_empty('select * from relay.chunks', 'the chunks are gone');
select is(tests.call_finish('first', 'Once upon a time.') ->> 'message_id', null, 'nor is the whole text one');

select * from finish(); rollback;
