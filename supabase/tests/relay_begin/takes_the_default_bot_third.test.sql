begin;
select plan(4);

select tests.make_user('owner');
select tests.make_user('friend');
select tests.given_bot('default bot', 'owner', now() - interval '1 day');
select tests.given_default_bot('default bot', 'owner');
select tests.given_bot('newest bot', 'owner');
select tests.given_bot('friend''s bot', 'friend');

select is(
  tests.call_begin('owner', 'a') ->> 'bot_id', tests.id('default bot')::text,
  'the default bot comes before the last updated'
);

update public.user_settings set default_bot_id = tests.id('friend''s bot');
select is(
  tests.call_begin('owner', 'b') ->> 'bot_id', tests.id('newest bot')::text,
  'a default that the user may not use any more is passed over'
);
select tests.given_share('friend''s bot', 'owner');
select is(
  tests.call_begin('owner', 'c') ->> 'bot_id', tests.id('friend''s bot')::text, 'a shared bot may be the default'
);
delete from public.bots where id = tests.id('friend''s bot');
select is(
  tests.call_begin('owner', 'd', max_concurrent => 9) ->> 'bot_id', tests.id('newest bot')::text,
  'a default that was deleted is passed over'
);

select * from finish();
rollback;
