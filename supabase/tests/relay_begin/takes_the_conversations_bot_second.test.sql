begin;
select plan(4);

select tests.given_tale('owner');
select tests.make_user('friend');
select tests.given_bot('default bot', 'owner', now() + interval '1 day');
select tests.given_default_bot('default bot', 'owner');
select tests.given_bot('friend''s bot', 'friend');
select tests.given_share('friend''s bot', 'owner');
select tests.given_conversation('with a shared bot', 'owner', 'friend''s bot');

select is(
  tests.call_begin('owner', 'a', conversation => 'tale') ->> 'bot_id', tests.id('bot')::text,
  'the conversation''s bot comes before the default and the last updated'
);
select is(
  tests.call_begin('owner', 'b', conversation => 'with a shared bot') ->> 'bot_id', tests.id('friend''s bot')::text,
  'it may be a shared one'
);
delete from public.bot_shares;
select is(
  tests.call_begin('owner', 'c', conversation => 'with a shared bot') ->> 'bot_id', tests.id('default bot')::text,
  'where the share has ended, the next in order answers'
);
delete from public.bots where id = tests.id('bot');
select is(
  tests.call_begin('owner', 'd', conversation => 'tale', max_concurrent => 9) ->> 'bot_id',
  tests.id('default bot')::text, 'where it was deleted, too'
);

select * from finish();
rollback;
