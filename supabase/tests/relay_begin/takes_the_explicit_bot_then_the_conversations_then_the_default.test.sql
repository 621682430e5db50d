begin; select plan(12);
savepoint start;

-- Takes the explicit bot first.
select tests.given_tale('owner');
select tests.make_user('friend');
select tests.given_bot('default bot', 'owner');
select tests.given_default_bot('default bot', 'owner');
select tests.given_bot('explicit bot', 'owner', now() - interval '1 day');
select tests.given_bot('friend''s bot', 'friend');
select tests.given_share('friend''s bot', 'owner');
select is(tests.call_begin('owner', 'a', conversation => 'tale', bot => 'explicit bot') ->> 'bot_id',
  tests.key('explicit bot')::text, 'the explicit bot comes before the conversation''s, the default and the last updated'
  );
select is(bot_id, tests.key('bot'), 'the conversation keeps its own') from public.conversations
  where id = tests.key('tale');
create temp table shared as select tests.call_begin('owner', 'b', bot => 'friend''s bot') as answer;
select is(answer ->> 'bot_id', tests.key('friend''s bot')::text, 'a shared bot is as good as an own one') from shared;
select is(answer ->> 'access_key', 'key of friend''s bot', 'the worker gets its key') from shared;

rollback to start; -- Takes the conversations bot second.
select tests.given_tale('owner');
select tests.make_user('friend');
select tests.given_bot('default bot', 'owner', now() + interval '1 day');
select tests.given_default_bot('default bot', 'owner');
select tests.given_bot('friend''s bot', 'friend');
select tests.given_share('friend''s bot', 'owner');
select tests.given_conversation('with a shared bot', 'owner', 'friend''s bot');
select is(tests.call_begin('owner', 'a', conversation => 'tale') ->> 'bot_id', tests.key('bot')::text,
  'the conversation''s bot comes before the default and the last updated');
select is(
  tests.call_begin('owner', 'b', conversation => 'with a shared bot') ->> 'bot_id', tests.key('friend''s bot')::text,
  'it may be a shared one');
delete from public.bot_shares;
select tests.call_finish('b');
select is(
  tests.call_begin('owner', 'c', conversation => 'with a shared bot') ->> 'bot_id', tests.key('default bot')::text,
  'where the share has ended, the next in order answers');
delete from public.bots where id = tests.key('bot');
select is(tests.call_begin('owner', 'd', parent => 'second answer', max_concurrent => 9) ->> 'bot_id',
  tests.key('default bot')::text, 'where it was deleted, too');

rollback to start; -- Takes the default bot third.
select tests.make_user('owner');
select tests.make_user('friend');
select tests.given_bot('default bot', 'owner', now() - interval '1 day');
select tests.given_default_bot('default bot', 'owner');
select tests.given_bot('newest bot', 'owner');
select tests.given_bot('friend''s bot', 'friend');
select is(tests.call_begin('owner', 'a') ->> 'bot_id', tests.key('default bot')::text,
  'the default bot comes before the last updated');
update public.user_settings set default_bot_id = tests.key('friend''s bot');
select is(tests.call_begin('owner', 'b') ->> 'bot_id', tests.key('newest bot')::text,
  'a default that the user may not use any more is passed over');
select tests.given_share('friend''s bot', 'owner');
select is(
  tests.call_begin('owner', 'c') ->> 'bot_id', tests.key('friend''s bot')::text, 'a shared bot may be the default');
delete from public.bots where id = tests.key('friend''s bot');
select is(tests.call_begin('owner', 'd', max_concurrent => 9) ->> 'bot_id', tests.key('newest bot')::text,
  'a default that was deleted is passed over');

select * from finish(); rollback;
