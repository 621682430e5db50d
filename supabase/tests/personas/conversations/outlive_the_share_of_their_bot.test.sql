begin;
select plan(4);

select tests.make_user('owner');
select tests.make_user('friend');
select tests.given_bot('bot', 'owner');
select tests.given_share('bot', 'friend');
select tests.given_conversation('tale', 'friend', 'bot');
select tests.given_message('first question', 'tale');
delete from public.bot_shares;

select tests.sign_in_as('friend');
select lives_ok($$ update public.conversations set title = 'new title' $$, 'it can still be renamed');
select lives_ok(
  $$ update public.conversations set active_message_id = tests.id('first question') $$, 'and its leaf be moved'
);
select results_eq(
  $$ select title, active_message_id from public.conversations $$,
  $$ values ('new title', tests.id('first question')) $$, 'the changes are kept'
);
select lives_ok($$ update public.conversations set bot_id = null $$, 'the bot can be let go');

select * from finish();
rollback;
