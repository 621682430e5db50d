begin;
select plan(6);

select tests.make_user('owner');
select tests.make_user('friend');
select tests.make_user('other friend');
select tests.given_bot('bot', 'owner');
select tests.given_share('bot', 'friend');
select tests.given_share('bot', 'other friend');

select tests.sign_in_as('friend');
select results_eq(
  $$ select user_id from public.bot_shares $$, $$ values (tests.id('friend')) $$, 'the own share is seen, no other'
);
select throws_ok(
  $$ insert into public.bot_shares (bot_id, user_id) values (tests.id('bot'), tests.id('owner')) $$, '42501',
  'new row violates row-level security policy for table "bot_shares"', 'the bot is not shared on'
);
select throws_ok(
  $$ update public.bot_shares set user_id = tests.id('friend') $$, '42501', 'permission denied for table bot_shares',
  'a share is not changed'
);
select lives_ok($$ delete from public.bot_shares $$, 'the share is given back');
select is_empty('select id from public.bots', 'with it goes the bot');
select tests.sign_out();
select is(array_agg(user_id), array[tests.id('other friend')], 'the other one stays') from public.bot_shares;

select * from finish();
rollback;
