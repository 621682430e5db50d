begin; select plan(4);
select tests.make_user('owner');
select tests.make_user('friend');
select tests.given_bot('friend''s bot', 'friend', now() + interval '1 day');
select tests.given_share('friend''s bot', 'owner');
select is(tests.call_begin('owner', 'a') ->> 'code', 'bot_not_found', 'a shared bot is used only where it was chosen');
select tests.given_bot('newer bot', 'owner', now() - interval '1 hour');
select tests.given_bot('older bot', 'owner', now() - interval '2 hours');
create temp table begun as select tests.call_begin('owner', 'a') as answer;
select is(answer ->> 'bot_id', tests.key('newer bot')::text, 'the one that was updated last answers') from begun;
select is(bot_id, tests.key('newer bot'), 'the new conversation has it from now on') from public.conversations;
update public.bots set name = 'touched' where id = tests.key('older bot');
select is(
  tests.call_begin('owner', 'b') ->> 'bot_id', tests.key('older bot')::text, 'an update makes a bot the last updated');

select * from finish(); rollback;
