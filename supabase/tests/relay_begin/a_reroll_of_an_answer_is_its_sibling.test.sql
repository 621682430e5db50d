begin;
select plan(5);

select tests.given_tale('owner');

create temp table begun as select tests.call_begin('owner', 'a', reroll_of => 'first answer') as answer;

select is(answer ->> 'conversation_id', tests.id('tale')::text, 'the message names the conversation') from begun;
select is(
  answer ->> 'parent_id', tests.id('first question')::text, 'the new version hangs where the old one hangs'
) from begun;
select is(answer ->> 'user_message_id', null, 'the user has said nothing') from begun;
select is(
  answer -> 'context', '[{"role": "user", "content": "first question"}]',
  'neither the old version nor what is below it is told to the provider'
) from begun;
select is(count(*), 6::bigint, 'no message is written yet') from public.messages;

select * from finish();
rollback;
