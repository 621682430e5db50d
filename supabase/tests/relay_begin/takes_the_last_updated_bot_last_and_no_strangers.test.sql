begin; select plan(8);
savepoint start;

-- Takes the users last updated bot fourth.
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

rollback to start; -- Refuses an explicit bot that the user may not use.
select tests.given_tale('owner');
select tests.given_default_bot('bot', 'owner');
select tests.make_user('stranger');
select tests.given_bot('strange bot', 'stranger');
select tests.given_bot('bot once shared', 'stranger');
select tests.given_share('bot once shared', 'owner');
delete from public.bot_shares where bot_id = tests.key('bot once shared');
create temp table answers as select tests.call_begin('owner', 'a', conversation => 'tale', bot => name) as answer, name
  from unnest(array['strange bot', 'bot once shared', 'no bot']) as name;
select is(answer ->> 'code', 'bot_not_found', name || ' is not found, and no other bot stands in') from answers
  order by name;
select is(count(distinct answer), 1::bigint, 'a stranger''s bot reads like none') from answers;

select * from finish(); rollback;
