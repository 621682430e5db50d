begin;
select plan(4);

select tests.given_tale('owner');
select tests.make_user('friend');
select tests.given_bot('default bot', 'owner');
select tests.given_default_bot('default bot', 'owner');
select tests.given_bot('explicit bot', 'owner', now() - interval '1 day');
select tests.given_bot('friend''s bot', 'friend');
select tests.given_share('friend''s bot', 'owner');

select is(
  tests.call_begin('owner', 'a', conversation => 'tale', bot => 'explicit bot') ->> 'bot_id',
  tests.id('explicit bot')::text, 'the explicit bot comes before the conversation''s, the default and the last updated'
);
select is(bot_id, tests.id('bot'), 'the conversation keeps its own') from public.conversations
where id = tests.id('tale');

create temp table shared as select tests.call_begin('owner', 'b', bot => 'friend''s bot') as answer;
select is(answer ->> 'bot_id', tests.id('friend''s bot')::text, 'a shared bot is as good as an own one') from shared;
select is(answer ->> 'access_key', 'key of friend''s bot', 'the worker gets its key') from shared;

select * from finish();
rollback;
